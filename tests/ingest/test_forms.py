import dataclasses
import json
import time
from pathlib import Path

import pytest

from ingest.readers.forms import read_form
from models.config import Form

CASES = sorted((Path(__file__).parents[1] / "data" / "forms").glob("*.txt"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_form_gives_the_customer_and_the_fields(path: Path) -> None:
    case = json.loads(path.with_suffix(".json").read_text("utf-8"))
    forms = tuple(Form(**form) for form in case["forms"])
    found = read_form(path.read_text("utf-8"), case["sender"], forms)
    as_json = json.loads(json.dumps(dataclasses.asdict(found))) if found else None
    assert as_json == case["expected"]


def test_second_form_of_the_same_sender_is_found_by_its_labels() -> None:
    forms = (
        Form(sender="form@stadtwerke.example", name=("Kunde",), mail="Mailadresse", message="Text"),
        Form(sender="form@stadtwerke.example", name=("Name",), mail="E-Mail", message="Nachricht"),
    )
    found = read_form("Name: Ada\nE-Mail: ada@example.com\nNachricht: Hallo", "Form@stadtwerke.example", forms)
    assert found is not None
    assert (found.name, found.mail, found.message, found.guessed) == ("Ada", "ada@example.com", "Hallo", False)


@pytest.mark.parametrize(
    "piece", ["a: b\n", "a:\n", "a | ", "a:", "x\n", "\n", "Nachricht:\n", "@", "a@b.", "* ", "a "]
)
def test_reading_a_form_takes_linear_time(piece: str) -> None:
    text = "Name: x\nNachricht: y\n" + piece * (200_000 // len(piece))
    started = time.perf_counter()
    read_form(text, "noreply@example.com", ())
    assert time.perf_counter() - started < 5
