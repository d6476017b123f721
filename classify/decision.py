"""From scores to a decision: how likely each concern is, whether that is enough, and how to learn what is enough."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.linear import Matrix, sigmoid
from models.classification import Score

RANKED = 5
FURTHER = 3
"""A message has one primary concern and up to three further ones."""

NEVER = 1.01
"""A threshold that no probability reaches: nothing is sure enough."""

TARGET_PRECISION = 0.97
"""How often what is decided without a person shall be right."""

_SCALES = np.exp(np.linspace(-2, 2.5, 91))
_SHIFTS = np.linspace(-3, 3, 61)

Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns log-odds into probabilities, and from which probability on they count.

    All five are learned from messages of writers that the scores were not trained on.
    """

    primary_scale: float = 1.0
    """Inverse temperature of the softmax that says which concern is the primary one."""
    label_scale: float = 1.0
    label_shift: float = 0.0
    """A concern is meant at all with the probability ``sigmoid(label_scale * score + label_shift)``."""
    decide_from: float = NEVER
    """Probability of the primary concern from which on nobody needs to look."""
    label_from: float = 0.5
    """One threshold for all further concerns: one for each would only learn the corpus by heart."""
    highest: float = 1.0
    """No probability above it is shown: of the surest messages so many were right, and more was not measured."""

    def primary_probabilities(self, scores: Matrix) -> Matrix:
        """For each row of scores how likely each concern is the primary one; the sum is 1."""
        return softmax(scores * np.float32(self.primary_scale))

    def label_probabilities(self, scores: Matrix) -> Matrix:
        """For each row of scores how likely each concern is meant at all."""
        return sigmoid(scores * np.float32(self.label_scale) + np.float32(self.label_shift))


@dataclass(frozen=True, slots=True)
class Decision:
    """What the scores of one message say."""

    primary: str | None
    concerns: tuple[Score, ...]
    ranking: tuple[Score, ...]
    decided: bool


def decide(scores: Matrix, labels: Sequence[str], calibration: Calibration, *, elsewhere: float = 0.0) -> Decision:
    """Read the scores of one message.

    Args:
        scores: log-odds of each label.
        labels: keys of the concerns, as many as scores.
        calibration: as learned for these scores.
        elsewhere: probability that the primary concern is none of the labels but danger.
    """
    primary = calibration.primary_probabilities(scores[None, :])[0] * np.float32(1 - elsewhere)
    meant = calibration.label_probabilities(scores[None, :])[0]
    order = np.argsort(-primary, kind="stable")
    decided = bool(len(order)) and bool(primary[order[0]] >= calibration.decide_from)
    primary, meant = np.minimum(primary, calibration.highest), np.minimum(meant, calibration.highest)
    ranking = tuple(Score(labels[column], float(primary[column])) for column in order[:RANKED])
    likely = [column for column in order if meant[column] >= calibration.label_from]
    concerns = [Score(labels[column], float(meant[column])) for column in likely[: FURTHER + 1]]
    if decided:
        further = [score for score in concerns if score.concern != ranking[0].concern]
        concerns = [ranking[0], *further[:FURTHER]]
    return Decision(ranking[0].concern if decided else None, tuple(concerns), ranking, decided)


def calibrate(scores: Matrix, primary: NDArray[np.int64], truth: Truth, elsewhere: Matrix | None = None) -> Calibration:
    """Learn a calibration.

    Args:
        scores: log-odds of messages whose writers the model does not know, one row each.
        primary: column of the primary concern of each, -1 for that of danger.
        truth: for each message and concern whether it is meant.
        elsewhere: for each message the probability that its primary concern is that of danger.
    """
    ordinary = primary >= 0
    if not ordinary.any():
        return Calibration()
    primary_scale = _best_scale(scores[ordinary], primary[ordinary])
    label_scale, label_shift = _best_labels(scores[ordinary], truth[ordinary])
    fitted = Calibration(primary_scale, label_scale, label_shift)
    probabilities = fitted.primary_probabilities(scores)
    right = probabilities.argmax(axis=1) == primary
    confidence: Matrix = probabilities.max(axis=1)
    if elsewhere is not None:
        confidence = (confidence * (1 - elsewhere)).astype(np.float32)
    decide_from, _ = coverage_at(confidence, right, TARGET_PRECISION)
    label_from = _best_threshold(fitted.label_probabilities(scores[ordinary]), truth[ordinary])
    highest = _of_the_surest(confidence, right)
    return Calibration(primary_scale, label_scale, label_shift, decide_from, label_from, highest)


def coverage_at(confidence: Matrix, right: Truth, precision: float) -> tuple[float, float]:
    """The threshold that decides most while as many as wanted of the decisions are right.

    Returns:
        The threshold, ``NEVER`` if there is none, and the share of all messages that it decides.
    """
    if not len(confidence):
        return NEVER, 0.0
    order = np.argsort(-confidence, kind="stable")
    reached = np.cumsum(right[order]) / np.arange(1, len(order) + 1) >= precision
    # Messages with one confidence are decided together or not at all.
    last_of_its_kind = np.append(np.diff(confidence[order]) != 0, True)
    possible = np.flatnonzero(reached & last_of_its_kind)
    if not len(possible):
        return NEVER, 0.0
    return float(confidence[order[possible[-1]]]), float(possible[-1] + 1) / len(order)


def expected_calibration_error(confidence: Matrix, right: Truth, *, bins: int = 10) -> float:
    """How far confidence and accuracy are apart on average, over bins of equal width."""
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for each in range(bins):
        inside = number == each
        if inside.any():
            error += inside.mean() * abs(float(confidence[inside].mean()) - float(right[inside].mean()))
    return float(error)


def softmax(scores: Matrix) -> Matrix:
    """Each row as probabilities with the sum 1."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Matrix = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


def _of_the_surest(confidence: Matrix, right: Truth) -> float:
    """How often the surest tenth is right, by Laplace's estimate: never quite 1."""
    surest = right[np.argsort(-confidence, kind="stable")[: max(1, len(confidence) // 10)]]
    return (float(surest.sum()) + 1) / (len(surest) + 2)


def _best_scale(scores: Matrix, primary: NDArray[np.int64]) -> float:
    rows = np.arange(len(scores))

    def loss(scale: float) -> float:
        return -float(np.log(softmax(scores * np.float32(scale))[rows, primary] + 1e-9).mean())

    return float(min(_SCALES, key=loss))


def _best_labels(scores: Matrix, truth: Truth) -> tuple[float, float]:
    def loss(scale: float, shift: float) -> float:
        logits = scores * np.float32(scale) + np.float32(shift)
        return float((np.logaddexp(0, logits) - truth * logits).mean())

    # One after the other: the loss is convex in both.
    scale, shift = 1.0, 0.0
    for _ in range(4):
        shift = float(min(_SHIFTS, key=lambda each: loss(scale, each)))
        scale = float(min(_SCALES, key=lambda each: loss(each, shift)))
    return scale, shift


def _best_threshold(probabilities: Matrix, truth: Truth) -> float:
    """The one threshold with the best micro-F1 of the sets of labels."""

    def f1(threshold: float) -> float:
        found = probabilities >= threshold
        return 2 * float((found & truth).sum()) / max(1.0, float(found.sum() + truth.sum()))

    return float(max(np.linspace(0.02, 0.9, 89), key=f1))
