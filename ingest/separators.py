"""Separator sheets: prints them, and finds them in a scan by their QR code.

The code's text uses only characters of QR's alphanumeric mode, so that the modules stay large (ISO/IEC 18004, 7.4.4)::

    PE1:BATCH:RECEIVED:CHANNEL:KIND:CHECK
    PE1:B7:20260112:POST:BRIEF:2AAD

``PE1`` names the format and its version. ``BATCH``, ``CHANNEL`` and ``KIND`` hold ``A-Z``, ``0-9`` and ``-``;
``RECEIVED`` is the date of receipt (ISO 8601, basic form). ``CHECK`` is the CRC-16/CCITT (initial value FFFF) of
everything before its colon, four hexadecimal digits: QR has its own error correction, this tells our codes from others
that happen to begin alike. A later version gets another name; version 1 stays readable.
"""

import binascii
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp
from zxingcpp import BarcodeFormat

from ingest.levels import INK, READING_DPI, Grey
from ingest.typeset import PAGE_HEIGHT, PAGE_WIDTH, bind, text_at
from models.config import SeparatorCode, Splitting
from models.errors import RefusedError

MOST_SHEETS = 500
"""So many sheets at most in one PDF: a ream."""

_VERSION = "PE1"
_WORD = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{0,18}[A-Z0-9])?")
_PAYLOAD = re.compile(r"(PE1:([A-Z0-9-]{1,20}):(\d{8}):([A-Z0-9-]{1,20}):([A-Z0-9-]{1,20})):([0-9A-F]{4})")
_FORMATS = (BarcodeFormat.QRCode, BarcodeFormat.Code128, BarcodeFormat.Code39, BarcodeFormat.DataMatrix)
_POINTS_PER_MM = 72 / 25.4
_CODE_SIDE = 72 * _POINTS_PER_MM
"""Large enough that a module is more than seven pixels wide at half the reading resolution."""
_MARGIN = 20 * _POINTS_PER_MM
_WEEKDAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
_HINTS = (
    "Vor jeden Brief ein Blatt legen, mit dieser",
    "Seite nach oben. Trennblätter kommen",
    "nicht in den Vorgang.",
)


@dataclass(frozen=True, slots=True)
class Separator:
    """What a separator says about the pages that follow it."""

    text: str
    """Of the code, as read."""
    received_on: dt.date | None = None
    """Of this and the following: only our own sheets say so."""
    batch: str = ""
    channel: str = ""
    kind: str = ""
    keep_page: bool = False
    """The page is the first one of the letter, not a sheet between letters."""

    @property
    def is_ours(self) -> bool:
        """Printed by us: there is nothing else on the page."""
        return self.received_on is not None

    @property
    def reason(self) -> str:
        """Why a letter begins here, for a person."""
        if self.received_on is None:
            return f"separator code {self.text}"
        return f"separator sheet: batch {self.batch}, received {self.received_on}, {self.channel}, {self.kind}"


def sheet_pdf(count: int, *, received_on: dt.date, channel: str, kind: str, batch: str) -> bytes:
    """Print separator sheets: one PDF page (A4) each, for people in German, for the scanner twice as a QR code.

    Args:
        count: number of sheets; all carry the same code, so they can be laid in any order.
        received_on: when the post came in.
        channel: such as ``post`` or ``fax``.
        kind: such as ``brief`` or ``einschreiben``.
        batch: the mail room's name for the pile.

    Raises:
        RefusedError: if the count or one of the words cannot be printed.
    """
    if not 1 <= count <= MOST_SHEETS:
        raise RefusedError(f"{count} sheets cannot be printed; 1 to {MOST_SHEETS} can.")
    text = payload(received_on=received_on, channel=channel, kind=kind, batch=batch)
    facts = {
        "Eingang": f"{_WEEKDAYS[received_on.weekday()]}, {received_on:%d.%m.%Y}",
        "Kanal": channel.upper(),
        "Art": kind.upper(),
        "Stapel": batch.upper(),
    }
    content = _sheet(text, facts)
    return bind([content + _numbered(number, count) for number in range(1, count + 1)])


def payload(*, received_on: dt.date, channel: str, kind: str, batch: str) -> str:
    """The text of the QR code.

    Raises:
        RefusedError: if a word has other characters than letters, digits and hyphens, or more than 20.

    >>> payload(received_on=dt.date(2026, 1, 12), channel="post", kind="brief", batch="B7")
    'PE1:B7:20260112:POST:BRIEF:2AAD'
    """
    words = {"batch": batch.upper(), "channel": channel.upper(), "kind": kind.upper()}
    for name, word in words.items():
        if not _WORD.fullmatch(word):
            raise RefusedError(
                f"The {name} {word!r} cannot be printed as a code: 1 to 20 letters A to Z, digits and hyphens can."
            )
    checked = f"{_VERSION}:{words['batch']}:{received_on:%Y%m%d}:{words['channel']}:{words['kind']}"
    return f"{checked}:{_check(checked)}"


def parse(text: str) -> Separator | None:
    """The separator that a code of ours stands for; None for any other code, or if its check is wrong."""
    match = _PAYLOAD.fullmatch(text)
    if match is None or _check(match[1]) != match[6]:
        return None
    try:
        received_on = dt.datetime.strptime(match[3], "%Y%m%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        return None
    return Separator(text, received_on, match[2], match[4], match[5])


def separator_on(grey: Grey, dpi: int, splitting: Splitting) -> Separator | None:
    """Find a separator on a page, whichever way up it lies.

    Looks at half the reading resolution first, where grain and broken dots have melted into the paper, then at the
    whole, for codes printed small.

    Args:
        grey: the page, 0 black to 255 white.
        dpi: its resolution.
        splitting: which foreign codes separate.
    """
    for resolution in (READING_DPI // 2, READING_DPI):
        found = _judged(_codes(_shrunk(grey, resolution / dpi)), splitting.codes)
        if found is not None:
            return found
    return None


def _judged(texts: Iterable[str], codes: Sequence[SeparatorCode]) -> Separator | None:
    """Our own sheet before any other code, a separating code before one whose page is kept."""
    found = [separator for text in texts for separator in _meanings(text, codes)]
    return min(found, key=lambda separator: (not separator.is_ours, separator.keep_page), default=None)


def _meanings(text: str, codes: Sequence[SeparatorCode]) -> Iterator[Separator]:
    own = parse(text)
    if own is not None:
        yield own
    for code in codes:
        if re.fullmatch(code.pattern, text):
            yield Separator(text, keep_page=code.keep_page)


def _codes(grey: Grey) -> list[str]:
    return [code.text.strip() for code in zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(list(_FORMATS)))]


def _shrunk(grey: Grey, factor: float) -> Grey:
    if factor >= 1:
        return grey
    size = tuple(max(1, round(side * factor)) for side in (grey.shape[1], grey.shape[0]))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(grey.dtype)


def _check(checked: str) -> str:
    return f"{binascii.crc_hqx(checked.encode('ascii'), 0xFFFF):04X}"


def _modules(text: str) -> list[list[bool]]:
    """Rows of dark modules; the highest error correction (30 %), for holes and coffee."""
    code = zxingcpp.create_barcode(text, BarcodeFormat.QRCode, ec_level="H")
    modules: list[list[bool]] = (np.array(code.to_image(add_quiet_zones=False)) < INK).tolist()
    return modules


def _sheet(text: str, facts: Mapping[str, str]) -> bytes:
    """What stands on every sheet; two codes in opposite corners, so that one survives a fold or a hole."""
    modules = _modules(text)
    top = PAGE_HEIGHT - _MARGIN
    beside = _MARGIN + _CODE_SIDE + 30
    pieces = [
        text_at("Trennblatt", _MARGIN, top - 34, size=44, bold=True),
        _code(modules, _MARGIN, top - 60 - _CODE_SIDE),
        _code(modules, PAGE_WIDTH - _MARGIN - _CODE_SIDE, _MARGIN + 40),
        text_at(text, _MARGIN, _MARGIN, size=9),
    ]
    for row, (label, value) in enumerate(facts.items()):
        pieces.append(text_at(label, beside, top - 80 - 52 * row, size=12))
        pieces.append(text_at(value, beside, top - 102 - 52 * row, size=18, bold=True))
    pieces += [text_at(hint, _MARGIN, _MARGIN + 140 - 16 * row, size=11) for row, hint in enumerate(_HINTS)]
    return b"\n".join(pieces)


def _numbered(number: int, count: int) -> bytes:
    return b"\n" + text_at(f"Blatt {number} von {count}", _MARGIN, _MARGIN + 44, size=11)


def _code(modules: Sequence[Sequence[bool]], left: float, bottom: float) -> bytes:
    """Black runs of modules as rectangles."""
    side = _CODE_SIDE / len(modules)
    runs = []
    for row, line in enumerate(modules):
        y = bottom + (len(modules) - 1 - row) * side
        start = None
        for column, dark in enumerate([*line, False]):
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                runs.append(f"{left + start * side:.3f} {y:.3f} {(column - start) * side:.3f} {side:.3f} re")
                start = None
    return ("0 g\n" + "\n".join(runs) + "\nf").encode("ascii")
