"""Danger found by a model that reads passage by passage: an emergency stands in one sentence of a long mail.

It stands beside the rules, never before them: either is enough for a person to look, and where the model is missing the
rules go on alone. What the rules see in a passage is told to the model, so it need not learn what gas is in six
languages.
"""

import json
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from classify import features, head
from classify.danger import (
    DOUBTED,
    HEADING,
    PASSAGE_LENGTH,
    SUSPECTED,
    WINDOW,
    concepts_of,
    find_danger,
    sentences,
    shortened,
)
from classify.encoder import Encoder
from classify.features import Row
from classify.head import Head, Settings
from classify.linear import Matrix
from models.classification import Danger, DangerLevel

SETTINGS = Settings(bits=18, epochs=3, meaning=0.7)

NEIGHBOURS = 2
"""Sentences that are read together."""
FIRST, LAST = 200, 100
"""Passages that the model reads of an endless text; the rules read more."""
ENOUGH = 20
"""Fewer messages of an emergency teach nothing; the rules go on alone."""

CHECK, ALARM = 0, 1
"""Columns of the scores: that somebody should look, and that it burns."""

SUSPICIOUS = 4
"""Passages of a message that are read by meaning, which costs ten times as much as by words."""

_LEXICAL, _SEMANTIC = "lexical", "semantic"
_LIMITS = "limits.json"
_PAIR_VALUE = 0.7
_POSITIVE_COPIES = 3
"""How much more a missed emergency costs than a passage looked at in vain."""
_CLOSE = 1.5
_MOST = 3
"""Passages of a message that may be taken for its emergency, if they score close to the best."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From which scores on the model is heard, and what became of messages it was measured on."""

    check_from: float = 0.0
    """A score for looking that is enough without the rules."""
    alarm_from: float = 0.0
    """A score for an alarm that is enough without the rules."""
    confirm_from: float = 0.0
    """A score from which on the check of the rules is an alarm."""
    doubt_below: float = 0.0
    """The alarm of the rules is a check if the model scores lower."""
    alarm_share: float = 0.95
    """Share of the alarms whose primary concern was the danger."""
    check_share: float = 0.3
    """Share of the checks whose primary concern was the danger all the same."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the model says of one message."""

    check: float
    alarm: float
    """Log-odds, each of the passage that speaks most for it."""
    passage: str
    """That speaks most for looking."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model with the limits that were measured for it."""

    head: Head
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Detector:
    """Reads every passage by its words and, where a sentence encoder is there, the most suspicious ones by meaning."""

    lexical: Trained
    semantic: Trained | None = None
    encode: Encoder | None = None

    @property
    def limits(self) -> Limits:
        """Those of the model that judges."""
        return self.lexical.limits if self.semantic is None or self.encode is None else self.semantic.limits

    def judge(self, subject: str, body: str) -> Danger | None:
        """What rules and model say together; None if there is no danger."""
        found = find_danger(subject, body)
        # A bare cry holds nothing that could be a reason to doubt it.
        cry = len(subject.split()) + len(body[:1000].split()) <= HEADING
        limits = replace(self.limits, doubt_below=-math.inf) if cry else self.limits
        return combined(found, self.opinion(subject, body), limits)

    def opinion(self, subject: str, body: str) -> Opinion:
        """What the model alone says."""
        texts = passages_of(subject, body)
        rows = [row_of(text, self.lexical.head.weighting.bits) for text in texts]
        semantic = self.semantic.head if self.semantic is not None else None
        by_words, by_meaning = opinions(texts, rows, self.lexical.head, semantic, self.encode)
        return by_meaning or by_words

    def share(self, danger: Danger | None) -> float:
        """How likely the danger is the primary concern."""
        if danger is None:
            return 0.0
        return self.limits.alarm_share if danger.level is DangerLevel.alarm else self.limits.check_share

    def save(self, folder: Path) -> None:
        """Write models and limits into ``folder``."""
        for name, trained in ((_LEXICAL, self.lexical), (_SEMANTIC, self.semantic)):
            if trained is not None:
                trained.head.save(folder / name)
                content = json.dumps(asdict(trained.limits), indent=1) + "\n"
                (folder / name / _LIMITS).write_text(content, "utf-8")


def load(folder: Path, encode: Encoder | None = None) -> Detector:
    """Read a detector back.

    Args:
        folder: as it was saved to.
        encode: the encoder it was trained with; None to judge by words alone.

    Raises:
        OSError: if it is not there.
        ValueError: if it is damaged.
    """
    semantic = encode is not None and (folder / _SEMANTIC).is_dir()
    return Detector(_loaded(folder / _LEXICAL), _loaded(folder / _SEMANTIC) if semantic else None, encode)


def _loaded(folder: Path) -> Trained:
    try:
        limits = Limits(**json.loads((folder / _LIMITS).read_text("utf-8")))
    except TypeError as error:
        raise ValueError(f"{folder / _LIMITS}: {error}") from error
    return Trained(head.load(folder), limits)


def opinions(
    texts: Sequence[str], rows: Sequence[Row], lexical: Head, semantic: Head | None, encode: Encoder | None
) -> tuple[Opinion, Opinion | None]:
    """What both models say of a message; the second reads only what the first finds most suspicious.

    Args:
        texts: the passages of the message.
        rows: of the same.
        lexical: the model of words.
        semantic: the model of words and meaning; None for no second opinion.
        encode: the encoder of that.
    """
    scores = lexical.scores_of_counts(rows)
    first = _opinion(texts, scores)
    if semantic is None or encode is None:
        return first, None
    places = np.argsort(-scores[:, CHECK], kind="stable")[:SUSPICIOUS].tolist()
    chosen = [texts[place] for place in places]
    return first, _opinion(chosen, semantic.scores_of_counts([rows[place] for place in places], encode(chosen)))


def _opinion(texts: Sequence[str], scores: Matrix) -> Opinion:
    check, alarm = scores.max(axis=0).tolist()
    return Opinion(check, alarm, texts[int(scores[:, CHECK].argmax())])


def combined(found: Danger | None, opinion: Opinion, limits: Limits) -> Danger | None:
    """What rules and model say together: either makes a check, for an alarm the other must not doubt it.

    Args:
        found: by the rules.
        opinion: of the model.
        limits: of the model.
    """
    sure = opinion.alarm >= limits.alarm_from
    if found is None:
        if not sure and opinion.check < limits.check_from:
            return None
        level = DangerLevel.alarm if sure else DangerLevel.check
        return Danger(level, SUSPECTED, opinion.passage[:PASSAGE_LENGTH])
    if found.level is DangerLevel.alarm:
        if opinion.alarm >= limits.doubt_below:
            return found
        return Danger(DangerLevel.check, f"{found.reason} {DOUBTED}", found.passage)
    return replace(found, level=DangerLevel.alarm) if sure or opinion.alarm >= limits.confirm_from else found


def passages_of(subject: str, body: str) -> tuple[str, ...]:
    """The subject and every two neighbouring sentences; at least one passage, if an empty one."""
    pieces = [piece for sentence in sentences(shortened(body)) for piece in _pieces(sentence)]
    if len(pieces) > FIRST + LAST:
        pieces = pieces[:FIRST] + pieces[-LAST:]
    numbers = range(max(1, len(pieces) - NEIGHBOURS + 1))
    found = [subject.strip()[:1000], *(" ".join(pieces[start : start + NEIGHBOURS]) for start in numbers)]
    return tuple(passage for passage in found if passage) or ("",)


def _pieces(sentence: str) -> Iterator[str]:
    """A sentence, or overlapping windows of one without end."""
    words = sentence.split()
    for start in range(0, max(len(words) - WINDOW // 2, 1), WINDOW // 2):
        yield " ".join(words[start : start + WINDOW])


def row_of(passage: str, bits: int) -> Row:
    """The n-grams of a passage and, as features of their own, the concepts the rules see in it, alone and in pairs."""
    buckets, values = features.counts(passage, bits)
    concepts = concepts_of(passage)
    if not concepts:
        return buckets, values
    pairs = [f"\x01{first}\x02{second}" for first, second in combinations(concepts, 2)]
    seen = [f"\x01{concept}" for concept in concepts] + pairs
    behind = np.array([zlib.crc32(each.encode()) & ((1 << bits) - 1) for each in seen], np.int32)
    worth = np.array([1.0] * len(concepts) + [_PAIR_VALUE] * len(pairs), np.float32)
    every, places = np.unique(np.concatenate([buckets, behind]), return_inverse=True)
    sums = np.bincount(places, weights=np.concatenate([values, worth]), minlength=len(every))
    return every.astype(np.int32), sums.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Passages:
    """A message in passages, as the training takes it."""

    level: DangerLevel | None
    """What is right."""
    texts: tuple[str, ...]
    noisy_texts: tuple[str, ...]
    """Of a copy as a bad scan leaves it; not passage by passage the same."""
    rows: tuple[Row, ...]
    noisy_rows: tuple[Row, ...]
    ruled: tuple[int, ...]
    """Numbers of the passages in which the rules find something."""


def fit(
    messages: Sequence[Passages], encode: Encoder | None, settings: Settings = SETTINGS
) -> tuple[Head, Head | None]:
    """Fit both models to messages of which nobody says where the emergency stands.

    First the passages that the rules mark are taken for it, or all where they mark none; then those that this first
    model finds strongest.

    Returns:
        The model of words and, with an encoder, that of words and meaning.
    """
    dangerous = [number for number, message in enumerate(messages) if message.level is not None]
    chosen = {number: messages[number].ruled or tuple(range(len(messages[number].rows))) for number in dangerous}
    fitted = _fitted(messages, chosen, settings, None)
    chosen = {number: _strongest_passages(fitted, messages[number]) for number in dangerous}
    fitted = _fitted(messages, chosen, settings, None)
    return fitted, _fitted(messages, chosen, settings, encode) if encode is not None else None


def _fitted(
    messages: Sequence[Passages], chosen: Mapping[int, Sequence[int]], settings: Settings, encode: Encoder | None
) -> Head:
    texts: list[str] = []
    rows: list[Row] = []
    targets: list[tuple[float, float]] = []
    for number, message in enumerate(messages):
        right = (float(message.level is not None), float(message.level is DangerLevel.alarm))
        taken = list(_copies(message, number, chosen.get(number)))
        texts.extend(text for text, _ in taken)
        rows.extend(row for _, row in taken)
        targets.extend([right] * len(taken))
    vectors = encode(texts) if encode is not None else None
    return head.fit(rows, np.array(targets, np.float32), settings, vectors=vectors)


def _copies(message: Passages, number: int, chosen: Sequence[int] | None) -> Iterator[tuple[str, Row]]:
    """What is trained with of one message: its passages, some of them as a bad scan leaves them.

    A noisy row stands beside the text it was made of: what is meant does not change with the errors.
    """
    aligned = len(message.rows) == len(message.noisy_rows)
    if chosen is None:
        # Clean and noisy ones in turn: all of both would only take longer.
        for place, text in enumerate(message.texts):
            noisy = aligned and (number + place) % 2
            yield text, (message.noisy_rows if noisy else message.rows)[place]
        return
    for place in chosen:
        for _ in range(_POSITIVE_COPIES):
            yield message.texts[place], message.rows[place]
            if aligned:
                yield message.texts[place], message.noisy_rows[place]


def _strongest_passages(fitted: Head, message: Passages) -> tuple[int, ...]:
    column = ALARM if message.level is DangerLevel.alarm else CHECK
    scores = fitted.scores_of_counts(message.rows)[:, column]
    order = np.argsort(-scores, kind="stable")[:_MOST]
    return tuple(int(place) for place in order if scores[place] >= scores[order[0]] - _CLOSE)
