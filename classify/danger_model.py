"""Danger found by a model that reads passage by passage: an emergency stands in one sentence of a long mail.

It stands beside the rules, never before them: either is enough for a person to look, and where the model is missing the
rules go on alone. What the rules see in a passage is told to the model, so it need not learn what gas is in six
languages.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np

from classify import features, head
from classify.danger import PASSAGE_LENGTH, WINDOW, concepts_of, find_danger, sentences, shortened
from classify.features import Row
from classify.head import Head, Settings
from classify.linear import Matrix
from models.catalogue import marked
from models.classification import Danger, DangerLevel

SUSPECTED = marked("It reads like an emergency, though none of the telling words stands in it.")
DOUBTED = marked("It may be past, a question or a figure of speech.")

SETTINGS = Settings(bits=18, epochs=3, encoder="")

NEIGHBOURS = 2
"""Sentences that are read together."""
FIRST, LAST = 200, 100
"""Passages that the model reads of an endless text; the rules read more."""
ENOUGH = 20
"""Fewer messages of an emergency teach nothing; the rules go on alone."""

CHECK, ALARM = 0, 1
"""Columns of the scores: that somebody should look, and that it burns."""

_LIMITS = "limits.json"
_PAIR_VALUE = 0.7
_POSITIVE_COPIES = 3
"""How much more a missed emergency costs than a passage looked at in vain."""
_ROUNDS = 2
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
class Detector:
    """A trained model with its limits."""

    head: Head
    limits: Limits = field(default_factory=Limits)

    def judge(self, subject: str, body: str) -> Danger | None:
        """What rules and model say together; None if there is no danger."""
        return combined(find_danger(subject, body), self.opinion(subject, body), self.limits)

    def opinion(self, subject: str, body: str) -> Opinion:
        """What the model alone says."""
        passages = passages_of(subject, body)
        scores = self.head.scores_of_counts([row_of(passage, self.head.weighting.bits) for passage in passages])
        check, alarm = strongest(scores)
        return Opinion(check, alarm, passages[int(scores[:, CHECK].argmax())])

    def share(self, danger: Danger | None) -> float:
        """How likely the danger is the primary concern."""
        if danger is None:
            return 0.0
        return self.limits.alarm_share if danger.level is DangerLevel.alarm else self.limits.check_share

    def save(self, folder: Path) -> None:
        """Write model and limits into ``folder``."""
        self.head.save(folder)
        (folder / _LIMITS).write_text(json.dumps(asdict(self.limits), indent=1) + "\n", "utf-8")


def load(folder: Path) -> Detector:
    """Read a detector back.

    Raises:
        OSError: if it is not there.
        ValueError: if it is damaged.
    """
    try:
        limits = Limits(**json.loads((folder / _LIMITS).read_text("utf-8")))
    except TypeError as error:
        raise ValueError(f"{folder / _LIMITS}: {error}") from error
    return Detector(head.load(folder), limits)


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
    return Danger(DangerLevel.alarm, found.reason, found.passage) if sure else found


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


def strongest(scores: Matrix) -> tuple[float, float]:
    """The best score for looking and the best for an alarm, of whatever passages."""
    return float(scores[:, CHECK].max()), float(scores[:, ALARM].max())


@dataclass(frozen=True, slots=True)
class Passages:
    """A message in passages, as the training takes it."""

    level: DangerLevel | None
    """What is right."""
    clean: tuple[Row, ...]
    noisy: tuple[Row, ...]
    """Of a copy as a bad scan leaves it; not passage by passage the same."""
    ruled: tuple[int, ...]
    """Numbers of the passages in which the rules find something."""


def fit(messages: Sequence[Passages], settings: Settings = SETTINGS) -> Head:
    """Fit a model to messages of which nobody says where the emergency stands.

    First the passages that the rules mark are taken for it, or all where they mark none; then those that this first
    model finds strongest.
    """
    chosen = {
        number: message.ruled or tuple(range(len(message.clean)))
        for number, message in enumerate(messages)
        if message.level is not None
    }
    fitted = _fitted(messages, chosen, settings)
    for _ in range(_ROUNDS - 1):
        chosen = {number: _strongest_passages(fitted, messages[number]) for number in chosen}
        fitted = _fitted(messages, chosen, settings)
    return fitted


def _fitted(messages: Sequence[Passages], chosen: dict[int, tuple[int, ...]], settings: Settings) -> Head:
    rows: list[Row] = []
    targets: list[tuple[float, float]] = []
    for number, message in enumerate(messages):
        if message.level is None:
            # Clean and noisy ones in turn: all of both would only take longer.
            pairs = enumerate(zip(message.clean, message.noisy, strict=False))
            taken = [pair[(number + place) % 2] for place, pair in pairs]
            rows.extend(taken)
            targets.extend([(0.0, 0.0)] * len(taken))
        else:
            sides = (message.clean, message.noisy)
            copies = [side[place] for place in chosen[number] for side in sides if place < len(side)]
            rows.extend(copies * _POSITIVE_COPIES)
            right = (1.0, float(message.level is DangerLevel.alarm))
            targets.extend([right] * (len(copies) * _POSITIVE_COPIES))
    return head.fit(rows, np.array(targets, np.float32), settings)


def _strongest_passages(fitted: Head, message: Passages) -> tuple[int, ...]:
    column = ALARM if message.level is DangerLevel.alarm else CHECK
    scores = fitted.scores_of_counts(message.clean)[:, column]
    order = np.argsort(-scores, kind="stable")[:_MOST]
    return tuple(int(place) for place in order if scores[place] >= scores[order[0]] - _CLOSE)
