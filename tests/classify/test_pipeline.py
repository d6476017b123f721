import json
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from classify import pipeline
from classify.concerns import load_taxonomy
from classify.head import Settings
from classify.pipeline import Classifier, load
from classify.rules_only import classify_without_model
from classify.train import TrainingReport, train
from models.classification import Classification, DangerLevel, Query
from models.config import Numbers

ROOT = Path(__file__).parents[2]
GAS = "Guten Tag,\nim Hausflur riecht es stark nach Gas, bitte kommen Sie sofort!\nGruß Meier"
READING = "Guten Tag,\nder Zähler zeigt 4711 kWh, Zählerstand von heute.\nMit freundlichen Grüßen\nMeier"


def query(body: str, subject: str = "Anfrage") -> Query:
    return Query(subject, body, "email", "2026-01-14")


def classified(classifier: Classifier, *queries: Query) -> list[Classification]:
    return list(classifier.classify(queries))


@pytest.fixture(scope="module")
def classifier(trained: tuple[Path, TrainingReport]) -> Classifier:
    return load(trained[0], load_taxonomy(None), Numbers())


def test_a_message_gets_its_concern_and_the_model_that_said_so(
    classifier: Classifier, trained: tuple[Path, TrainingReport]
) -> None:
    (found,) = classified(classifier, query(READING))
    assert found.ranking[0].concern == "zaehlerstand"
    assert len(found.ranking) == 5
    assert [score.confidence for score in found.ranking] == sorted(
        (score.confidence for score in found.ranking), reverse=True
    )
    assert found.model == trained[1].version
    assert found.language == "de"
    assert found.decided is (found.primary is not None)


def test_evidence_is_words_of_the_message(classifier: Classifier) -> None:
    (found,) = classified(classifier, query("Hallo,\nder Zählerstand ist 4711, abgelesen heute.\nLG Kim"))
    assert found.evidence
    assert "Zählerstand" in " ".join(piece.text for piece in found.evidence)
    for piece in found.evidence:
        assert piece.text in "Anfrage der Zählerstand ist 4711, abgelesen heute."
        assert piece.weight > 0
    weights = [piece.weight for piece in found.evidence]
    assert weights == sorted(weights, reverse=True)


def test_no_passage_is_shown_twice_as_evidence(classifier: Classifier) -> None:
    (found,) = classified(classifier, query("Zählerstand!\nDer Zählerstand: 4711.\nZÄHLERSTAND, 4712.", "Zählerstand"))
    shown = [piece.text.lower() for piece in found.evidence]
    assert "zählerstand" in shown
    assert len(shown) == len(set(shown))


def test_an_alarm_is_primary_whatever_the_model_says_and_its_ranking_stays(classifier: Classifier) -> None:
    (found,) = classified(classifier, query(f"{READING}\n\n{GAS}"))
    assert found.danger is not None
    assert found.danger.level is DangerLevel.alarm
    assert (found.primary, found.decided, found.concerns[0].concern) == ("notfall_gefahr", True, "notfall_gefahr")
    assert (len(found.ranking), found.ranking[0].concern) == (5, "notfall_gefahr")
    assert found.evidence[0].text == found.danger.passage


def test_a_check_is_never_a_concern_of_its_own(classifier: Classifier) -> None:
    (found,) = classified(classifier, query("Nach dem Rohrbruch im letzten Winter bitte ich um Erstattung."))
    assert found.danger is not None
    assert found.danger.level is DangerLevel.check
    assert found.primary != "notfall_gefahr"
    assert "notfall_gefahr" not in {score.concern for score in found.concerns}


def test_messages_keep_their_order_over_many_batches(classifier: Classifier) -> None:
    queries = [query(READING if number % 3 else GAS, str(number)) for number in range(150)]
    found = classified(classifier, *queries)
    assert [each.danger is None for each in found] == [bool(number % 3) for number in range(150)]


def test_one_at_a_time_is_the_same_as_in_batches(classifier: Classifier) -> None:
    queries = [query(READING), query(GAS), query("Ich ziehe um.")]
    assert classified(classifier, *queries) == [classified(classifier, each)[0] for each in queries]


@pytest.mark.parametrize("body", ["", " \n ", "?", "\x00\ud800\uffff", "🙂" * 500, "a" * 200_000, "Zähler " * 10_000])
def test_odd_and_endless_bodies_are_classified(classifier: Classifier, body: str) -> None:
    (found,) = classified(classifier, query(body, subject=""))
    assert len(found.ranking) == 5


def test_classifying_is_lazy(classifier: Classifier) -> None:
    def endless() -> object:
        while True:
            yield query(READING)

    assert next(iter(classifier.classify(endless()))).ranking  # type: ignore[arg-type]


def broken(folder: Path, how: str) -> None:
    weights = folder / "concerns" / "lexical" / "weights.npz"
    match how:
        case "gone":
            shutil.rmtree(folder)
        case "no weights":
            weights.unlink()
        case "one bit":
            content = bytearray(weights.read_bytes())
            content[len(content) // 2] ^= 1
            weights.write_bytes(content)
        case "cut":
            weights.write_bytes(weights.read_bytes()[:100])
        case "no config":
            (folder / "config.cfg").write_text("[", "utf-8")
        case "settings":
            (folder / "concerns" / "settings.json").write_text("{}", "utf-8")
        case "fewer labels":
            path = folder / "concerns" / "settings.json"
            settings = json.loads(path.read_text("utf-8"))
            path.write_text(json.dumps(settings | {"labels": settings["labels"][1:]}), "utf-8")


@pytest.mark.parametrize("how", ["gone", "no weights", "one bit", "cut", "no config", "settings", "fewer labels"])
def test_a_broken_model_leaves_danger_and_mentions_working_and_says_so(
    trained: tuple[Path, TrainingReport], tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(trained[0], folder)
    broken(folder, how)
    with caplog.at_level(logging.WARNING):
        classifier = load(folder, load_taxonomy(None), Numbers())
    assert str(folder) in caplog.text
    assert classifier.version is None
    gas, reading = classified(classifier, query(GAS), query(READING))
    assert (gas.primary, gas.decided, gas.model) == ("notfall_gefahr", True, None)
    assert (reading.primary, reading.decided, reading.ranking, reading.model) == (None, False, (), None)
    assert reading.language == "de"


def test_a_house_that_renamed_merged_and_removed_needs_no_training(
    trained: tuple[Path, TrainingReport], tmp_path: Path
) -> None:
    site = tmp_path / "concerns.toml"
    site.write_text(
        'extends = true\n[rename]\numzug = "wohnungswechsel"\n[merge]\nzaehler = ["zaehlerstand", "zaehler_technik"]\n'
        '[remove]\nconcerns = ["einspeisung_pv", "kuendigung"]\n',
        "utf-8",
    )
    taxonomy = load_taxonomy(site)
    classifier = load(trained[0], taxonomy, Numbers())
    found = classified(classifier, query(READING), query("Ich ziehe am 5. aus der Wohnung aus. Auszug und Umzug."))
    assert [each.ranking[0].concern for each in found] == ["zaehler", "wohnungswechsel"]
    assert all(score.concern in taxonomy.concerns for each in found for score in each.ranking)


def test_a_model_of_other_concerns_is_not_used(
    trained: tuple[Path, TrainingReport], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = tmp_path / "concerns.toml"
    site.write_text(
        'default = "x"\ndanger = "x"\nclarification = "q"\n'
        '[queues.q]\nlabel_de = "Q"\nlabel_en = "Q"\nmarket_role = "alle"\n'
        '[concerns.x]\nlabel_de = "X"\nlabel_en = "X"\ndefinition = "X"\nqueue = "q"\nmarket_role = "alle"\n'
        'priority = "normal"\n',
        "utf-8",
    )
    assert load(trained[0], load_taxonomy(site), Numbers()).version is None
    assert "none of the concerns" in caplog.text


def test_without_a_model_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, classify.rules_only as r\nfrom classify.concerns import load_taxonomy\n"
        "from models.classification import Query\nfrom models.config import Numbers\n"
        f"q = Query('x', {GAS!r}, 'email', '')\n"
        "(c,) = r.classify_without_model([q], taxonomy=load_taxonomy(None), numbers=Numbers())\n"
        "print(c.primary, {'spacy', 'numpy', 'thinc'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "notfall_gefahr set()"


def test_rules_alone_say_the_same_as_a_classifier_without_model(tmp_path: Path) -> None:
    queries = [query(GAS), query(READING)]
    taxonomy = load_taxonomy(None)
    classifier = load(tmp_path / "none", taxonomy, Numbers())
    assert classified(classifier, *queries) == list(
        classify_without_model(queries, taxonomy=taxonomy, numbers=Numbers())
    )


def test_the_shipped_model_is_small_loads_quickly_and_knows_all_concerns() -> None:
    taxonomy = load_taxonomy(None)
    began = time.process_time()
    classifier = load(None, taxonomy, Numbers())
    assert time.process_time() - began < 2
    assert classifier.version is not None
    assert sum(file.stat().st_size for file in pipeline.SHIPPED.rglob("*") if file.is_file()) < 15 * 2**20
    (found,) = classified(classifier, query(READING, subject="Zählerstand"))
    assert found.ranking[0].concern == "zaehlerstand"
    settings = json.loads((pipeline.SHIPPED / "concerns" / "settings.json").read_text("utf-8"))
    assert set(settings["labels"]) == set(taxonomy.concerns) - {taxonomy.danger}


def first_letters(texts: Sequence[str]) -> np.ndarray:
    """An encoder for tests: which letters begin the words of a text."""
    vectors = np.zeros((len(texts), 32), np.float32)
    for number, text in enumerate(texts):
        for word in text.lower().split():
            vectors[number, ord(word[0]) % 32] += 1
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.maximum(lengths, 1)
    return vectors


@pytest.fixture(scope="module")
def semantic(tmp_path_factory: pytest.TempPathFactory, trained: tuple[Path, TrainingReport]) -> Path:
    out = tmp_path_factory.mktemp("semantic") / "model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("classify.train.load_encoder", lambda name: first_letters)
        settings = Settings(bits=14, epochs=3, encoder="first_letters")
        report = train([trained[0].parent / "corpus.jsonl"], load_taxonomy(None), out, settings=settings)
    assert set(report.calibrations) == {"lexical", "semantic"}
    assert report.version.name == "lexical+first_letters"
    return out


def test_the_head_with_the_encoder_judges_where_the_encoder_is_there(
    semantic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classify.pipeline.load_encoder", lambda name: first_letters)
    classifier = load(semantic, load_taxonomy(None), Numbers())
    (found,) = classified(classifier, query(READING))
    assert found.model is not None
    assert found.model.name == "lexical+first_letters"
    assert found.ranking[0].concern == "zaehlerstand"
    assert found.evidence


def test_the_lexical_head_takes_over_where_the_other_is_damaged(
    semantic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("classify.pipeline.load_encoder", lambda name: first_letters)
    folder = tmp_path / "model"
    shutil.copytree(semantic, folder)
    (folder / "concerns" / "semantic" / "weights.npz").write_bytes(b"PK")
    classifier = load(folder, load_taxonomy(None), Numbers())
    assert "the lexical one takes over" in caplog.text
    assert classified(classifier, query(READING))[0].ranking[0].concern == "zaehlerstand"


def test_the_lexical_head_takes_over_where_the_encoder_is_missing(
    semantic: Path, caplog: pytest.LogCaptureFixture
) -> None:
    classifier = load(semantic, load_taxonomy(None), Numbers())
    (found,) = classified(classifier, query(READING))
    assert "no sentence encoder 'first_letters'" in caplog.text
    assert found.model is not None
    assert found.model.name == "lexical"
    assert found.ranking[0].concern == "zaehlerstand"
