"""Training: from corpus files to a model folder. The same corpus and settings give the same model."""

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from classify.corpus_file import CorpusError, Written, corpus_hash, read_corpus
from classify.danger_folds import CLEAN, danger_sample, detector_of, judged_out_of_fold, learned_limits, shares
from classify.decision import Calibration, calibrate
from classify.encoder import Encoder, load_encoder, remembering
from classify.folds import TAXONOMY, Sample, by_writer, out_of_fold, sample, scores_of
from classify.head import DEFAULT, Settings
from classify.linear import Matrix
from classify.pipeline import FACTORY, LEXICAL, NOT_SAVED, SEMANTIC, Concerns, blank_pipeline
from models.classification import ModelVersion, Taxonomy

ENTRY_VERSION = ">=3.8,<4"
"""The spaCy versions that read the model: its folder uses nothing that changed within them."""

_log = logging.getLogger(__name__)

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What was trained."""

    version: ModelVersion
    messages: int
    writers: int
    concerns: int
    calibrations: Mapping[str, Calibration]
    """Of each head: the lexical one and, where the encoder is installed, the semantic one."""
    size: int
    """Of the model folder in bytes."""
    seconds: float


def train(
    corpus: Sequence[Path],
    taxonomy: Taxonomy,
    out: Path,
    *,
    examples: Sequence[tuple[str, str]] = (),
    settings: Settings = DEFAULT,
    progress: Progress | None = None,
) -> TrainingReport:
    """Train a model and put it into a folder, in the place of what was there.

    Args:
        corpus: JSON lines files, see ``classify.corpus_file``.
        taxonomy: the house's concerns.
        out: the model folder; what it holds stays usable until the new model is complete.
        examples: concern and text of the taxonomy's own examples.
        settings: how to train.
        progress: told what is being done; the log if not given.

    Raises:
        CorpusError: if a file is not as it should be, or there is too little to learn from.
    """
    began = time.monotonic()
    messages = training_messages(corpus, taxonomy, examples)
    encode = load_encoder(settings.encoder)
    encode = remembering(encode) if encode is not None else None
    prepared = sample(messages, settings, danger=taxonomy.danger, encoder=encode)
    tell = progress or _log.info
    tell("looking for danger in writers left out")
    dangers = danger_sample(messages, taxonomy.danger)
    judged = judged_out_of_fold(dangers, by_writer(messages), encode, copies=(CLEAN,))
    limits = [
        learned_limits(dangers, each, ~prepared.ordinary, sorted(each.opinions)) if each is not None else None
        for each in judged
    ]
    elsewhere = {
        name: shares(each.dangers(dangers, [limit] * len(messages)), [limit] * len(messages))
        for name, each, limit in zip((LEXICAL, SEMANTIC), judged, limits, strict=True)
        if each is not None
    }
    heads = (LEXICAL, SEMANTIC) if encode is not None else (LEXICAL,)
    calibrations = {name: _calibration(prepared, elsewhere[name], settings, tell, head=name) for name in heads}
    digest = corpus_hash(messages)
    version = ModelVersion(FACTORY, _version(digest, settings), digest)
    tell(f"training on {len(messages)} messages")
    nlp, component = _trained(prepared, settings, encode)
    component.calibrations = calibrations
    component.trained_as = version
    component.detector = detector_of(dangers, limits[0], limits[1], encode)
    _save(nlp, version, out)
    return TrainingReport(
        version=component.version,
        messages=len(messages),
        writers=len({message.writer for message in messages} - {TAXONOMY}),
        concerns=len(prepared.labels),
        calibrations=calibrations,
        size=sum(file.stat().st_size for file in out.rglob("*") if file.is_file()),
        seconds=time.monotonic() - began,
    )


def training_messages(
    corpus: Sequence[Path], taxonomy: Taxonomy, examples: Sequence[tuple[str, str]]
) -> tuple[Written, ...]:
    """The messages of the corpus and, as a writer of its own, the taxonomy's examples.

    Raises:
        CorpusError: as ``read_corpus``, and if fewer than two concerns have a message.
    """
    written = tuple(
        Written(f"{TAXONOMY}-{number}", TAXONOMY, "", "email", "de", "", text, concern, (concern,))
        for number, (concern, text) in enumerate(examples)
    )
    messages = read_corpus(corpus, taxonomy) + written
    if len({message.primary for message in messages}) < 2:
        raise CorpusError("There is nothing to learn: messages of at least two concerns are needed.")
    return messages


def _calibration(prepared: Sample, elsewhere: Matrix, settings: Settings, tell: Progress, *, head: str) -> Calibration:
    """Learn from models that had not seen the writer; without any writer nothing is ever decided."""
    folds = by_writer(prepared.messages)
    scores: Matrix = np.zeros(prepared.truth.shape, np.float32)
    measured = np.zeros(len(scores), np.bool_)
    for inside, fitted in out_of_fold(prepared, folds, settings, meaning=head == SEMANTIC):
        tell(f"calibrating the {head} head on {len(inside)} messages of writers left out")
        scores[inside] = scores_of(fitted, prepared, inside)
        measured[inside] = True
    # An alarm is decided whatever the concerns' model says.
    measured &= elsewhere < 1
    if not measured.any():
        return Calibration()
    return calibrate(scores[measured], prepared.primary[measured], prepared.truth[measured], elsewhere[measured])


def _version(digest: str, settings: Settings) -> str:
    """Twelve digits that change with the corpus or the settings."""
    return hashlib.sha256(f"{digest} {json.dumps(asdict(settings), sort_keys=True)}".encode()).hexdigest()[:12]


def _trained(prepared: Sample, settings: Settings, encode: Encoder | None) -> tuple[Language, Concerns]:
    nlp, component = blank_pipeline(settings)
    component.encode = encode
    examples = [
        _example(nlp.make_doc(text), dict(zip(prepared.labels, targets.tolist(), strict=True)))
        for texts in (prepared.texts, prepared.spoilt)
        for text, targets, ordinary in zip(texts, prepared.targets, prepared.ordinary, strict=True)
        if ordinary
    ]
    nlp.initialize(lambda: examples)
    return nlp, component


def _example(doc: Doc, cats: dict[str, float]) -> Example:
    return Example.from_dict(doc, {"cats": cats})


def _save(nlp: Language, version: ModelVersion, out: Path) -> None:
    nlp.meta.update({"name": version.name, "version": version.version, "spacy_version": ENTRY_VERSION})
    fresh = out.with_name(f"{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    nlp.to_disk(fresh, exclude=NOT_SAVED)
    old = out.with_name(f"{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)
