"""The parts of a letter, found in the text layers of letters that people could have written."""

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ingest.din5008 import dissect, find_date
from ingest.layout import Piece, Row, without_hyphens
from ingest.readers import letter
from ingest.readers.base import Context, ReaderSettings
from ingest.typeset import BaseFont, typeset
from models.config import Ocr, Utility
from models.message import Channel, Message, Original

LETTERS = Path(__file__).parent.parent / "data" / "letters"
TRUTH: dict[str, dict[str, Any]] = tomllib.loads((LETTERS / "letters.toml").read_text("utf-8"))
UTILITY = Utility(
    name="Stadtwerke Musterstadt",
    mail_addresses=("@stadtwerke-musterstadt.example",),
    postal_address=("Stadtwerke Musterstadt GmbH", "Am Wasserturm 1", "47799 Musterstadt"),
)


def read(name: str) -> Message:
    wanted = TRUTH[name]
    text = (LETTERS / f"{name}.txt").read_text("utf-8")
    content = typeset([text], font=BaseFont[wanted["font"]], size=wanted.get("size", 11))
    context = Context(ReaderSettings(utility=UTILITY, ocr=Ocr(engine="none")), lambda *_: None)
    return letter.read(content, Original("", Channel.letter), context)


@pytest.mark.parametrize("name", TRUTH)
def test_sender_subject_date_and_text_of_a_letter(name: str) -> None:
    wanted = TRUTH[name]
    message = read(name)
    assert message.subject == wanted["subject"]
    assert message.from_ is not None
    assert message.from_.name == wanted["sender"]
    assert message.sent_at == dt.datetime.combine(wanted["date"], dt.time(), dt.UTC)
    assert wanted["first"] in message.text
    assert wanted["last"] in message.text
    assert "Am Wasserturm" not in message.text, "our own address is not what the sender wrote"
    assert message.text not in message.signature


def test_reference_lines_between_address_and_salutation_belong_to_the_text() -> None:
    assert "Kd.-Nr.: 6120945" in read("sepa").text


def test_the_footer_of_a_firm_is_only_in_the_full_text() -> None:
    message = read("widerspruch")
    assert "HRB 10417" in message.full_text
    assert "HRB 10417" not in message.text + message.signature


def test_enclosures_named_after_the_greeting_are_kept() -> None:
    assert read("ratenzahlung").text.endswith("Anlagen: Attest vom 16.02.2026, Bescheid Jobcenter")


def rows(*texts: str) -> list[Row]:
    """Lines one below the other at the left margin, a larger step where a text begins with a blank."""
    return [
        Row((Piece(text.strip(), 0.1, 0.6, 0.05 + 0.02 * n, 0.06 + 0.02 * n, 0.99),), 1, text.startswith(" "))
        for n, text in enumerate(texts)
    ]


def test_our_own_address_is_never_the_sender() -> None:
    found = dissect(rows("Stadtwerke Musterstadt GmbH", "Am Wasserturm 1", "47799 Musterstadt"), UTILITY)
    assert found.sender is None
    assert found.text == "Stadtwerke Musterstadt GmbH\nAm Wasserturm 1\n47799 Musterstadt", "never empty"


def test_a_customer_in_our_own_town_is_not_taken_for_us() -> None:
    letter = rows(
        "Margarete Fink",
        "Am Wasserturm 16",
        "47798 Musterstadt",
        " Stadtwerke Musterstadt GmbH",
        "Am Wasserturm 1",
        "47799 Musterstadt",
        " Guten Tag,",
        "der Strom ist weg.",
    )
    found = dissect(letter, UTILITY)
    assert found.sender is not None
    assert found.sender.name == "Margarete Fink"
    assert found.text == "Guten Tag,\nder Strom ist weg."


def test_without_a_letterhead_the_signature_names_the_sender() -> None:
    found = dissect(
        rows(
            "Stadtwerke Musterstadt", " Guten Tag,", "der Strom ist weg.", " Mit freundlichen Grüßen", "i. A. Eva Roth"
        ),
        UTILITY,
    )
    assert found.sender is not None
    assert found.sender.name == "Eva Roth"
    assert found.text == "Guten Tag,\nder Strom ist weg."


def test_lost_blanks_do_not_hide_salutation_and_greeting() -> None:
    found = dissect(
        rows("SehrgeehrteDamenundHerren,", "hiermit kündige ich.", "MitfreundlichenGrüßen", "Ulf Maas"), UTILITY
    )
    assert found.text == "SehrgeehrteDamenundHerren,\nhiermit kündige ich."
    assert found.signature == "MitfreundlichenGrüßen\nUlf Maas"


def test_a_letter_without_any_form_is_all_text() -> None:
    found = dissect(rows("bei uns riecht es nach Gas", "kommen Sie schnell"), UTILITY)
    assert found.text == "bei uns riecht es nach Gas\nkommen Sie schnell"
    assert found.subject == ""
    assert found.date is None


def test_a_copied_mail_address_of_ours_is_not_the_senders() -> None:
    found = dissect(
        rows(
            "Uwe Pohl, Ring 3, 47051 Duisburg", "an: service@stadtwerke-musterstadt.example", " Hallo,", "bitte Rückruf"
        ),
        UTILITY,
    )
    assert found.sender is not None
    assert (found.sender.name, found.sender.address) == ("Uwe Pohl", "")


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Goch, am 11.11.2025", dt.date(2025, 11, 11)),
        ("Datum:6.10.26", dt.date(2026, 10, 6)),
        ("5. Mai 2026", dt.date(2026, 5, 5)),
        ("9.November2025", dt.date(2025, 11, 9)),
        ("2026-02-17", dt.date(2026, 2, 17)),
        ("30. Februar 2026", None),
        ("Zähler 1.8.0", None),
    ],
)
def test_dates_as_people_write_them(text: str, date: dt.date | None) -> None:
    assert find_date(text) == date


def test_hyphens_at_line_ends_are_undone_but_not_those_that_belong_there() -> None:
    text = "die Jahres-\nabrechnung für Strom-\nund Gasversorgung in Nordrhein-\nWestfalen, Kd.-\n4711"
    assert without_hyphens(text) == (
        "die Jahresabrechnung\nfür Strom-\nund Gasversorgung in Nordrhein-\nWestfalen, Kd.-\n4711"
    )
