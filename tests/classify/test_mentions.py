import json
import re
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classify.mentions import find_mentions
from models.classification import Check, Mention
from models.config import Numbers

DATA = Path(__file__).parents[1] / "data" / "mentions"
JUDGED = {
    "iban", "malo", "melo", "zaehlernummer", "kundennummer", "vertragskonto", "rechnungsnummer", "zaehlerstand",
    "betrag", "datum", "plz_ort", "telefon", "email",
}  # fmt: skip


def found(body: str, *, subject: str = "", received_on: str = "2026-02-10") -> tuple[Mention, ...]:
    return find_mentions(subject, body, received_on=received_on, numbers=Numbers())


def values(body: str, kind: str) -> list[str]:
    return [mention.value for mention in found(body) if mention.kind == kind]


def comparable(kind: str, value: str) -> tuple[str, str]:
    return kind, value if kind == "plz_ort" else re.sub(r"\s", "", value).upper()


@pytest.mark.parametrize(("name", "least"), [("tuning", 0.97), ("heldout", 0.95)])
def test_annotated_messages_are_read_as_annotated(name: str, least: float) -> None:
    counts: Counter[str] = Counter()
    for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        got = {
            comparable(mention.kind, mention.value)
            for mention in found(row["body"], subject=row["subject"], received_on=row["received_on"])
            if mention.kind in JUDGED
        }
        want = {comparable(one["kind"], one["value"]) for one in row["mentions"] if one["kind"] in JUDGED}
        counts.update(right=len(got & want), all=len(got) + len(want))
    assert 2 * counts["right"] / counts["all"] >= least


def test_a_move_is_read_whole_with_offsets_into_subject_and_body() -> None:
    subject = "Umzug, Kd.-Nr. 100 234 567"
    body = (
        "Guten Tag,\nich ziehe zum 1. März in die Berliner Str. 45, 40789 Monheim am Rhein.\n"
        "Zähler 1 EMH00 1234 5678, Stand am 28.02.: 45.678,9 kWh. "
        "Abschlag bitte 85,- Euro von DE89 3704 0044 0532 0130 00.\n"
        "Tel. 0151 12345678, Mail Anna.K@web.de\n\nMit freundlichen Grüßen\nAnna Kern"
    )
    mentions = found(body, subject=subject)
    text = f"{subject}\n{body}"
    assert all(text[mention.start : mention.end] == mention.text for mention in mentions)
    assert [(mention.kind, mention.value, mention.check) for mention in mentions] == [
        ("kundennummer", "100234567", Check.unchecked),
        ("datum", "2026-03-01", Check.unchecked),
        ("strasse", "Berliner Str. 45", Check.unchecked),
        ("plz_ort", "40789 Monheim am Rhein", Check.unchecked),
        ("zaehlernummer", "1EMH0012345678", Check.unchecked),
        ("datum", "2026-02-28", Check.unchecked),
        ("zaehlerstand", "45678.9", Check.unchecked),
        ("betrag", "85.00", Check.unchecked),
        ("iban", "DE89370400440532013000", Check.valid),
        ("telefon", "+4915112345678", Check.valid),
        ("email", "anna.k@web.de", Check.unchecked),
        ("name", "Anna Kern", Check.unchecked),
    ]


@pytest.mark.parametrize(
    ("body", "readings"),
    [
        ("Stand 12345", ["12345"]),
        ("Zählerstand: 012345,6", ["12345.6"]),
        ("HT 12345 NT 6789", ["12345", "6789"]),
        ("abgelesen 4.711 m³", ["4711"]),
        ("der Zähler zeigt 45678", ["45678"]),
        ("Stand:     |0 6 2 7 4 1|", ["62741"]),
        ("Zählerstand:78901", ["78901"]),
        ("Strom: 12001\nGas: 3002\nWasser: 403", ["12001", "3002", "403"]),
        ("Verbrauch 3.400 kWh im Jahr, 98 m², 3 Personen", []),
        ("Angebot für 3500 kWh, 32,5 ct/kWh", []),
    ],
)
def test_readings_are_told_from_consumption(body: str, readings: list[str]) -> None:
    assert values(body, "zaehlerstand") == readings


@pytest.mark.parametrize(
    ("body", "towns"),
    [
        ("47051 Duisburg Strom anmelden", ["47051 Duisburg"]),
        ("D-45468 Mülheim an der Ruhr.", ["45468 Mülheim an der Ruhr"]),
        ("61348 Bad Homburg vor der Höhe", ["61348 Bad Homburg vor der Höhe"]),
        ("06108 Halle (Saale)", ["06108 Halle (Saale)"]),
        ("38855 Wernigerode, OT Silstedt", ["38855 Wernigerode"]),
        ("Zählerstand 45678 Herzliche Grüße", []),
        ("12345 Haushalte", []),
    ],
)
def test_towns_are_told_from_other_words_behind_five_digits(body: str, towns: list[str]) -> None:
    assert values(body, "plz_ort") == towns


@pytest.mark.parametrize(
    ("body", "days"),
    [
        ("am 31.12. abgelesen", ["2025-12-31"]),
        ("Kündigung zum 31. Dezember", ["2026-12-31"]),
        ("vom 01.01. bis 31.12.2025", ["2025-01-01", "2025-12-31"]),
        ("30.02.2026 oder 29.02.2024", ["2024-02-29"]),
        (
            "on 12 January 2026, March 3rd, 1 Mart 2026, 31 maja",
            ["2026-01-12", "2026-03-03", "2026-03-01", "2026-05-31"],
        ),
        ("Datum:6.10.2025", ["2025-10-06"]),
        ("OBIS 1.8.0 und Version 2.10", []),
    ],
)
def test_dates_are_of_the_calendar_and_nearest_to_the_receipt(body: str, days: list[str]) -> None:
    assert values(body, "datum") == days


def test_without_a_day_of_receipt_dates_without_a_year_are_left_out() -> None:
    assert [mention.value for mention in found("1.3.; 1.3.2026", received_on="")] == ["2026-03-01"]


def test_labels_decide_what_a_number_is() -> None:
    body = "Kundennr 4711-0815, VK 200099887766, Rg.-Nr. 2026-4455, Zähler Nr. 12345678, Az. 12 M 345/25"
    assert [(mention.kind, mention.value) for mention in found(body)] == [
        ("kundennummer", "4711-0815"),
        ("vertragskonto", "200099887766"),
        ("rechnungsnummer", "2026-4455"),
        ("zaehlernummer", "12345678"),
        ("aktenzeichen", "12 M 345/25"),
    ]


@given(st.text(alphabet="0123456789 .,-/:€DEIBANkdnrZählerstandMärz\n@", max_size=200))
@settings(max_examples=150, deadline=None)
def test_mentions_never_overlap_and_are_always_as_written(body: str) -> None:
    mentions = found(body, subject="Stand")
    text = f"Stand\n{body}"
    assert all(text[mention.start : mention.end] == mention.text for mention in mentions)
    assert all(first.end <= second.start for first, second in pairwise(mentions))


@pytest.mark.parametrize(
    "unit",
    [
        "1 2",
        " ",
        "\n",
        "Kundennummer ",
        "Zählerstand: ",
        "DE12 ",
        "1.",
        "12345 Aa-",
        "a@a.",
        "Am Ab 1 ",
        "1,",
        "Stand am 1. Nr. ",
    ],
)
def test_time_grows_no_faster_than_the_text(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * (length // len(unit) + 1))[:length]
        start = time.process_time()
        found(text)
        return time.process_time() - start

    seconds(1_000)
    assert seconds(24_000) < 4 * (2 * seconds(6_000) + 0.1)


def test_importing_loads_no_heavy_library() -> None:
    heavy = {"phonenumbers", "pydantic", "stdnum", "spacy", "numpy"}
    program = f"import sys, classify.mentions, classify.danger; print(sorted({heavy} & {{*sys.modules}}))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
