"""`classify`: the keys that programs rely on, offsets that fit, and danger rules whatever becomes of the model."""

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from tests.house import House, in_own_process

KEYS = [
    "id",
    "primary",
    "concerns",
    "ranking",
    "decided",
    "danger",
    "danger_reason",
    "language",
    "mentions",
    "evidence",
]
MENTION_KEYS = ["kind", "text", "value", "check", "start", "end"]
FURTHER = {"danger_passage", "model"}
GAS = {"id": "g", "subject": "Hilfe", "body": "Im Keller riecht es stark nach Gas!", "channel": "email"}
IBAN = {
    "id": 7,
    "subject": "Neue Bankverbindung 🏦",
    "body": "Meine IBAN: DE89 3704 0044 0532 0130 00, gültig ab 1. März 2026. Grüße, Änne",
    "channel": "letter",
    "received_at": "2026-02-02",
}


def classified(house: House, *messages: dict[str, Any], more: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    stdin = "\n\n".join(json.dumps(message, ensure_ascii=False) for message in messages).encode()
    done = house("classify", "--json", *more, stdin=stdin)
    assert (done.code, done.err) == (0, "")
    return [json.loads(line) for line in done.out.splitlines()]


def with_model(house: House, model: str) -> None:
    house.config.write_text(house.config.read_text().replace('model = "none"', f'model = "{model}"'))


def assert_complete(value: dict[str, Any], message: dict[str, Any]) -> None:
    """The keys are those that are promised, in their order; every offset fits."""
    assert [key for key in value if key not in FURTHER] == KEYS
    text = f"{message.get('subject', '')}\n{message['body']}"
    for mention in value["mentions"]:
        assert list(mention) == MENTION_KEYS
        assert text[mention["start"] : mention["end"]] == mention["text"]
        assert mention["check"] in {"valid", "invalid", "unchecked"}
    for score in (*value["concerns"], *value["ranking"]):
        assert list(score) == ["concern", "confidence"]
        assert 0 <= score["confidence"] <= 1


def test_rules_alone_find_dangers_and_mentions(house: House) -> None:
    gas, iban = classified(house, GAS, IBAN, more=("--no-model",))
    assert_complete(gas, GAS)
    assert_complete(iban, IBAN)
    assert (gas["id"], gas["danger"], gas["primary"], gas["decided"]) == ("g", "alarm", "notfall_gefahr", True)
    assert (iban["id"], iban["danger"], iban["primary"], iban["ranking"]) == (7, None, None, [])
    found = {mention["kind"]: mention for mention in iban["mentions"]}
    assert (found["iban"]["value"], found["iban"]["check"]) == ("DE89370400440532013000", "valid")
    assert found["datum"]["value"] == "2026-03-01"


def test_the_shipped_model_ranks_five_and_says_why(house: House) -> None:
    with_model(house, "")
    gas, iban = classified(house, GAS, IBAN)
    for value, message in ((gas, GAS), (iban, IBAN)):
        assert_complete(value, message)
        assert len(value["ranking"]) == 5
        assert value["ranking"] == sorted(value["ranking"], key=lambda score: -score["confidence"])
        assert value["model"]["version"]
    assert (gas["danger"], gas["primary"]) == ("alarm", "notfall_gefahr")
    assert iban["ranking"][0]["concern"] == "bankverbindung_sepa"
    assert iban["evidence"]
    assert all(list(piece) == ["text", "weight"] for piece in iban["evidence"])


@pytest.mark.parametrize("model", ["missing", "broken"])
def test_an_alarm_needs_no_model(model: str, house: House, caplog: pytest.LogCaptureFixture) -> None:
    broken = house.folder / "broken"
    broken.mkdir()
    (broken / "meta.json").write_text('{"lang": "de"}')
    (broken / "config.cfg").write_bytes(os.urandom(100))
    with_model(house, model)
    with caplog.at_level(logging.WARNING):
        (gas,) = classified(house, GAS)
    assert (gas["danger"], gas["primary"], gas["model"]) == ("alarm", "notfall_gefahr", None)
    assert "only danger and mentions are looked for" in caplog.text


def test_only_the_body_must_be_there(house: House) -> None:
    empty, minimal, null = classified(
        house, {"body": ""}, {"body": "Umzug"}, {"id": None, "subject": None, "body": None, "received_at": None},
        more=("--no-model",),
    )  # fmt: skip
    assert [value["id"] for value in (empty, minimal, null)] == [None, None, None]
    assert_complete(minimal, {"body": "Umzug"})
    assert null["mentions"] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"Guten Tag", "Line 2 of the input is no JSON object"),
        (b"[1]", "Line 2 of the input is no JSON object"),
        (b'{"id": 1}', "at least 'body'"),
        (b'{"body": "x", "received_at": "gestern"}', "'gestern'"),
        (b'{"body": "\xff"}', "Line 2 of the input is no JSON object"),
    ],
)
def test_a_line_that_is_none_is_named_and_what_stood_before_is_told(house: House, line: bytes, said: str) -> None:
    done = house("classify", "--json", "--no-model", stdin=b'{"id": 1, "body": "Umzug"}\n' + line + b"\n")
    assert done.code == os.EX_USAGE
    assert said in done.err
    assert "Traceback" not in done.err
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == [1]


def test_half_a_character_harms_neither_rules_nor_model(house: House) -> None:
    line = b'{"id": 1, "subject": "\\ud800", "body": "IBAN DE89370400440532013000 \\udfff"}\n'
    for more in (("--no-model",), ()):
        done = house("classify", "--json", *more, stdin=line)
        assert (done.code, done.err) == (0, "")
        (mention,) = json.loads(done.out)["mentions"]
        assert (mention["start"], mention["end"]) == (7, 29)


def test_people_see_the_danger_first(house: House) -> None:
    done = house("classify", "--no-model", stdin=json.dumps(GAS).encode())
    assert done.code == 0
    assert done.out.index("ALARM: Words of gas") < done.out.index("Words that decided")


def test_nothing_in_is_nothing_out(house: House) -> None:
    done = house("classify", "--json", "--no-model")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_the_output_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONIOENCODING": "latin-1"}
    stdin = json.dumps(IBAN, ensure_ascii=False).encode()
    done = in_own_process("classify", "--json", "--no-model", input=stdin, env=environment, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    (value,) = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    assert_complete(value, IBAN)
