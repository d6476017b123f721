"""What the danger detector is worth on writers it has not read, and the limits that follow from it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classify import danger_model
from classify.corpus_file import Written
from classify.danger import find_danger
from classify.danger_model import (
    ENOUGH,
    SETTINGS,
    Detector,
    Limits,
    Opinion,
    Passages,
    Trained,
    combined,
    passages_of,
    row_of,
)
from classify.encoder import Encoder
from classify.features import Row
from classify.folds import ALWAYS, NOISE, Folds
from classify.linear import Matrix
from classify.noise import noisy
from models.classification import Danger, DangerLevel

CLEAN, SPOILT = "clean", "spoilt"
LEVELS: tuple[DangerLevel | None, ...] = (DangerLevel.alarm, DangerLevel.check, None)
_NONE = "none"

CHECKED = 0.05
"""Share of other writers' messages without danger that the model alone may have looked at in vain."""
ALARMED = 0.005
"""Share of them that it alone may raise an alarm for."""
CONFIRMED = 0.03
"""Share of them that it may make an alarm of where the rules say check."""
DOUBTED = 0.3
"""Share of them that it may make an alarm of where the rules say alarm."""


@dataclass(frozen=True, slots=True)
class DangerFigures:
    """What one way of looking for danger found, as counts by what is right and what was said.

    Both are ``"alarm"``, ``"check"`` or ``"none"``.
    """

    found: Mapping[str, Mapping[str, int]]

    def share(self, right: str, *said: str) -> float:
        """Share of the messages of which ``right`` is right that got one of the levels said."""
        row = self.found[right]
        return sum(row[each] for each in said) / max(1, sum(row.values()))


@dataclass(frozen=True, slots=True)
class DangerTable:
    """Rules alone, model alone and both, as written and with an OCR engine's errors."""

    ways: Mapping[str, DangerFigures]
    """By ``"rules"``, ``"model"``, ``"both"``, ``"rules, noise"``, ``"model, noise"``, ``"both, noise"``."""
    writers: Mapping[str, DangerFigures]
    """Both together as written, by writer."""


@dataclass(frozen=True)
class DangerSample:
    """A corpus ready for the detector."""

    passages: tuple[Passages, ...]
    by_rules: tuple[Danger | None, ...]
    by_rules_noisy: tuple[Danger | None, ...]

    @property
    def enough(self) -> bool:
        """Whether there are emergencies enough to learn from."""
        return sum(each.level is DangerLevel.alarm for each in self.passages) >= ENOUGH


@dataclass(frozen=True)
class Judgements:
    """What was said of every message, in their order, by detectors that had not read its writer."""

    opinions: dict[int, Opinion]
    opinions_noisy: dict[int, Opinion]

    def of(self, copy: str) -> dict[int, Opinion]:
        """Those of the messages as written, or of their noisy copies."""
        return self.opinions if copy == CLEAN else self.opinions_noisy

    def dangers(self, corpus: DangerSample, limits: Sequence[Limits | None]) -> tuple[Danger | None, ...]:
        """What rules and model say together, with limits for each message."""
        return _together(corpus.by_rules, self.opinions, limits)

    def dangers_noisy(self, corpus: DangerSample, limits: Sequence[Limits | None]) -> tuple[Danger | None, ...]:
        """The same, of the noisy copies."""
        return _together(corpus.by_rules_noisy, self.opinions_noisy, limits)


def danger_sample(messages: Sequence[Written], danger: str) -> DangerSample:
    """Prepare a corpus.

    Args:
        messages: where the level is not marked, the primary concern tells.
        danger: key of the danger's concern.
    """
    spoilt = [(_spoilt(message, message.subject), _spoilt(message, message.body)) for message in messages]
    return DangerSample(
        tuple(_passages(message, *copy, danger) for message, copy in zip(messages, spoilt, strict=True)),
        tuple(find_danger(message.subject, message.body) for message in messages),
        tuple(find_danger(*copy) for copy in spoilt),
    )


def _spoilt(message: Written, text: str) -> str:
    return noisy(text, share=NOISE, seed=f"danger {message.id}")


def _passages(message: Written, noisy_subject: str, noisy_body: str, danger: str) -> Passages:
    level = message.danger or (DangerLevel.alarm if message.primary == danger else None)
    texts, spoilt = passages_of(message.subject, message.body), passages_of(noisy_subject, noisy_body)
    ruled = tuple(number for number, text in enumerate(texts) if level is not None and find_danger("", text))
    return Passages(level, texts, spoilt, _rows(texts), _rows(spoilt), ruled)


def _rows(texts: Sequence[str]) -> tuple[Row, ...]:
    return tuple(row_of(text, SETTINGS.bits) for text in texts)


def judged_out_of_fold(
    corpus: DangerSample, folds: Folds, encode: Encoder | None = None, *, copies: Sequence[str] = (CLEAN, SPOILT)
) -> tuple[Judgements, Judgements | None]:
    """Judge every message by a detector that has not read its fold; empty where there is too little to learn from.

    Args:
        corpus: the messages.
        folds: of each message.
        encode: None for the model of words alone.
        copies: what to judge.

    Returns:
        The judgements of the model of words and, with an encoder, of that of words and meaning.
    """
    by_words = Judgements({}, {})
    by_meaning = Judgements({}, {}) if encode is not None else None
    for fold in sorted(set(folds.tolist()) - {ALWAYS}):
        others = [each for each, of in zip(corpus.passages, folds.tolist(), strict=True) if of != fold]
        if sum(each.level is DangerLevel.alarm for each in others) < ENOUGH:
            continue
        lexical, semantic = danger_model.fit(others, encode)
        for number in np.flatnonzero(folds == fold).tolist():
            each = corpus.passages[number]
            for copy in copies:
                texts, rows = (each.texts, each.rows) if copy == CLEAN else (each.noisy_texts, each.noisy_rows)
                first, second = danger_model.opinions(texts, rows, lexical, semantic, encode)
                by_words.of(copy)[number] = first
                if by_meaning is not None and second is not None:
                    by_meaning.of(copy)[number] = second
    return by_words, by_meaning


def learned_limits(
    corpus: DangerSample, judgements: Judgements, primary: NDArray[np.bool_], chosen: Sequence[int]
) -> Limits | None:
    """The limits that keep what is raised in vain within its bounds; None where the model said nothing.

    Args:
        corpus: the messages.
        judgements: out of fold.
        primary: for each message whether the danger is its primary concern.
        chosen: numbers of the messages to learn from.
    """
    quiet = [
        judgements.opinions[number]
        for number in chosen
        if number in judgements.opinions and corpus.passages[number].level is None
    ]
    if not quiet:
        return None
    checks = np.array([opinion.check for opinion in quiet])
    alarms = np.array([opinion.alarm for opinion in quiet])
    limits = Limits(
        check_from=float(np.quantile(checks, 1 - CHECKED)),
        alarm_from=float(np.quantile(alarms, 1 - ALARMED)),
        confirm_from=float(np.quantile(alarms, 1 - CONFIRMED)),
        doubt_below=float(np.quantile(alarms, 1 - DOUBTED)),
    )
    said = judgements.dangers(corpus, [limits] * len(corpus.by_rules))
    alarm_share, check_share = (
        _share([bool(primary[number]) for number in chosen if _level(said[number]) is of]) for of in LEVELS[:2]
    )
    return replace(limits, alarm_share=alarm_share, check_share=check_share)


def _share(flags: Sequence[bool]) -> float:
    """Laplace's estimate: never quite 0 or 1."""
    return (sum(flags) + 1) / (len(flags) + 2)


def shares(dangers: Sequence[Danger | None], limits: Sequence[Limits | None]) -> Matrix:
    """How likely the danger is the primary concern of each message; 1 for an alarm, which is decided by itself."""
    return np.array([_worth(_level(danger), limit) for danger, limit in zip(dangers, limits, strict=True)], np.float32)


def _worth(level: DangerLevel | None, limits: Limits | None) -> float:
    if level is DangerLevel.alarm:
        return 1.0
    return limits.check_share if level is DangerLevel.check and limits is not None else 0.0


def detector_of(
    corpus: DangerSample, by_words: Limits | None, by_meaning: Limits | None = None, encode: Encoder | None = None
) -> Detector | None:
    """The detector trained on everything; None where there is too little to learn from."""
    if by_words is None or not corpus.enough:
        return None
    lexical, semantic = danger_model.fit(corpus.passages, encode)
    second = Trained(semantic, by_meaning) if semantic is not None and by_meaning is not None else None
    return Detector(Trained(lexical, by_words), second, encode)


def danger_table(
    messages: Sequence[Written], corpus: DangerSample, judgements: Judgements, limits: Sequence[Limits | None]
) -> DangerTable:
    """Count what the rules, the model and both found.

    Args:
        messages: the corpus.
        corpus: the same, prepared.
        judgements: out of fold.
        limits: for each message those learned from other folds.
    """
    measured = sorted(judgements.opinions) or list(range(len(messages)))
    right = [corpus.passages[number].level for number in measured]
    ways: dict[str, DangerFigures] = {}
    for noise, rules, opinions in (
        ("", corpus.by_rules, judgements.opinions),
        (", noise", corpus.by_rules_noisy, judgements.opinions_noisy),
    ):
        ways[f"rules{noise}"] = _figures(right, [rules[number] for number in measured])
        for name, alone in (("model", True), ("both", False)):
            said = [
                _said(None if alone else rules[number], opinions.get(number), limits[number]) for number in measured
            ]
            ways[f"{name}{noise}"] = _figures(right, said)
    together = [_said(corpus.by_rules[number], judgements.opinions.get(number), limits[number]) for number in measured]
    writers: dict[str, DangerFigures] = {}
    for writer in sorted({messages[number].writer for number in measured}):
        inside = [place for place, number in enumerate(measured) if messages[number].writer == writer]
        writers[writer] = _figures([right[place] for place in inside], [together[place] for place in inside])
    return DangerTable(ways, writers)


def _figures(right: Sequence[DangerLevel | None], said: Sequence[Danger | None]) -> DangerFigures:
    pairs = Counter((was or _NONE, _level(each) or _NONE) for was, each in zip(right, said, strict=True))
    names = [level.value if level else _NONE for level in LEVELS]
    return DangerFigures({was: {each: pairs[was, each] for each in names} for was in names})


def _together(
    rules: Sequence[Danger | None], opinions: Mapping[int, Opinion], limits: Sequence[Limits | None]
) -> tuple[Danger | None, ...]:
    return tuple(
        _said(found, opinions.get(number), limit)
        for number, (found, limit) in enumerate(zip(rules, limits, strict=True))
    )


def _said(found: Danger | None, opinion: Opinion | None, limits: Limits | None) -> Danger | None:
    return combined(found, opinion, limits) if opinion is not None and limits is not None else found


def _level(danger: Danger | None) -> DangerLevel | None:
    return danger.level if danger is not None else None


def limits_by_fold(
    corpus: DangerSample, judgements: Judgements, primary: NDArray[np.bool_], folds: Folds
) -> dict[int, Limits | None]:
    """For each fold the limits learned from the others."""
    return {
        fold: learned_limits(corpus, judgements, primary, np.flatnonzero((folds != fold) & (folds != ALWAYS)).tolist())
        for fold in sorted(set(folds.tolist()))
    }
