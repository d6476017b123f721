import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from classify.concerns import load_examples, load_taxonomy
from classify.corpus_file import CorpusError, read_corpus
from classify.evaluate import evaluate
from classify.folds import ALWAYS, TAXONOMY, at_random, by_writer
from classify.head import Settings
from classify.noise import noisy
from classify.train import TrainingReport, train, training_messages

QUICK = Settings(bits=14, epochs=4, encoder="")


def digests(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture
def corpus(trained: tuple[Path, TrainingReport]) -> Path:
    return trained[0].parent / "corpus.jsonl"


def test_report_says_what_was_trained(trained: tuple[Path, TrainingReport]) -> None:
    folder, report = trained
    assert (report.writers, report.concerns) == (3, 26)
    assert report.messages == 72 + len(load_examples(None))
    assert len(report.version.corpus_sha256) == 64
    assert report.size == sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert report.seconds > 0


def test_the_same_corpus_gives_the_same_model_to_the_last_byte(corpus: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        train([corpus], load_taxonomy(None), tmp_path / name, settings=QUICK)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_another_corpus_is_another_version(corpus: Path, tmp_path: Path) -> None:
    shorter = tmp_path / "shorter.jsonl"
    shorter.write_text("".join(corpus.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")
    one = train([corpus], load_taxonomy(None), tmp_path / "one", settings=QUICK).version
    two = train([shorter], load_taxonomy(None), tmp_path / "two", settings=QUICK).version
    assert one.version != two.version
    assert one.corpus_sha256 != two.corpus_sha256


def test_a_new_model_takes_the_place_of_the_old_and_leaves_nothing_beside_it(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    out.mkdir()
    (out / "old.txt").write_text("old", "utf-8")
    train([corpus], load_taxonomy(None), out, settings=QUICK)
    assert not (out / "old.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_the_model_holds_no_text_of_the_corpus(trained: tuple[Path, TrainingReport]) -> None:
    for file in trained[0].rglob("*"):
        assert not file.is_file() or b"Damen und Herren" not in file.read_bytes()


def test_nothing_is_trained_from_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("", "utf-8")
    with pytest.raises(CorpusError, match="at least two concerns"):
        train([empty], load_taxonomy(None), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_folds_never_divide_a_writer(corpus: Path) -> None:
    messages = training_messages([corpus], load_taxonomy(None), [("umzug", "Ich ziehe um.")])
    folds = by_writer(messages)
    for writer in ("anna", "bert", "cora"):
        assert len({fold for fold, message in zip(folds, messages, strict=True) if message.writer == writer}) == 1
    assert [fold for fold, message in zip(folds, messages, strict=True) if message.writer == TAXONOMY] == [ALWAYS]
    assert len(set(folds.tolist())) == 4


def test_a_single_writer_is_divided_at_random_and_always_the_same_way(corpus: Path) -> None:
    messages = [message for message in read_corpus([corpus], load_taxonomy(None)) if message.writer == "anna"]
    assert (by_writer(messages) == at_random(messages)).all()
    assert (at_random(messages[5:]) == at_random(messages)[5:]).all()
    assert len(set(at_random(messages).tolist())) == 5


def test_evaluation_measures_every_written_message_once(corpus: Path) -> None:
    messages = training_messages([corpus], load_taxonomy(None), [("umzug", "Ich ziehe um."), ("sperrung", "Sperre")])
    report = evaluate(messages, settings=QUICK)
    assert report.by_writer.messages == report.at_random.messages == 72
    assert report.by_writer.primary_accuracy > 0.8
    assert report.by_writer.top3_accuracy >= report.by_writer.primary_accuracy
    assert {name.split()[0] for name in report.slices} == {"channel", "language", "writer", "concerns"}
    assert report.slices["writer anna"].messages == 24
    assert sum(each.messages for each in report.concerns) == 72
    wrong = round((1 - report.by_writer.primary_accuracy) * 72)
    assert sum(number for _, _, number in report.confusions) == wrong
    assert sum(each.messages for each in report.calibration) == 72


def test_noise_is_the_same_every_time_and_as_much_as_asked_for() -> None:
    text = "Der Zählerstand beträgt 12345 Kilowattstunden. " * 40
    spoilt = noisy(text, share=0.05, seed="x")
    assert spoilt == noisy(text, share=0.05, seed="x") != noisy(text, share=0.05, seed="y")
    assert noisy(text, share=0, seed="x") == text
    assert abs(len(spoilt) - len(text)) < 0.03 * len(text)


def test_settings_of_the_model_can_be_read_by_people(trained: tuple[Path, TrainingReport]) -> None:
    settings = json.loads((trained[0] / "concerns" / "settings.json").read_text("utf-8"))
    assert settings["version"]["version"] == trained[1].version.version
    assert np.isclose(settings["calibration"]["lexical"]["decide_from"], trained[1].calibrations["lexical"].decide_from)
