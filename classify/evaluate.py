"""How good a way of training is, measured on messages whose writers it has not seen.

All figures come from texts that were written for the purpose. What they are on a house's real mail only its own
corrections tell.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.corpus_file import Written
from classify.danger_folds import (
    DangerTable,
    danger_sample,
    danger_table,
    judged_out_of_fold,
    limits_by_fold,
    shares,
)
from classify.decision import (
    TARGET_PRECISION,
    Calibration,
    Truth,
    calibrate,
    coverage_at,
    expected_calibration_error,
)
from classify.encoder import Encoder, load_encoder, remembering
from classify.folds import ALWAYS, NOISE, Folds, Sample, at_random, by_writer, out_of_fold, sample, scores_of
from classify.head import DEFAULT, Settings
from classify.linear import Matrix
from classify.noise import noisy

DANGER = "notfall_gefahr"
"""Key of the concern of danger in the taxonomy that is shipped."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures that count, each from 0 to 1."""

    messages: int
    primary_accuracy: float
    top3_accuracy: float
    macro_f1: float
    """Mean of the F1 of the primary concerns, each counting the same."""
    label_micro_f1: float
    """Of the sets of labels."""
    calibration_error: float
    """Expected calibration error of the primary concern's probability."""
    coverage: float
    """Share that could be decided without a person with 97 % of the decisions right."""
    decided: float
    """Share that is decided with the threshold learned from other writers."""
    decided_precision: float
    """Share of those that is right; 1 if none was decided."""


@dataclass(frozen=True, slots=True)
class ConcernFigures:
    """How one concern fares as the primary one."""

    concern: str
    messages: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Messages of like confidence."""

    confidence: float
    accuracy: float
    messages: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that an evaluation found."""

    by_writer: Figures
    at_random: Figures
    """Folds that divide writers: what the same model seems to be worth if one does not look closely."""
    with_noise: Figures
    """By writer, with 5 % of the letters wrong as in bad scans."""
    concerns: tuple[ConcernFigures, ...]
    confusions: tuple[tuple[str, str, int], ...]
    """What it was, what it was taken for, how often; the most frequent first."""
    slices: Mapping[str, Figures]
    """By channel, language and writer, such as ``"language tr"``."""
    calibration: tuple[Bin, ...]
    danger: DangerTable
    """By writer, never at random."""


@dataclass(frozen=True)
class _Danger:
    """What was said of danger, by detectors that had not read the writer."""

    concern: str
    shares: Matrix
    """How likely it is the primary concern of each message; 1 for an alarm."""
    shares_noisy: Matrix
    meant: Truth
    """Whether it is among the concerns of each message."""


@dataclass(frozen=True)
class _Judged:
    """Messages that were judged by models that had not seen them."""

    probabilities: Matrix
    labels: Truth
    """Which concerns were said to be meant."""
    decide_from: Matrix
    """The threshold that held for each message."""
    primary: NDArray[np.int64]
    truth: Truth
    messages: tuple[Written, ...]

    @property
    def best(self) -> NDArray[np.int64]:
        result: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return result

    @property
    def confidence(self) -> Matrix:
        result: Matrix = self.probabilities.max(axis=1)
        return result

    @property
    def right(self) -> Truth:
        result: Truth = self.best == self.primary
        return result

    def part(self, chosen: NDArray[np.bool_]) -> "_Judged":
        return _Judged(
            self.probabilities[chosen],
            self.labels[chosen],
            self.decide_from[chosen],
            self.primary[chosen],
            self.truth[chosen],
            tuple(message for message, keep in zip(self.messages, chosen, strict=True) if keep),
        )


def evaluate(
    messages: Sequence[Written],
    *,
    settings: Settings = DEFAULT,
    number_of_folds: int = 5,
    danger: str = DANGER,
) -> Report:
    """Measure the training on a corpus.

    Args:
        messages: those of the writer ``"taxonomy"`` are trained with and never measured on.
        settings: how to train; without an encoder the lexical head is measured.
        number_of_folds: as many models are trained twice.
        danger: key of the concern that rules and detector decide.
    """
    encoder = load_encoder(settings.encoder)
    corpus = sample(messages, settings, danger=danger, encoder=encoder)
    folds = by_writer(messages, number=number_of_folds)
    reading = remembering(encoder) if encoder is not None else None
    found, table = _dangers(corpus, folds, danger, reading)
    clean, spoilt = _judged(corpus, found, folds, settings, encoder)
    flattering, _ = _judged(corpus, found, at_random(messages, number=number_of_folds), settings, encoder)
    labels = (*corpus.labels, danger)
    return Report(
        by_writer=figures(clean),
        at_random=figures(flattering),
        with_noise=figures(spoilt),
        concerns=tuple(_concern_figures(clean, labels)),
        confusions=_confusions(clean, labels),
        slices=_slices(clean),
        calibration=tuple(_bins(clean)),
        danger=table,
    )


def _dangers(corpus: Sample, folds: Folds, danger: str, encode: Encoder | None) -> tuple[_Danger, DangerTable]:
    """Look for danger by detectors without the fold, with limits of the other folds."""
    prepared = danger_sample(corpus.messages, danger)
    by_words, by_meaning = judged_out_of_fold(prepared, folds, encode)
    judgements = by_meaning or by_words
    limits = limits_by_fold(prepared, judgements, ~corpus.ordinary, folds)
    each = [limits[fold] for fold in folds.tolist()]
    found = _Danger(
        danger,
        shares(judgements.dangers(prepared, each), each),
        shares(judgements.dangers_noisy(prepared, each), each),
        np.array([danger in message.labels for message in corpus.messages], np.bool_),
    )
    return found, danger_table(corpus.messages, prepared, judgements, each)


def _judged(
    corpus: Sample, danger: _Danger, folds: Folds, settings: Settings, encoder: Encoder | None
) -> tuple[_Judged, _Judged]:
    """Judge every message by the model without its fold: as written, and with an OCR engine's errors.

    The calibration of each fold is learned from the others, or it would be measured on what it was made from.
    """
    shape = corpus.truth.shape
    scores, spoilt = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for inside, head in out_of_fold(corpus, folds, settings, meaning=encoder is not None):
        # Other errors than those of the copies that were trained with.
        texts = [noisy(corpus.texts[number], share=NOISE, seed=f"measured {number}") for number in inside]
        scores[inside] = scores_of(head, corpus, inside)
        spoilt[inside] = head.scores(texts, encoder(texts) if encoder is not None else None)
    undecided = danger.shares < 1
    calibrations = {
        fold: calibrate(scores[others], corpus.primary[others], corpus.truth[others], danger.shares[others])
        for fold in sorted(set(folds.tolist()) - {ALWAYS})
        if (others := (folds != fold) & (folds != ALWAYS) & undecided).any()
    }
    return (
        _calibrated(corpus, scores, (danger.shares, danger.meant), folds, calibrations),
        _calibrated(corpus, spoilt, (danger.shares_noisy, danger.meant), folds, calibrations),
    )


def _calibrated(
    corpus: Sample,
    scores: Matrix,
    danger: tuple[Matrix, Truth],
    folds: Folds,
    calibrations: Mapping[int, Calibration],
) -> _Judged:
    """Probabilities of all concerns, that of danger in a last column of its own."""
    shares_of_danger, meant = danger
    width = scores.shape[1]
    probabilities = np.zeros((len(scores), width + 1), np.float32)
    labels = np.zeros(probabilities.shape, np.bool_)
    decide_from = np.zeros(len(scores), np.float32)
    for fold, calibration in calibrations.items():
        inside = folds == fold
        probabilities[inside, :width] = calibration.primary_probabilities(scores[inside])
        labels[inside, :width] = calibration.label_probabilities(scores[inside]) >= calibration.label_from
        decide_from[inside] = calibration.decide_from
    probabilities[:, :width] *= 1 - shares_of_danger[:, None]
    probabilities[:, width] = shares_of_danger
    labels[:, width] = shares_of_danger == 1
    everything = _Judged(
        probabilities,
        labels,
        decide_from,
        np.where(corpus.ordinary, corpus.primary, width),
        np.column_stack([corpus.truth, meant]),
        corpus.messages,
    )
    return everything.part(np.isin(folds, list(calibrations)))


def figures(judged: _Judged) -> Figures:
    """Sum up judged messages."""
    right, confidence = judged.right, judged.confidence
    decided = confidence >= judged.decide_from
    top3 = np.argsort(-judged.probabilities, axis=1, kind="stable")[:, :3]
    _, coverage = coverage_at(confidence, right, TARGET_PRECISION)
    width = judged.probabilities.shape[1]
    hits = float((judged.labels & judged.truth).sum())
    return Figures(
        messages=len(right),
        primary_accuracy=_share(right),
        top3_accuracy=_share((top3 == judged.primary[:, None]).any(axis=1)),
        macro_f1=float(np.mean([each.f1 for each in _concern_figures(judged, [""] * width) if each.messages] or [0])),
        label_micro_f1=2 * hits / max(1.0, float(judged.labels.sum() + judged.truth.sum())),
        calibration_error=expected_calibration_error(confidence, right),
        coverage=coverage,
        decided=_share(decided),
        decided_precision=_share(right[decided]) if decided.any() else 1.0,
    )


def _share(flags: Truth) -> float:
    return float(flags.mean()) if len(flags) else 0.0


def _concern_figures(judged: _Judged, labels: Sequence[str]) -> Iterator[ConcernFigures]:
    best = judged.best
    for column, concern in enumerate(labels):
        found, meant = best == column, judged.primary == column
        hits = float((found & meant).sum())
        precision, recall = hits / max(1, int(found.sum())), hits / max(1, int(meant.sum()))
        f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
        yield ConcernFigures(concern, int(meant.sum()), precision, recall, f1)


def _confusions(judged: _Judged, labels: Sequence[str]) -> tuple[tuple[str, str, int], ...]:
    pairs = Counter(
        (labels[was], labels[taken])
        for was, taken in zip(judged.primary.tolist(), judged.best.tolist(), strict=True)
        if was != taken
    )
    return tuple((was, taken, number) for (was, taken), number in sorted(pairs.items(), key=lambda p: (-p[1], p[0])))


_SLICES: Mapping[str, Callable[[Written], str]] = {
    "channel": lambda message: message.channel,
    "language": lambda message: message.language,
    "writer": lambda message: message.writer,
    "concerns": lambda message: "one" if len(message.labels) == 1 else "several",
}


def _slices(judged: _Judged) -> dict[str, Figures]:
    slices: dict[str, Figures] = {}
    for name, of in _SLICES.items():
        values = np.array([of(message) for message in judged.messages])
        for value in sorted(set(values.tolist())):
            slices[f"{name} {value}"] = figures(judged.part(values == value))
    return slices


def _bins(judged: _Judged, *, number: int = 10) -> Iterator[Bin]:
    place = np.minimum((judged.confidence * number).astype(int), number - 1)
    for each in range(number):
        inside = place == each
        if inside.any():
            yield Bin(float(judged.confidence[inside].mean()), _share(judged.right[inside]), int(inside.sum()))
