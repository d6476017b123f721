import numpy as np
import pytest

from classify.features import Row
from classify.linear import fit, sigmoid


def rows_and_targets(number: int) -> tuple[list[Row], np.ndarray]:
    chance = np.random.default_rng(7)
    rows, targets = [], np.zeros((number, 3), np.float32)
    for row in range(number):
        concern = row % 3
        positions = np.unique(np.append(chance.integers(3, 60, 6), concern)).astype(np.int32)
        rows.append((positions, np.full(len(positions), len(positions) ** -0.5, np.float32)))
        targets[row, concern] = 1
        targets[row, (concern + 1) % 3] = 0.5 if row % 2 else 0
    return rows, targets


@pytest.mark.parametrize("strength", [1.0, 10.0, 30.0])
def test_the_end_is_the_optimum_of_the_penalised_likelihood(strength: float) -> None:
    rows, targets = rows_and_targets(90)
    model = fit(rows, targets, width=60, strength=strength, epochs=60)
    weights = model.weights.astype(np.float64)
    pulls = np.array([target - sigmoid(model.scores(row)) for row, target in zip(rows, targets, strict=True)])
    gradient = -weights
    for (positions, values), pull in zip(rows, pulls, strict=True):
        gradient[positions] += strength * np.outer(values, pull)
    assert np.abs(gradient).max() < 0.02 * np.abs(weights).max()


def test_the_same_rows_give_the_same_weights() -> None:
    rows, targets = rows_and_targets(30)
    one, two = (fit(rows, targets, width=60, strength=5, epochs=3) for _ in range(2))
    assert (one.weights == two.weights).all()
    assert (one.bias == two.bias).all()


def test_a_further_concern_comes_second() -> None:
    rows, targets = rows_and_targets(90)
    model = fit(rows, targets, width=60, strength=30, epochs=20)
    order = np.argsort(-model.scores(rows[1]))
    assert order.tolist() == [1, 2, 0]


def test_large_scores_do_not_overflow() -> None:
    assert sigmoid(np.array([-1e4, 0, 1e4], np.float32)).tolist() == [0, 0.5, 1]
