import json
from pathlib import Path
from typing import Any

import pytest

from classify.concerns import load_taxonomy
from classify.corpus_file import CorpusError, corpus_hash, read_corpus, shipped_corpus
from models.classification import DangerLevel

LINE: dict[str, Any] = {
    "id": "x-1",
    "writer": "x",
    "style": "terse",
    "channel": "email",
    "language": "de",
    "subject": "Gas",
    "body": "Es riecht nach Gas.",
    "primary": "notfall_gefahr",
    "labels": ["notfall_gefahr", "stoerung"],
    "danger": "alarm",
    "mentions": [{"kind": "plz_ort", "text": "44135 Dortmund", "value": "44135 Dortmund"}],
    "received_at": "2026-01-14",
}


def corpus(folder: Path, *lines: dict[str, Any], name: str = "x.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines) + "\n", "utf-8")
    return path


def test_a_line_becomes_a_message(tmp_path: Path) -> None:
    (message,) = read_corpus([corpus(tmp_path, LINE)], load_taxonomy(None))
    assert (message.primary, message.labels) == ("notfall_gefahr", ("notfall_gefahr", "stoerung"))
    assert message.danger is DangerLevel.alarm
    assert message.mentions[0].value == "44135 Dortmund"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"primary": "gas"}, "x.jsonl:1: the concern 'gas'"),
        ({"labels": ["notfall_gefahr", "gas"]}, "the concern 'gas'"),
        ({"danger": "maybe"}, "x.jsonl:1: 'danger'"),
        ({"writer": ""}, "'writer'"),
        ({"extra": 1}, "'extra'"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    with pytest.raises(CorpusError, match=named):
        read_corpus([corpus(tmp_path, LINE | change)], load_taxonomy(None))


def test_an_id_used_twice_is_named_with_both_places(tmp_path: Path) -> None:
    paths = [corpus(tmp_path, LINE, name="a.jsonl"), corpus(tmp_path, LINE, name="b.jsonl")]
    with pytest.raises(CorpusError, match=r"b\.jsonl:1: the id 'x-1' was used before, in a\.jsonl:1"):
        read_corpus(paths, load_taxonomy(None))


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none\.jsonl"):
        read_corpus([tmp_path / "none.jsonl"], load_taxonomy(None))
    (tmp_path / "x.jsonl").write_text("{]\n", "utf-8")
    with pytest.raises(CorpusError, match=r"x\.jsonl:1"):
        read_corpus([tmp_path / "x.jsonl"], load_taxonomy(None))


def test_renamed_concerns_are_followed_and_removed_ones_left_out(tmp_path: Path) -> None:
    site = tmp_path / "concerns.toml"
    site.write_text(
        'extends = true\n[rename]\nnotfall_gefahr = "gefahr"\n[remove]\nconcerns = ["stoerung", "umzug"]\n', "utf-8"
    )
    moved = LINE | {"id": "x-2", "primary": "umzug", "labels": ["umzug", "zaehlerstand"]}
    (message,) = read_corpus([corpus(tmp_path, LINE, moved)], load_taxonomy(site))
    assert (message.id, message.labels) == ("x-1", ("gefahr",))


def test_the_hash_is_of_the_messages_not_of_their_files(tmp_path: Path) -> None:
    other = LINE | {"id": "x-2"}
    taxonomy = load_taxonomy(None)
    one = read_corpus([corpus(tmp_path, LINE, other)], taxonomy)
    two = read_corpus([corpus(tmp_path, other, LINE, name="y.jsonl")], taxonomy)
    changed = read_corpus([corpus(tmp_path, LINE, other | {"body": "!"})], taxonomy)
    assert corpus_hash(one) == corpus_hash(two) != corpus_hash(changed)
    assert len(corpus_hash(one)) == 64


def test_the_shipped_corpus_can_be_read() -> None:
    messages = read_corpus(shipped_corpus(), load_taxonomy(None))
    assert len({message.writer for message in messages}) > 1
    assert {message.channel for message in messages} <= {"email", "letter"}
