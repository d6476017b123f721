"""The spaCy pipeline: language, segments, mentions, danger, concerns.

spaCy brings configuration, batches and the model folder; the one trainable component is our own, for at a few dozen
examples a concern it is 20 to 40 points better than the text categorisers that spaCy has.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
import spacy
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from classify import danger_model, features, head
from classify.danger_model import Detector
from classify.decision import FURTHER, RANKED, Calibration, decide
from classify.encoder import Encoder, load_encoder
from classify.head import Head, Settings
from classify.linear import Matrix
from classify.rules_only import ALARM_CONFIDENCE, found_by_rules, is_alarm
from classify.segments import text_for_concerns
from models.classification import Classification, Evidence, ModelVersion, Query, Score, Taxonomy
from models.config import Numbers

SHIPPED = Path(__file__).with_name("model")

FACTORY = "concerns"
BATCH = 64
LEXICAL = "lexical"
"""Folder of the head that is always there."""
SEMANTIC = "semantic"
"""Folder of the head that reads the vectors of a sentence encoder, too."""

DANGER = "danger"
"""Folder of the detector of danger."""

# Neither the vocabulary nor the tokenizer is changed by training; what spaCy brings is used.
NOT_SAVED = ("vocab", "tokenizer")

_SETTINGS = "settings.json"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the component says of one text."""

    scores: Matrix
    """Log-odds of each label."""
    labels: tuple[str, ...]
    calibration: Calibration
    evidence: tuple[Evidence, ...]


if not Doc.has_extension("judgement"):
    Doc.set_extension("judgement", default=None)


@Language.factory(
    FACTORY,
    assigns=["doc.cats", "doc._.judgement"],
    default_config={"training": asdict(Settings())},
)
def make_concerns(nlp: Language, name: str, training: dict[str, Any]) -> "Concerns":
    """Build the component, as config.cfg says.

    Args:
        nlp: the pipeline it becomes part of.
        name: of the component in it.
        training: the fields of ``head.Settings``.
    """
    return Concerns(nlp.vocab, name, Settings(**training))


class Concerns(Pipe):
    """Writes the concerns of each text into ``doc.cats`` and the whole judgement into ``doc._.judgement``."""

    def __init__(self, vocab: Vocab, name: str, settings: Settings) -> None:
        self.vocab = vocab
        self.name = name
        self.settings = settings
        self.encode: Encoder | None = None
        self.calibrations: dict[str, Calibration] = {}
        self.trained_as = ModelVersion("", "", "")
        self.detector: Detector | None = None
        self._labels: tuple[str, ...] = ()
        self._shown: tuple[str, ...] = ()
        self._columns: tuple[tuple[int, ...], ...] = ()
        self._heads: dict[str, Head] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        """Keys of the concerns that were trained."""
        return self._labels

    @property
    def active(self) -> str:
        """The head that judges: the lexical one takes over where the encoder of the other is missing."""
        return SEMANTIC if SEMANTIC in self._heads and self.encode is not None else LEXICAL

    @property
    def version(self) -> ModelVersion:
        """The model, named after the head that judges."""
        name = LEXICAL if self.active == LEXICAL else f"{LEXICAL}+{self.settings.encoder}"
        return replace(self.trained_as, name=name)

    def follow(self, taxonomy: Taxonomy) -> None:
        """Speak the keys of a house that renamed, merged or removed concerns, without being trained anew.

        Raises:
            ValueError: if the house has none of the concerns that were trained.
        """
        columns: dict[str, list[int]] = {}
        for column, label in enumerate(self._labels):
            key = taxonomy.aliases.get(label, label)
            # Danger is decided by the rules and the detector, never by a guess among the concerns.
            if key in taxonomy.concerns and key != taxonomy.danger:
                columns.setdefault(key, []).append(column)
        if not columns:
            raise ValueError("it knows none of the concerns of the taxonomy; 'posteingang train' makes one that does")
        self._shown = tuple(columns)
        self._columns = tuple(map(tuple, columns.values()))

    def __call__(self, doc: Doc) -> Doc:
        """Judge one text."""
        self._judge([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = BATCH) -> Iterator[Doc]:
        """Judge texts in batches."""
        waiting = iter(stream)
        while docs := list(islice(waiting, batch_size)):
            self._judge(docs)
            yield from docs

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,  # noqa: ARG002 - spaCy passes it.
        labels: Iterable[str] | None = None,
    ) -> None:
        """Train on the examples: ``cats`` of each reference say how far each concern is meant, 0 to 1."""
        examples = list(get_examples())
        found = {label for example in examples for label in example.reference.cats}
        self._labels = tuple(sorted(found if labels is None else set(labels)))
        targets = np.array(
            [[example.reference.cats.get(label, 0.0) for label in self._labels] for example in examples], np.float32
        ).reshape(len(examples), len(self._labels))
        texts = [example.reference.text for example in examples]
        counted = [features.counts(text, self.settings.bits) for text in texts]
        self._heads = {LEXICAL: head.fit(counted, targets, self.settings)}
        self.encode = self.encode or load_encoder(self.settings.encoder)
        if self.encode is not None:
            self._heads[SEMANTIC] = head.fit(counted, targets, self.settings, vectors=self.encode(texts))
        self._show_all()

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:  # noqa: ARG002 - spaCy passes it.
        """Write labels, calibration and one folder per head."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "labels": list(self._labels),
            "version": asdict(self.trained_as),
            "calibration": {name: asdict(calibration) for name, calibration in self.calibrations.items()},
        }
        (folder / _SETTINGS).write_text(json.dumps(settings, indent=1) + "\n", "utf-8")
        for name, fitted in self._heads.items():
            fitted.save(folder / name)
        if self.detector is not None:
            self.detector.save(folder / DANGER)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:  # noqa: ARG002 - spaCy passes it.
        """Read back what ``to_disk`` wrote.

        Raises:
            OSError: if something of the lexical head is missing.
            ValueError: if something of it is damaged.
        """
        folder = Path(path)
        settings = json.loads((folder / _SETTINGS).read_text("utf-8"))
        self._labels = tuple(settings["labels"])
        self.trained_as = ModelVersion(**settings["version"])
        self.calibrations = {name: Calibration(**values) for name, values in settings["calibration"].items()}
        self._heads = {LEXICAL: self._loaded(folder / LEXICAL)}
        self._load_semantic(folder / SEMANTIC)
        self._load_detector(folder / DANGER)
        self._show_all()
        return self

    def _load_semantic(self, folder: Path) -> None:
        if not folder.is_dir() or (encode := load_encoder(self.settings.encoder)) is None:
            return
        try:
            self._heads[SEMANTIC] = self._loaded(folder)
        except (OSError, ValueError) as error:
            _log.warning("The semantic head cannot be used, the lexical one takes over: %s", error)
            return
        self.encode = encode

    def _load_detector(self, folder: Path) -> None:
        self.detector = None
        try:
            self.detector = danger_model.load(folder, self.encode)
        except (OSError, ValueError) as error:
            _log.warning("The model of danger cannot be used, the rules go on alone: %s", error)

    def _loaded(self, folder: Path) -> Head:
        loaded = head.load(folder)
        if loaded.linear.weights.shape[1:] != (len(self._labels),):
            raise ValueError(f"{folder}: the weights are not those of the {len(self._labels)} concerns listed")
        return loaded

    def _show_all(self) -> None:
        self._shown = self._labels
        self._columns = tuple((column,) for column in range(len(self._labels)))

    def _judge(self, docs: list[Doc]) -> None:
        texts = [doc.text for doc in docs]
        vectors = self.encode(texts) if self.encode is not None and self.active == SEMANTIC else None
        scores = self._heads[self.active].scores(texts, vectors)
        calibration = self.calibrations.get(self.active, Calibration())
        # A merged concern is as likely as the likelier of its parts.
        shown = np.stack([scores[:, columns].max(axis=1) for columns in map(list, self._columns)], axis=1)
        for doc, text, row, raw in zip(docs, texts, shown, scores, strict=True):
            likely = calibration.label_probabilities(row[None, :])[0]
            doc.cats = {label: float(each) for label, each in zip(self._shown, likely, strict=True)}
            parts = list(self._columns[int(row.argmax())])
            evidence = self._heads[self.active].evidence(text, parts[int(raw[parts].argmax())])
            doc._.judgement = Judgement(row, self._shown, calibration, evidence)


class Classifier:
    """Everything that is found in a message without looking at any other."""

    def __init__(self, nlp: Language | None, *, taxonomy: Taxonomy, numbers: Numbers) -> None:
        """Put a pipeline to work.

        Args:
            nlp: as ``load`` reads it; None to go on with the rules alone.
            taxonomy: the house's concerns.
            numbers: forms of the house's own numbers.
        """
        self._nlp = nlp
        self._taxonomy = taxonomy
        self._numbers = numbers

    @property
    def version(self) -> ModelVersion | None:
        """The model at work; None where only the rules are."""
        return _component(self._nlp).version if self._nlp is not None else None

    def classify(self, queries: Iterable[Query]) -> Iterator[Classification]:
        """Classify messages, in their order, in batches."""
        if self._nlp is None:
            for query in queries:
                yield self._by_rules(query)
            return
        texts = ((text_for_concerns(query.subject, query.body), query) for query in queries)
        version = self.version
        detector = _component(self._nlp).detector
        for doc, query in self._nlp.pipe(texts, as_tuples=True, batch_size=BATCH):
            found = self._by_rules(query, detector)
            yield _with_model(found, doc._.judgement, version, _danger(found, self._taxonomy, detector))

    def _by_rules(self, query: Query, detector: Detector | None = None) -> Classification:
        known = partial(found_by_rules, query, taxonomy=self._taxonomy, numbers=self._numbers)
        if detector is None:
            return known()
        return known(judge=detector.judge, alarm_confidence=detector.limits.alarm_share)


def load(model: Path | None, taxonomy: Taxonomy, numbers: Numbers) -> Classifier:
    """Load a model; one that is missing or broken leaves danger and mentions working, and a warning in the log.

    Args:
        model: its folder; None for the shipped one.
        taxonomy: the house's concerns.
        numbers: forms of the house's own numbers.
    """
    folder = model or SHIPPED
    try:
        nlp = spacy.util.load_model_from_path(folder, exclude=NOT_SAVED)
        _component(nlp).follow(taxonomy)
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.warning("The model in %s cannot be used; only danger and mentions are looked for: %s", folder, error)
        nlp = None
    return Classifier(nlp, taxonomy=taxonomy, numbers=numbers)


def blank_pipeline(settings: Settings) -> tuple[Language, Concerns]:
    """An untrained pipeline and the component in it."""
    nlp = spacy.blank("de")
    nlp.add_pipe(FACTORY, config={"training": asdict(settings)})
    return nlp, _component(nlp)


def _component(nlp: Language) -> Concerns:
    component = nlp.get_pipe(FACTORY)
    if not isinstance(component, Concerns):
        raise TypeError(f"The component '{FACTORY}' of the model is not ours")
    return component


def _danger(found: Classification, taxonomy: Taxonomy, detector: Detector | None) -> Score:
    """How likely danger is the primary concern."""
    if detector is not None:
        return Score(taxonomy.danger, detector.share(found.danger))
    return Score(taxonomy.danger, ALARM_CONFIDENCE if is_alarm(found.danger) else 0.0)


def _with_model(
    found: Classification, judgement: Judgement, version: ModelVersion | None, danger: Score
) -> Classification:
    """Add what the model says to what the rules found; an alarm stays first, a check is somewhere in the ranking."""
    decision = decide(judgement.scores, judgement.labels, judgement.calibration, elsewhere=danger.confidence)
    ranking = decision.ranking
    if is_alarm(found.danger):
        ranking = (danger, *ranking)[:RANKED]
        further = decision.concerns[:FURTHER]
        return replace(found, concerns=found.concerns + further, ranking=ranking, model=version)
    if danger.confidence:
        ranking = tuple(sorted((danger, *ranking), key=lambda score: -score.confidence))[:RANKED]
    return replace(
        found,
        primary=decision.primary,
        concerns=decision.concerns,
        ranking=ranking,
        decided=decision.decided,
        evidence=judgement.evidence,
        model=version,
    )
