"""One logistic regression per concern over sparse rows, in numpy alone.

Trained by stochastic dual coordinate ascent (Shalev-Shwartz and Zhang 2013): no learning rate to choose, it ends at the
optimum, and the same order of rows gives the same weights to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.features import Row

Matrix = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]

_NEWTON_STEPS = 2
_EDGE = 1e-4
"""Probabilities stay this far from 0 and 1, where the entropy has no slope."""


@dataclass(frozen=True)
class Linear:
    """Weights of all concerns; the score of a row is ``row @ weights + bias``."""

    weights: NDArray[np.float16]
    """One row per bucket, one column per concern."""
    bias: Matrix

    def scores(self, row: Row) -> Matrix:
        """Log-odds of each concern."""
        positions, values = row
        result: Matrix = values @ self.weights[positions].astype(np.float32) + self.bias
        return result


def fit(rows: Sequence[Row], targets: Matrix, *, width: int, strength: float, epochs: int) -> Linear:
    """Fit all concerns at once.

    Args:
        rows: training texts, each of length 1.
        targets: for each row how far each concern is meant, 0 to 1.
        width: number of buckets.
        strength: the inverse of the L2 penalty (C); larger follows the training texts more closely.
        epochs: how often every row is looked at.
    """
    number, concerns = targets.shape
    weights = np.zeros((width, concerns), np.float32)
    bias = np.zeros(concerns, np.float32)
    # The dual variables: what each row pulls each concern by, target minus probability at the optimum.
    pulls = np.zeros((number, concerns), np.float32)
    order = np.random.default_rng(0)
    for _ in range(epochs):
        for chosen in order.permutation(number):
            positions, values = rows[chosen]
            gathered = weights[positions]
            scores = values @ gathered + bias
            step = _step(scores, targets[chosen], pulls[chosen], strength * (float(values @ values) + 1))
            pulls[chosen] += step
            weights[positions] = gathered + np.outer(values, step * strength)
            bias += step * strength
    return Linear(weights.astype(np.float16), bias)


def _step(scores: Matrix, target: Matrix, pull: Matrix, curvature: float) -> Floats:
    """How far to move the dual variables of one row: the root of ``pull + step = target - sigmoid(score + c * step)``.

    Halving until the sigmoid is almost straight between the bounds, then Newton's method, which alone would oscillate.
    """
    lowest: Floats = target - 1 + _EDGE - pull
    highest: Floats = target - _EDGE - pull
    lower, upper = lowest, highest
    for _ in range(max(1, int(curvature).bit_length())):
        middle = 0.5 * (lower + upper)
        above = pull + middle - target + sigmoid(scores + curvature * middle) > 0
        lower, upper = np.where(above, lower, middle), np.where(above, middle, upper)
    step = 0.5 * (lower + upper)
    for _ in range(_NEWTON_STEPS):
        probability = sigmoid(scores + curvature * step)
        slope = 1 + curvature * probability * (1 - probability)
        step = np.clip(step - (pull + step - target + probability) / slope, lowest, highest)
    return step


def sigmoid(scores: Floats) -> Matrix:
    """Log-odds as probabilities; large ones do not overflow."""
    result: Matrix = (0.5 * (1 + np.tanh(0.5 * scores))).astype(np.float32, copy=False)
    return result
