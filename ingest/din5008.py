"""Finds the parts of a German letter: who writes, when, about what, and the text between salutation and greeting.

DIN 5008 says where things stand; private letters often do otherwise, so words decide before places. On a letter to us
the address window holds *our* address: it never names the sender. The sender is the small line above the window, the
block at the top, or else the name after the greeting.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from ingest.layout import Row, without_hyphens
from models.config import Utility
from models.message import Address

# Engines lose blanks: every blank inside a phrase may be missing.
SALUTATION = re.compile(
    r"(?:sehr\s*(?:geehrte|verehrte)|guten\s*(?:tag|morgen|abend)\b|hallo\b|liebe[rs]?\s*\w|werte[rs]?\s|moin\b"
    r"|dear\s|to\s*whom|an\s*alle\b|grüß\s*gott)",
    re.IGNORECASE,
)
GREETING = re.compile(
    r"(?:mit\s*(?:\w+\s*){0,2}?(?:freundlich|best|viel|herzlich|lieb|kollegial)\w*\s*(?:\w+\s*)?gr[uü](?:ß|ss|e)"
    r"|(?:freundlich|viel|best|herzlich|lieb|schön|sonnig)\w*\s*gr[uü](?:ß|ss)|hochachtungsvoll|mfg\b|gruß\b"
    r"|es\s*grüßt|gute[nr]?\s*rutsch|danke\s*(?:&|und)\s*(?:viele\s*)?gr[uü]|i\.?\s*a\.\s|kind\s*regards|yours\s)",
    re.IGNORECASE,
)
_SUBJECT_LABEL = re.compile(r"^(?:betreff|betr\.?|betrifft|subject)\s*[:.]\s*(.+)$", re.IGNORECASE)
ENCLOSURES = re.compile(r"^(?:anlagen?\b|anbei\b|p\.?\s?s\.?\b|ps:)", re.IGNORECASE)
_NUMBERS = re.compile(r"\d+")
_FOOTER = re.compile(
    r"\b(?:HR\s?[AB]\b|Handelsregister|Amtsgericht|Geschäftsführ|USt-?\s?Id|Steuernummer|Steuer-Nr|Partnerschaftsregister"
    r"|Vorstand|Aufsichtsrat|Sitz der|BIC\b.*IBAN|IBAN\b.*BIC)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"(?:kunden|vertrag|konto|zähler|rechnung|zeichen|az\b|az\.|aktenzeichen|kd\.|nr\.|mandat|marktlokation|malo)",
    re.IGNORECASE,
)
_PAGE_NUMBER = re.compile(r"^(?:[-–]\s*\d{1,3}\s*[-–]|seite\s*\d{1,3}(?:\s*(?:von|/)\s*\d{1,3})?)$", re.IGNORECASE)
POSTCODE = re.compile(r"(?<!\d)(?:D[- ])?\d{5}(?!\d)\s*[A-ZÄÖÜ]")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SEPARATOR = re.compile(r"\s*[·•|∙●*]\s*|\s+[–—-]\s+|,\s*")
_NOT_A_NAME = re.compile(r"\d|@|\b(?:tel|fax|telefon|mobil|datum|e-?mail|betreff|an die|an das|www)\b", re.IGNORECASE)
_MONTHS = {
    "jan": 1,
    "jän": 1,
    "feb": 2,
    "mär": 3,
    "mae": 3,
    "mrz": 3,
    "apr": 4,
    "mai": 5,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "okt": 10,
    "nov": 11,
    "dez": 12,
}
"""By the first three letters."""
_DATE = re.compile(
    r"(?<![\d.])(\d{1,2})\s?\.\s?(?:(\d{1,2})\s?\.\s?|([A-Za-zäÄ]{3,9})\.?\s?)(\d{4}|\d{2})(?!\d)|(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)"
)
DATE_ONLY = re.compile(r"^(?:[A-ZÄÖÜ][\w .\-/()äöüß]{1,40}?,?\s*)?(?:den|am)?\s*(?:\d{1,2}\s?\.|\d{4}-)", re.IGNORECASE)
OTHER_DATE = re.compile(r"nachricht|schreiben vom|geb\.|geboren|eingang", re.IGNORECASE)

_OURS = 82
"""Similarity (0 to 100) from which a line is one of our own address."""
_HEAD_ROWS = 30
_SUBJECT_ROWS = 4
_INDENTED = 0.4
"""What begins further right than this share of the page is the information block, not subject or address."""


@dataclass(frozen=True, slots=True)
class Letter:
    """The parts of a letter, each empty where it was not found."""

    sender: Address | None = None
    subject: str = ""
    date: dt.date | None = None
    text: str = ""
    """What the sender wrote, with reference lines, without letterhead, window, greeting and footer."""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    """One piece of a row with what is known about it."""

    text: str
    left: float
    gap: bool
    page: int
    row: int


@dataclass(slots=True)
class _Parts:
    """Indexes of lines that have been told apart."""

    window: set[int] = field(default_factory=set)
    letterhead: set[int] = field(default_factory=set)
    subject: list[int] = field(default_factory=list)
    date: int = -1


def dissect(rows: Sequence[Row], utility: Utility) -> Letter:
    """Tell the parts of a letter apart.

    Args:
        rows: of all pages, in reading order.
        utility: who we are.
    """
    lines = _lines(rows)
    if not lines:
        return Letter()
    start = _first(SALUTATION, lines, range(len(lines)))
    head_end = start if start is not None else min(len(lines), _HEAD_ROWS)
    end = _greeting(lines, (start or 0) + 1)
    parts = _Parts()
    parts.window = _window(lines, head_end, utility)
    sender, parts.letterhead = _sender(lines, head_end, parts.window)
    date, parts.date = _date(lines, head_end, end)
    subject, parts.subject = _subject(lines, start, parts)
    name = sender or _signed(lines, end)
    text = _text(lines, parts, head_end, end, has_salutation=start is not None)
    return Letter(
        sender=_address(lines, name, utility),
        subject=subject,
        date=date,
        text=text or "\n".join(line.text for line in lines),
        signature=_signature(lines, end),
    )


def find_date(text: str) -> dt.date | None:
    """The first real date in a text.

    >>> find_date("Krefeld, den 14. Januar 2026")
    datetime.date(2026, 1, 14)
    >>> find_date("Datum:6.10.26")
    datetime.date(2026, 10, 6)
    >>> find_date("30.02.2026") is None
    True
    """
    for match in _DATE.finditer(text):
        day, month, name, year, iso_year, iso_month, iso_day = match.groups()
        if iso_year:
            day, month, year = iso_day, iso_month, iso_year
        number = int(month) if month else _MONTHS.get(name.lower()[:3], 0)
        try:
            return dt.date(int(year) + (2000 if len(year) == 2 else 0), number, int(day))
        except ValueError:
            continue
    return None


def _lines(rows: Sequence[Row]) -> list[_Line]:
    """Every piece of the head is a line of its own; in the text a row stays one line."""
    lines = []
    salutation = next((n for n, row in enumerate(rows) if SALUTATION.match(row.text)), len(rows))
    for number, row in enumerate(rows):
        if number < min(salutation, _HEAD_ROWS) and row.left < _INDENTED and row.pieces[-1].left > _INDENTED:
            lines += [_Line(p.text, p.left, row.gap, row.page, number) for p in row.pieces]
        else:
            lines.append(_Line(row.text, row.left, row.gap, row.page, number))
    return lines


def _first(pattern: re.Pattern[str], lines: Sequence[_Line], indexes: Iterable[int]) -> int | None:
    return next((index for index in indexes if pattern.match(lines[index].text)), None)


def _greeting(lines: Sequence[_Line], start: int) -> int:
    """Index of the closing words; the number of lines where there are none."""
    short = (index for index in range(len(lines) - 1, start - 1, -1) if len(lines[index].text) < 60)
    found = _first(GREETING, lines, short)
    if found is None:
        return len(lines)
    # "i. A. Müller" below "Mit freundlichen Grüßen": the first of them closes.
    above = _first(GREETING, lines, (i for i in range(max(start, found - 5), found) if len(lines[i].text) < 60))
    return found if above is None else above


def _window(lines: Sequence[_Line], head_end: int, utility: Utility) -> set[int]:
    """The lines around those that name us, from "An die" to our town."""
    named = [index for index in range(head_end) if is_ours(lines[index].text, utility)]
    window: set[int] = set(named)
    for index in named:
        for neighbour in _down(lines, index, head_end):
            window.add(neighbour)
            if POSTCODE.search(lines[neighbour].text):
                break
        if index and re.match(r"an\s*(?:die|das)?\s*:?\s*$", lines[index - 1].text, re.IGNORECASE):
            window.add(index - 1)
    return window


def _down(lines: Sequence[_Line], index: int, head_end: int) -> Iterable[int]:
    """The lines of the same block below."""
    if POSTCODE.search(lines[index].text):
        return
    for other in range(index + 1, min(head_end, index + 6)):
        if lines[other].gap and lines[other].row != lines[index].row:
            return
        if lines[other].left < _INDENTED:
            yield other


def is_ours(text: str, utility: Utility) -> bool:
    """Whether a line is our address and little else, so that a sentence that names us is not.

    Customers live in our town, some in our street: a line with another postcode or house number is not ours.
    """
    bare = folded(text)
    ours = (utility.name, *utility.postal_address)
    if set(_NUMBERS.findall(text)) - set(_NUMBERS.findall(" ".join(ours))):
        return False
    wanted = {folded(words) for words in ours}
    targets = [words for words in wanted if len(words) >= 5 and any(character.isalpha() for character in words)]
    found = [words for words in targets if fuzz.partial_ratio(words, bare) >= _OURS]
    return len(bare) >= 5 and bool(found) and len(bare) <= sum(len(words) for words in found) + 25


def folded(text: str) -> str:
    """Letters and digits only, in lower case."""
    return re.sub(r"[\W_]+", "", text.casefold())


def _sender(lines: Sequence[_Line], head_end: int, window: set[int]) -> tuple[str, set[int]]:
    """The name in the return line or the letterhead, and the lines that are letterhead."""
    free = [index for index in range(head_end) if index not in window]
    for index in free:
        name = return_line_name(lines[index].text)
        if name:
            block = _block_above(lines, free, min(window, default=head_end))
            return _block_name(lines, block) or name, {*block, index}
    block = _block_above(lines, free, min(window, default=0) or head_end)
    return _block_name(lines, block), set(block)


def return_line_name(text: str) -> str:
    """The name in a return line: of "Renate Holtkamp · Ostwall 113 · 47798 Krefeld" the name."""
    parts = [part.strip() for part in _SEPARATOR.split(text) if part.strip()]
    if len(parts) < 2 or not any(POSTCODE.search(part) for part in parts[1:]):
        return ""
    return "" if _NOT_A_NAME.search(parts[0]) or SALUTATION.match(text) else parts[0]


def _block_above(lines: Sequence[_Line], free: Sequence[int], limit: int) -> list[int]:
    """What stands above the window and is neither date nor reference, if it holds a postcode or is a letterhead."""
    block = []
    for index in free:
        line = lines[index]
        if index >= limit or line.page != lines[0].page:
            break
        dated = DATE_ONLY.match(line.text) and find_date(line.text)
        if not (dated or _SUBJECT_LABEL.match(line.text) or _is_reference(line.text)):
            block.append(index)
    return block if any(POSTCODE.search(lines[index].text) for index in block) else []


def _block_name(lines: Sequence[_Line], block: Sequence[int]) -> str:
    """The first line that can be a name; a letterhead's return line counts by its first part."""
    for index in block:
        text = lines[index].text
        name = return_line_name(text) or text
        if not _NOT_A_NAME.search(name) and len(name) > 3:
            return name
    return ""


def _signed(lines: Sequence[_Line], end: int) -> str:
    """The name below the greeting."""
    for line in lines[end + 1 : end + 5]:
        if not _NOT_A_NAME.search(line.text) and 3 < len(line.text) < 60:
            return re.sub(r"^(?:i\.?\s?[AV]\.|gez\.|ihre?|ppa\.)\s*", "", line.text, flags=re.IGNORECASE)
    return ""


def _address(lines: Sequence[_Line], name: str, utility: Utility) -> Address | None:
    """Name, and the mail address that the sender put on the paper."""
    ours = tuple(address.lower() for address in utility.mail_addresses)
    for line in lines:
        for mail in _MAIL.findall(line.text):
            if not mail.lower().endswith(ours or ("\0",)):
                return Address(name, mail)
    return Address(name, "") if name else None


def _date(lines: Sequence[_Line], head_end: int, end: int) -> tuple[dt.date | None, int]:
    """The letter's own date: in the head, else below the greeting."""
    candidates = [*range(head_end), *range(end, len(lines))]
    for wanted in (re.compile(r"^\s*datum\b", re.IGNORECASE), DATE_ONLY):
        for index in candidates:
            text = lines[index].text
            if wanted.match(text) and not OTHER_DATE.search(text) and (date := find_date(text)):
                return date, index
    return None, -1


def _subject(lines: Sequence[_Line], start: int | None, parts: _Parts) -> tuple[str, list[int]]:
    """What is labelled, else the paragraph above the salutation."""
    for index in range(start if start is not None else min(len(lines), _HEAD_ROWS)):
        if match := _SUBJECT_LABEL.match(lines[index].text):
            return match[1].strip(), [index]
    if start is None:
        return "", []
    found: list[int] = []
    taken = parts.window | parts.letterhead | {parts.date}
    for index in range(start - 1, max(-1, start - 1 - _SUBJECT_ROWS), -1):
        line = lines[index]
        if index in taken or line.left > _INDENTED or POSTCODE.search(line.text):
            break
        found.insert(0, index)
        if line.gap:
            break
    return " ".join(lines[index].text for index in found), found


def _text(lines: Sequence[_Line], parts: _Parts, head_end: int, end: int, *, has_salutation: bool) -> str:
    """Reference lines of the head, the body, postscripts, and the further pages."""
    left_out = parts.window | parts.letterhead | set(parts.subject) | {parts.date}
    kept: list[_Line] = []
    for index, line in enumerate(lines):
        if index in left_out or _PAGE_NUMBER.match(line.text):
            continue
        if has_salutation and index < head_end and not _is_reference(line.text):
            continue
        if index >= end and not _is_kept_after(lines, index, end):
            continue
        kept.append(line)
    return without_hyphens(_paragraphs(kept))


def _is_kept_after(lines: Sequence[_Line], index: int, end: int) -> bool:
    """After the greeting: enclosures, postscripts and what follows them, and all of later pages."""
    if lines[index].page > lines[end].page:
        return True
    if _FOOTER.search(lines[index].text):
        return False
    return any(ENCLOSURES.match(lines[other].text) for other in range(end + 1, index + 1))


def _is_reference(text: str) -> bool:
    """A line such as "Kundennummer: 6120945", which belongs to what the sender says."""
    return bool(_REFERENCE.search(text)) and any(character.isdigit() for character in text)


def _paragraphs(lines: Sequence[_Line]) -> str:
    pieces = []
    for number, line in enumerate(lines):
        if number and (line.gap or line.page != lines[number - 1].page):
            pieces.append("")
        pieces.append(line.text)
    return "\n".join(pieces)


def _signature(lines: Sequence[_Line], end: int) -> str:
    """Greeting and name, up to enclosures and footer."""
    signed = []
    for line in lines[end:]:
        if ENCLOSURES.match(line.text) or _FOOTER.search(line.text) or line.page != lines[end].page:
            break
        signed.append(line.text)
    return "\n".join(signed)
