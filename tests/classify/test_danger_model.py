import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classify import danger_model, pipeline
from classify.concerns import load_taxonomy
from classify.corpus_file import Written
from classify.danger import DOUBTED, SUSPECTED, find_danger
from classify.danger_folds import (
    DangerSample,
    danger_sample,
    danger_table,
    detector_of,
    judged_out_of_fold,
    learned_limits,
    limits_by_fold,
)
from classify.danger_model import Detector, Limits, Opinion, Trained, combined, passages_of
from classify.folds import by_writer
from classify.pipeline import load
from models.classification import Danger, DangerLevel, Query
from models.config import Numbers

DATA = Path(__file__).parents[1] / "data" / "danger"
ALARM, CHECK = DangerLevel.alarm, DangerLevel.check
LIMITS = Limits(check_from=1, alarm_from=3, confirm_from=2, doubt_below=-1)


def written(name: str, writer: str) -> list[Written]:
    rows = [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return [
        Written(
            id=f"{name}-{number}",
            writer=writer,
            style="",
            channel="email",
            language="de",
            subject=row["subject"],
            body=row["body"],
            primary="notfall_gefahr" if row["emergency"] else "sonstiges",
            labels=("notfall_gefahr",) if row["emergency"] else ("sonstiges",),
        )
        for number, row in enumerate(rows)
    ]


@pytest.fixture(scope="module")
def messages() -> list[Written]:
    names = ("emergencies_tuning", "others_tuning"), ("emergencies_heldout", "others_heldout")
    return [message for number, pair in enumerate(names) for name in pair for message in written(name, f"w{number}")]


@pytest.fixture(scope="module")
def corpus(messages: Sequence[Written]) -> DangerSample:
    return danger_sample(messages, "notfall_gefahr")


@pytest.fixture(scope="module")
def detector(corpus: DangerSample) -> Detector:
    fitted = detector_of(corpus, LIMITS)
    assert fitted is not None
    return fitted


GAS = Danger(ALARM, "Gas.", "Es riecht.")


@pytest.mark.parametrize(
    ("found", "check", "alarm", "expected"),
    [
        (None, 0, 0, None),
        (None, 1, 0, Danger(CHECK, SUSPECTED, "passage")),
        (None, 0, 3, Danger(ALARM, SUSPECTED, "passage")),
        (GAS, -9, 0, GAS),
        (GAS, 9, -2, Danger(CHECK, f"Gas. {DOUBTED}", "Es riecht.")),
        (replace(GAS, level=CHECK), -9, -9, replace(GAS, level=CHECK)),
        (replace(GAS, level=CHECK), -9, 2, GAS),
    ],
)
def test_either_is_enough_for_a_check_and_an_alarm_needs_no_doubt(
    found: Danger | None, check: float, alarm: float, expected: Danger | None
) -> None:
    assert combined(found, Opinion(check, alarm, "passage"), LIMITS) == expected


def test_the_model_alone_never_silences_the_rules(detector: Detector) -> None:
    never = Detector(Trained(detector.lexical.head, Limits(99, 99, 99, 99)))
    found = never.judge("", "Im Keller riecht es seit heute morgen sehr stark nach Gas und wir haben Angst.")
    assert found is not None
    assert found.level is CHECK


def test_a_bare_cry_is_never_doubted(detector: Detector) -> None:
    never = Detector(Trained(detector.lexical.head, Limits(99, 99, 99, 99)))
    assert never.judge("Gasgeruch", "") == find_danger("Gasgeruch", "")


def test_an_emergency_is_found_in_one_sentence_of_a_long_mail(detector: Detector) -> None:
    around = "Die Rechnung vom Januar ist angekommen. Der Abschlag bleibt bei 80 Euro. Mein Zähler ist im Flur. " * 8
    sentence = "Übrigens riecht es im Keller seit gestern so komisch nach faulen Eiern und mir ist schwindlig."
    opinion = detector.opinion("Rechnung", f"{around}\n{sentence}\n{around}")
    assert opinion.alarm > detector.opinion("Rechnung", around).alarm
    assert sentence in opinion.passage


def test_a_text_without_end_is_read_at_its_beginning_and_its_end() -> None:
    passages = passages_of("Betreff", "Anfang. " + "wort " * 50_000 + "\nEnde.")
    assert passages[0] == "Betreff"
    assert passages[1].startswith("Anfang.")
    assert passages[-1].endswith("Ende.")
    assert len(passages) <= danger_model.FIRST + danger_model.LAST + 1
    assert passages_of("", "") == ("",)


def test_a_detector_is_the_same_after_it_was_saved(detector: Detector, tmp_path: Path) -> None:
    detector.save(tmp_path)
    loaded = danger_model.load(tmp_path)
    assert loaded.limits == detector.limits
    for subject, body in (("Gasgeruch", "Bitte kommen."), ("", "Der Zähler steht auf 5.")):
        assert loaded.opinion(subject, body) == detector.opinion(subject, body)


def lengths(texts: Sequence[str]) -> np.ndarray:
    """An encoder for tests: whether a text smells."""
    return np.array([[float("riech" in text), float("riech" not in text)] for text in texts], np.float32)


def test_with_an_encoder_the_most_suspicious_passages_are_read_by_meaning(corpus: DangerSample, tmp_path: Path) -> None:
    asked: list[str] = []

    def encode(texts: Sequence[str]) -> np.ndarray:
        asked.extend(texts)
        return lengths(texts)

    both = detector_of(corpus, LIMITS, replace(LIMITS, check_from=2), encode)
    assert both is not None
    both.save(tmp_path)
    assert (both.limits.check_from, danger_model.load(tmp_path).limits.check_from) == (2, 1)
    loaded = danger_model.load(tmp_path, encode)
    asked.clear()
    opinion = loaded.opinion("Frage", "Es riecht im Keller. " + "Die Rechnung liegt bei. Der Zähler steht auf 5. " * 9)
    assert opinion == both.opinion(
        "Frage", "Es riecht im Keller. " + "Die Rechnung liegt bei. Der Zähler steht auf 5. " * 9
    )
    assert "riecht" in opinion.passage
    assert len(asked) == 2 * danger_model.SUSPICIOUS


def test_every_message_is_judged_without_its_writer_and_counted_once(
    messages: Sequence[Written], corpus: DangerSample
) -> None:
    folds = by_writer(messages)
    judgements, none = judged_out_of_fold(corpus, folds)
    assert none is None
    assert sorted(judgements.opinions) == list(range(len(messages)))
    danger = np.array([message.primary == "notfall_gefahr" for message in messages])
    limits = limits_by_fold(corpus, judgements, danger, folds)
    table = danger_table(messages, corpus, judgements, [limits[fold] for fold in folds.tolist()])
    assert set(table.writers) == {"w0", "w1"}
    for figures in table.ways.values():
        assert sum(sum(row.values()) for row in figures.found.values()) == len(messages)
    assert table.ways["both"].share("alarm", "alarm", "check") >= table.ways["rules"].share("alarm", "alarm", "check")
    assert table.ways["both"].share("alarm", "alarm", "check") > 0.97
    assert table.ways["model"].share("alarm", "alarm", "check") > 0.4
    learned = learned_limits(corpus, judgements, danger, range(len(messages)))
    assert learned is not None
    assert 0.5 < learned.alarm_share < 1
    assert 0 < learned.check_share < learned.alarm_share


def test_too_few_emergencies_teach_nothing(messages: Sequence[Written]) -> None:
    few = danger_sample([message for message in messages if message.primary == "sonstiges"][:30], "notfall_gefahr")
    assert detector_of(few, LIMITS) is None
    assert not judged_out_of_fold(few, np.zeros(30, np.int64))[0].opinions


def test_a_damaged_model_of_danger_leaves_the_rules_and_the_concerns(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(pipeline.SHIPPED, folder)
    (folder / "concerns" / "danger" / "lexical" / "weights.npz").write_bytes(b"PK")
    with caplog.at_level(logging.WARNING):
        classifier = load(folder, load_taxonomy(None), Numbers())
    assert "the rules go on alone" in caplog.text
    (found,) = classifier.classify([Query("Gasgeruch", "Es riecht im Keller nach Gas.", "email", "")])
    assert (found.primary, len(found.ranking)) == ("notfall_gefahr", 5)
