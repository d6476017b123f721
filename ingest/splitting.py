"""Tells the letters of one scan apart: by separators, else by what begins a letter."""

import math
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
from ingest.enclosures import enclosures
from ingest.layout import Row
from ingest.readers.pages import Reading
from models.config import Utility
from models.message import Document

Rows = tuple[Row, ...]

_PAGE_NUMBER = re.compile(
    r"(?:(?:seite|blatt|page)\s*(\d{1,3})(?:\s*(?:von|of|/)\s*\d{1,3})?|[-–]\s*(\d{1,3})\s*[-–]|(\d{1,2})\s*(?:von|/)\s*\d{1,2})",
    re.IGNORECASE,
)
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


@dataclass(frozen=True, slots=True)
class _Before:
    """What is remembered of the pages of a letter: a scan of hundreds of pages must not be read again for each."""

    rows: tuple[Rows, ...] = ()
    """Of its first page and its last ones that have text."""
    ended: bool = False
    """Somebody has closed the letter."""

    def followed_by(self, rows: Rows) -> "_Before":
        """One page more."""
        if not rows:
            return self
        ended = any(GREETING.match(row.text) for row in rows if len(row.text) < 60)
        return _Before((*self.rows[:1], *self.rows[1:][-3:], rows), self.ended or ended)


def split(readings: Sequence[Reading], utility: Utility) -> Letters:
    """Find the letters in the pages of a scan.

    Blank pages stay with their neighbours; a run of blank pages alone is no letter.
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
    before = _Before()
    for reading in readings:
        sure, signs = _beginning(reading, before, utility) if before.rows and reading.rows else (0.0, [])
        if sure >= _PROPOSED:
            yield Document(tuple(pages), reason)
            pages, before = [], _Before()
            reason = f"proposed, {sure:.0%} sure: {', '.join(signs)} on page {reading.page.number}"
        pages.append(reading.page.number)
        before = before.followed_by(reading.rows)
    yield Document(tuple(pages), reason)


def _beginning(reading: Reading, before: _Before, utility: Utility) -> tuple[float, list[str]]:
    """How sure it is, 0 to 1, that a new letter begins here, and the signs of it."""
    number = page_number(reading.rows)
    if number > 1:
        return 0.0, []
    signs = list(_signs(reading.rows, number, utility))
    doubt = math.prod(1 - _WEIGHTS[sign] for sign in signs)
    sure = (1 - doubt) * (1.0 if before.ended else _UNENDED)
    # Our bill has a letterhead and a salutation, too, but nobody sends it to us as a letter.
    if sure >= _PROPOSED and 0 in enclosures([*enumerate(before.rows, -len(before.rows)), (0, reading.rows)], utility):
        return 0.0, []
    return sure, signs


def _signs(rows: Sequence[Row], number: int, utility: Utility) -> Iterator[str]:
    head = [row for row in rows if row.middle < _HEAD]
    pieces = [piece.text for row in head for piece in row.pieces]
    ours = [is_ours(text, utility) for text in pieces]
    if any(
        not own and (return_line_name(text) or POSTCODE.search(text)) for text, own in zip(pieces, ours, strict=True)
    ):
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
    for text in (piece.text.strip() for row in (*rows[:3], *rows[-3:]) for piece in row.pieces):
        if match := _PAGE_NUMBER.fullmatch(text):
            return int(match[match.lastindex or 0])
    return 0
