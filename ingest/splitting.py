"""Tells the letters of one scan apart: by separators, else by what begins a letter."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.din5008 import (
    DATE_ONLY,
    GREETING,
    OTHER_DATE,
    POSTCODE,
    SALUTATION,
    find_date,
    is_ours,
    return_line_name,
)
from ingest.enclosures import Enclosure, enclosures
from ingest.layout import Row
from ingest.readers.pages import Reading
from models.config import Utility
from models.message import Document

_PAGE_OF = re.compile(r"(?:\b(?:seite|blatt|page)\s*|^[-–]\s*|^)(\d{1,3})(?:\s*(?:von|of|/)\s*(\d{1,3})|\s*[-–]\s*$)", re.IGNORECASE)
_PAGE_NAMED = re.compile(r"^(?:seite|blatt|page)\s*(\d{1,3})\s*$", re.IGNORECASE)
_HEAD = 0.45
"""Letterhead, window and date stand in this part of the page."""
_PROPOSED = 0.75
"""Confidence from which a new letter is proposed."""
_UNENDED = 0.7
"""Factor where nobody has closed the letter before."""
_WEIGHTS = {"letterhead": 0.5, "our address": 0.5, "salutation": 0.55, "date": 0.35, "page 1": 0.6}
"""What each sign of a beginning is worth; independent ones add up."""


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of one scan."""

    documents: tuple[Document, ...]
    """In their order; separator sheets belong to none."""
    separated: bool
    """Told apart by separators, not only proposed."""


def split(readings: Sequence[Reading], utility: Utility) -> Letters:
    """Find the letters in the pages of a scan.

    Blank pages stay with the letter before them: they are marked and never dropped.
    """
    if any(reading.separator for reading in readings):
        return Letters(tuple(_by_separators(readings)), separated=True)
    return Letters(tuple(_by_beginnings(readings, utility)), separated=False)


def _by_separators(readings: Sequence[Reading]) -> Iterator[Document]:
    pages: list[int] = []
    reason = "before the first separator"
    blank = True
    for reading in readings:
        separator = reading.separator
        if separator is not None:
            # What lies between two separators but blank backs is a letter.
            if pages and not blank:
                yield Document(tuple(pages), reason)
                pages, blank = [], True
            reason = separator.reason
        if separator is None or separator.keep_page:
            pages.append(reading.page.number)
            blank = blank and reading.page.blank
    if pages and not blank:
        yield Document(tuple(pages), reason)


def _by_beginnings(readings: Sequence[Reading], utility: Utility) -> Iterator[Document]:
    pages: list[int] = []
    reason = "one file"
    read: list[Reading] = []
    for reading in readings:
        sure, signs = _beginning(reading, read, utility) if read and reading.rows else (0.0, [])
        if sure >= _PROPOSED:
            yield Document(tuple(pages), reason)
            pages, read = [], []
            reason = f"proposed, {sure:.0%} sure: {', '.join(signs)} on page {reading.page.number}"
        pages.append(reading.page.number)
        if reading.rows:
            read.append(reading)
    yield Document(tuple(pages), reason)


def _beginning(reading: Reading, before: Sequence[Reading], utility: Utility) -> tuple[float, list[str]]:
    """How sure it is, 0 to 1, that a new letter begins here, and the signs of it."""
    number = page_number(reading.rows)
    if number > 1:
        return 0.0, []
    pages = [(other.page.number, other.rows) for other in (*before, reading)]
    # Our bill has a letterhead and a salutation, too, but nobody sends it to us as a letter.
    if enclosures(pages, utility).get(reading.page.number) is not None:
        return 0.0, []
    signs = list(_signs(reading.rows, number, utility))
    doubt = 1.0
    for sign in signs:
        doubt *= 1 - _WEIGHTS[sign]
    ended = any(GREETING.match(row.text) for other in before for row in other.rows if len(row.text) < 60)
    return (1 - doubt) * (1.0 if ended else _UNENDED), signs


def _signs(rows: Sequence[Row], number: int, utility: Utility) -> Iterator[str]:
    head = [row for row in rows if row.middle < _HEAD]
    pieces = [piece.text for row in head for piece in row.pieces]
    ours = [is_ours(text, utility) for text in pieces]
    if any(not own and (return_line_name(text) or POSTCODE.search(text)) for text, own in zip(pieces, ours, strict=True)):
        yield "letterhead"
    if any(ours):
        yield "our address"
    if any(SALUTATION.match(row.text) for row in rows if row.middle < 2 * _HEAD):
        yield "salutation"
    if any(DATE_ONLY.match(text) and not OTHER_DATE.search(text) and find_date(text) for text in pieces):
        yield "date"
    if number == 1:
        yield "page 1"


def page_number(rows: Sequence[Row]) -> int:
    """The number printed at the top or bottom of a page; 0 if there is none.

    >>> from ingest.layout import Piece
    >>> page_number([Row((Piece("Seite 2 von 3", 0.8, 0.9, 0.95, 0.96, 1.0),))])
    2
    """
    edges = [piece.text.strip() for row in (*rows[:3], *rows[-3:]) for piece in row.pieces]
    for text in edges:
        match = _PAGE_NAMED.match(text) or (_PAGE_OF.search(text) if len(text) < 25 else None)
        if match:
            return int(match[1])
    return 0
