"""Letters told apart without sheets, and enclosures told from the letter, in files as people scan them."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from ingest.readers import letter
from ingest.readers.base import Context, ReaderSettings
from ingest.typeset import typeset
from models.config import Ocr, Splitting, Utility
from models.message import Channel, Message, Original

LETTERS = Path(__file__).parent.parent / "data" / "letters"
TRUTH: dict[str, dict[str, Any]] = tomllib.loads((LETTERS / "letters.toml").read_text("utf-8"))
UTILITY = Utility(
    name="Stadtwerke Musterstadt",
    postal_address=("Stadtwerke Musterstadt GmbH", "Am Wasserturm 1", "47799 Musterstadt"),
)
BILL = """Stadtwerke Musterstadt GmbH · Am Wasserturm 1 · 47799 Musterstadt

Renate Holtkamp
Ostwall 113
47798 Krefeld
\tMusterstadt, 02.12.2025

# Ihre Jahresrechnung Nr. R-2025-884120

Sehr geehrte Frau Holtkamp,

für den Umzug oder die Kündigung Ihres Vertrags wenden Sie sich bitte an uns. Wir buchen den
Abschlag von 187,00 € am 15. Dezember ab.

Mit freundlichen Grüßen
Stadtwerke Musterstadt GmbH
"""
BILL_2 = """Verbrauchsübersicht\tRechnung R-2025-884120

Zählernummer\tVerbrauch
1EMH0012847705\t4.812 kWh
Der Grundpreis beträgt 12,50 € im Monat und wird Ihnen für zwölf Monate berechnet.
"""
MANDATE = """# SEPA-Lastschriftmandat

Gläubiger-Identifikationsnummer DE98ZZZ09999999999
Ich ermächtige die Stadtwerke Musterstadt, Zahlungen von meinem Konto einzuziehen.
IBAN DE83 3704 0044 0768 8356 01
"""
CERTIFICATE = """Standesamt Krefeld
Sterbeurkunde

Ernst Holtkamp ist am 3. Januar 2026 in Krefeld verstorben. Geboren am 1. Mai 1931 in Moers.
"""
POSTSCRIPT = """Noch etwas: als ich gestern im Keller war, roch es bei mir nach Gas.
Bitte schicken Sie mir jemanden vorbei.
"""


def text_of(name: str) -> str:
    return (LETTERS / f"{name}.txt").read_text("utf-8")


def read(*pages: str, splitting: Splitting | None = None) -> Message:
    settings = ReaderSettings(utility=UTILITY, ocr=Ocr(engine="none"), splitting=splitting or Splitting())
    return letter.read(typeset(pages, size=9.5), Original("", Channel.letter), Context(settings, lambda *_: None))


@pytest.mark.parametrize(("first", "second"), [("abschlag", "umzug"), ("pv", "sepa"), ("nachlass", "zaehlerstand")])
def test_two_letters_in_one_file_are_proposed_apart(first: str, second: str) -> None:
    message = read(text_of(first), text_of(second))
    assert [document.pages for document in message.documents] == [(1,), (2,)]
    assert message.documents[1].reason.startswith("proposed, ")
    assert "salutation" in message.documents[1].reason


def test_every_pair_of_letters_is_told_apart() -> None:
    missed = [
        (first, second)
        for first in TRUTH
        for second in ("kuendigung",)
        if first != second and len(read(text_of(first), text_of(second)).documents) != 2
    ]
    assert missed == []


def test_a_proposal_changes_nothing_else() -> None:
    message = read(text_of("abschlag"), text_of("umzug"))
    assert message.subject == TRUTH["abschlag"]["subject"]
    assert TRUTH["abschlag"]["first"] in message.text
    assert TRUTH["umzug"]["last"] in message.text


def test_where_it_is_configured_each_letter_is_read_for_itself() -> None:
    message = read(text_of("abschlag"), text_of("umzug"), splitting=Splitting(without_sheets="apply"))
    for name in ("abschlag", "umzug"):
        assert TRUTH[name]["first"] in message.text
        assert TRUTH[name]["last"] in message.text
    assert "Am Wasserturm" not in message.text


def test_the_second_page_of_a_letter_is_no_new_letter() -> None:
    second = "Seite 2 von 2\n\nDer Zähler steht auf 4711.\n\nMit freundlichen Grüßen\nUwe Pohl"
    for page in (second, second.replace("Seite 2 von 2", "- 2 -"), second.replace("Seite 2 von 2\n\n", "")):
        message = read("Uwe Pohl, Ring 3, 47051 Duisburg\n\nHallo,\n\nhier die erste Seite.", page)
        assert [document.pages for document in message.documents] == [(1, 2)]
        assert "4711" in message.text


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ((BILL,), "page 2: a copy of our own letter or bill"),
        (
            (BILL, BILL_2),
            "page 2: a copy of our own letter or bill; page 3: a copy of our own letter or bill",
        ),
        ((MANDATE,), "page 2: a SEPA mandate"),
        ((CERTIFICATE,), "page 2: a death certificate"),
        (("Zählernummer 123\nGas",), "page 2: a picture"),
        (("Anlage 1\n\n" + BILL_2,), "page 2: an enclosure"),
    ],
    ids=["bill", "bill of two pages", "mandate", "certificate", "photo", "marked"],
)
def test_an_enclosure_is_in_the_full_text_only(pages: tuple[str, ...], reason: str) -> None:
    alone, message = read(text_of("abschlag")), read(text_of("abschlag"), *pages)
    assert message.text == alone.text
    assert message.subject == alone.subject
    assert message.from_ == alone.from_
    assert message.full_text.startswith(alone.full_text)
    assert len(message.full_text) > len(alone.full_text)
    assert [document.reason for document in message.documents] == [f"one file; {reason}"]


def test_a_bill_scanned_before_the_letter_is_an_enclosure_too() -> None:
    message = read(BILL, BILL_2, text_of("abschlag"))
    assert message.text == read(text_of("abschlag")).text
    assert message.subject == TRUTH["abschlag"]["subject"]


def test_a_form_that_comes_alone_is_what_the_sender_says() -> None:
    assert "Lastschriftmandat" in read(MANDATE).text
    assert "Jahresrechnung" in read(BILL).text + read(BILL).subject


def test_what_the_sender_adds_on_another_page_is_never_an_enclosure() -> None:
    message = read(text_of("abschlag"), POSTSCRIPT)
    assert "roch es bei mir nach Gas" in message.text
    assert [document.reason for document in message.documents] == ["one file"]


def test_a_letter_to_a_clerk_by_name_is_not_ours() -> None:
    page = text_of("widerspruch").replace("Sehr geehrte Damen und Herren", "Sehr geehrte Frau Meier")
    assert TRUTH["widerspruch"]["first"] in read(text_of("umzug"), page).text


@pytest.mark.parametrize("name", TRUTH)
def test_no_letter_is_taken_for_an_enclosure(name: str) -> None:
    message = read(text_of("umzug"), text_of(name)) if name != "umzug" else read(text_of("pv"), text_of(name))
    assert TRUTH[name]["first"] in message.text
    assert not any(
        "page" in document.reason.split(";", 1)[-1] for document in message.documents if ";" in document.reason
    )
