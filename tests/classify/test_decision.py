import numpy as np
import pytest

from classify.decision import (
    NEVER,
    Calibration,
    calibrate,
    coverage_at,
    decide,
    expected_calibration_error,
)

LABELS = ("a", "b", "c", "d", "e", "f")


def test_sure_enough_gives_the_primary_and_the_likely_further_concerns() -> None:
    calibration = Calibration(decide_from=0.6, label_from=0.5)
    decision = decide(np.array([4, 2, -3, -3, -3, -3], np.float32), LABELS, calibration)
    assert (decision.primary, decision.decided) == ("a", True)
    assert [score.concern for score in decision.concerns] == ["a", "b"]
    assert [score.concern for score in decision.ranking] == ["a", "b", "c", "d", "e"]
    assert decision.concerns[0].confidence == decision.ranking[0].confidence
    assert sum(score.confidence for score in decision.ranking) <= 1


def test_unsure_abstains_and_still_ranks() -> None:
    decision = decide(np.array([1, 0.9, -3, -3, -3, -3], np.float32), LABELS, Calibration(decide_from=0.6))
    assert (decision.primary, decision.decided) == (None, False)
    assert [score.concern for score in decision.ranking[:2]] == ["a", "b"]
    assert [score.concern for score in decision.concerns] == ["a", "b"]


def test_no_more_than_three_further_concerns() -> None:
    decision = decide(np.full(6, 5, np.float32), LABELS, Calibration(decide_from=0.1))
    assert len(decision.concerns) == 4


def test_an_uncalibrated_model_never_decides() -> None:
    assert not decide(np.array([50, -50], np.float32), LABELS[:2], Calibration()).decided


def test_calibration_tells_how_often_it_is_right() -> None:
    chance = np.random.default_rng(1)
    primary = chance.integers(0, 5, 3000)
    scores = chance.normal(0, 1, (3000, 5)).astype(np.float32)
    scores[np.arange(3000), primary] += 1.5
    truth = np.zeros((3000, 5), bool)
    truth[np.arange(3000), primary] = True
    calibration = calibrate(scores * 7, primary, truth)
    probabilities = calibration.primary_probabilities(scores * 7)
    right = probabilities.argmax(axis=1) == primary
    assert expected_calibration_error(probabilities.max(axis=1), right) < 0.03
    decided = probabilities.max(axis=1) >= calibration.decide_from
    assert right[decided].mean() >= 0.97


@pytest.mark.parametrize(
    ("confidence", "right", "expected"),
    [
        ([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1], (0.8, 0.5)),
        ([0.9, 0.9, 0.5], [1, 0, 1], (NEVER, 0.0)),
        ([0.9, 0.8], [1, 1], (0.8, 1.0)),
        ([], [], (NEVER, 0.0)),
    ],
)
def test_coverage_counts_equal_confidences_together(
    confidence: list[float], right: list[int], expected: tuple[float, float]
) -> None:
    found = coverage_at(np.array(confidence, np.float32), np.array(right, bool), 0.9)
    assert found == pytest.approx(expected)
