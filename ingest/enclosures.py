"""Tells the pages of a letter from what was put into the envelope with it.

A copy of our own bill, a form or a certificate must not decide what the sender wants: its words are in the full text
only. A page stays with the letter wherever there is doubt, since a person's words must never be lost.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from ingest.din5008 import GREETING, POSTCODE, SALUTATION, is_ours, return_line_name
from ingest.layout import Row
from models.config import Utility

Rows = Sequence[Row]


class Enclosure(StrEnum):
    """What was enclosed."""

    own_copy = "a copy of our own letter or bill"
    sepa_mandate = "a SEPA mandate"
    power_of_attorney = "a power of attorney"
    death_certificate = "a death certificate"
    certificate = "a certificate or notice"
    reading_card = "a meter reading card"
    handover_record = "a handover record"
    picture = "a picture"
    other = "an enclosure"


_TITLES: Mapping[Enclosure, re.Pattern[str]] = {
    kind: re.compile(rf"\W*(?:{words})", re.IGNORECASE)
    for kind, words in {
        Enclosure.sepa_mandate: r"(?:erteilung\s*(?:eine[rs]\s*)?)?(?:sepa[-\s]*)?(?:basis|firmen)?[-\s]*"
        r"lastschriftmandat|einzugsermächtigung|sepa[-\s]*mandat",
        Enclosure.power_of_attorney: r"(?:\w+[-\s]*)?vollmacht\b(?!\w)",
        Enclosure.death_certificate: r"sterbeurkunde|totenschein|todesbescheinigung",
        Enclosure.certificate: r"(?:gemeinschaftlicher\s*)?erbschein\b|europäisches\s*nachlasszeugnis|betreuerausweis"
        r"|bestellungsurkunde|meldebescheinigung|(?:änderungs|bewilligungs|bürgergeld-?)?bescheid\b|ärztliches?\s*attest"
        r"|attest\b|handelsregister\s*[AB]|inbetriebsetzungsprotokoll|kontoauszug",
        Enclosure.reading_card: r"(?:zähler)?ablesekarte|zählerstands?(?:karte|mitteilung|meldung)|ablesekarte",
        Enclosure.handover_record: r"(?:wohnungs|zähler)?-?\s*übergabe-?protokoll|abnahme-?protokoll",
    }.items()
}
_OUR_MATTERS = re.compile(
    r"\W*(?:ihre?\s+)?(?:(?:jahres|schluss|turnus|strom|gas|wasser|verbrauchs|energie)*-?\s*(?:ab)?rechnung\b|abschlagsplan"
    r"|mahnung|zahlungserinnerung|vertragsbestätigung|preisanpassung|sperrankündigung|auftragsbestätigung)",
    re.IGNORECASE,
)
_TO_A_CUSTOMER = re.compile(r"sehr\s*geehrte[rs]?\s*(?:frau|herr|familie|kund)", re.IGNORECASE)
_MARKED = re.compile(r"\W*(?:anlage|anhang|kopie)\b\W*(?:\d{1,2}|[A-Z])?\W*(?:$|zu[mr]?\b|:)", re.IGNORECASE)
_GOES_ON = re.compile(r"(?:p\.?\s?s\b|nachtrag|(?:seite|blatt)\s*[2-9]|[-–]\s*[2-9]\s*[-–]|rückseite)", re.IGNORECASE)
_FIRST_PERSON = re.compile(
    r"\b(?:ich|mir|mich|meine?[mnrs]?|wir|uns|unsere?[mnrs]?|bitte)\b",
    re.IGNORECASE,
)
_AS_ONE = re.compile(r"\b(?:ich|mir|mich|meine?[mnrs]?)\b", re.IGNORECASE)
_TOP = 0.35
"""Titles, letterheads and windows stand in this part of the page."""
_PROSE = 3
"""So many words of the first person (or "bitte") make a page something that the sender says."""
_FEW = 60
"""Characters: a page with fewer is a picture."""


def enclosures(pages: Sequence[tuple[int, Rows]], utility: Utility) -> dict[int, Enclosure]:
    """The pages that are not the letter itself.

    Args:
        pages: number and rows of each page of one letter that has text, in order.
        utility: who we are.
    """
    found: dict[int, Enclosure] = {}
    begun = ended = False
    last: Enclosure | None = None
    for index, (number, rows) in enumerate(pages):
        kind = _kind(rows, utility)
        if last == Enclosure.own_copy and kind is None and _continues_ours(rows):
            kind = last
        last = _after(rows, kind, ended=ended) if begun else _before(kind, pages[index + 1 :], utility)
        if last is not None:
            found[number] = last
        else:
            begun = True
            ended = ended or any(_closes(row) for row in rows)
    return found


def _continues_ours(rows: Rows) -> bool:
    """The next page of our bill: nobody speaks of himself there."""
    return not _salutes(rows) and not any(_AS_ONE.search(row.text) or _GOES_ON.match(row.text) for row in rows[:40])


def _before(kind: Enclosure | None, following: Sequence[tuple[int, Rows]], utility: Utility) -> Enclosure | None:
    """A first page is enclosed only if it is ours or a form, and a letter to us follows."""
    if kind is None:
        return None
    letters = (rows for _, rows in following if _kind(rows, utility) is None)
    return kind if any(_salutes(rows) for rows in letters) else None


def _after(rows: Rows, kind: Enclosure | None, *, ended: bool) -> Enclosure | None:
    if kind is not None:
        return kind
    if not ended or _salutes(rows) or _GOES_ON.match(rows[0].text) or _GOES_ON.match(rows[-1].text):
        return None
    text = " ".join(row.text for row in rows)
    if len(_FIRST_PERSON.findall(text)) >= _PROSE:
        return None
    return Enclosure.picture if len(text) < _FEW else Enclosure.other


def _kind(rows: Rows, utility: Utility) -> Enclosure | None:
    """What a page is by its own look; None for what may be a letter to us."""
    if _is_own(rows, utility):
        return Enclosure.own_copy
    if _salutes(rows):
        return None
    top = [row for row in rows if row.middle < _TOP] or list(rows[:4])
    for row in top:
        for kind, title in _TITLES.items():
            if title.match(row.text) and len(row.text) < 60:
                return kind
    return Enclosure.other if _MARKED.match(rows[0].text) else None


def _is_own(rows: Rows, utility: Utility) -> bool:
    """We wrote it: closed with our name, or our name stands above the customer's address and the rest speaks for it.

    A letter to us names us, too, but below the address of its sender, and nobody salutes us as a customer.
    """
    if any(_closes(row) and _names_us(rows[index + 1 : index + 4], utility) for index, row in enumerate(rows)):
        return True
    top = [row for row in rows if row.middle < _TOP]
    if not _is_addressed_by_us(top, utility) or _salutes(rows, but=_TO_A_CUSTOMER):
        return False
    to_a_customer = any(_TO_A_CUSTOMER.match(row.text) for row in rows)
    return to_a_customer or any(_OUR_MATTERS.match(p.text) and len(p.text) < 60 for row in rows for p in row.pieces)


def _is_addressed_by_us(top: Rows, utility: Utility) -> bool:
    """Our name first, then a town that is not ours."""
    ours = [n for n, row in enumerate(top) if _names_us([row], utility)]
    towns = [n for n, row in enumerate(top) if POSTCODE.search(row.text) and not _names_us([row], utility)]
    return bool(ours) and bool(towns) and min(ours) < min(towns)


def _names_us(rows: Rows, utility: Utility) -> bool:
    pieces = [piece.text for row in rows for piece in row.pieces]
    return any(is_ours(text, utility) or is_ours(return_line_name(text), utility) for text in pieces)


def _salutes(rows: Rows, *, but: re.Pattern[str] | None = None) -> bool:
    return any(SALUTATION.match(row.text) and not (but and but.match(row.text)) for row in rows)


def _closes(row: Row) -> bool:
    return len(row.text) < 60 and GREETING.match(row.text) is not None
