"""Reads scanned and printed letters: PDF, TIFF, JPEG, PNG, WebP, JPEG 2000; the parts of the letter by DIN 5008."""

import datetime as dt
import importlib
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from ingest.readers.base import Context
from models.config import Utility
from models.errors import ConfigError, ItemError
from models.message import Document, Message, Original

if TYPE_CHECKING:
    from ingest.din5008 import Letter
    from ingest.enclosures import Enclosure
    from ingest.ocr.base import Engine
    from ingest.readers.pages import Reading
    from ingest.readers.sheets import Bundle

_PDF = "application/pdf"
_HEIC = ("image/heic", "image/heif") if importlib.util.find_spec("pillow_heif") else ()
MEDIA_TYPES = (
    _PDF,
    "image/tiff",
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/jp2",
    "image/bmp",
    "image/gif",
    *_HEIC,
)


def read(content: bytes, original: Original, context: Context) -> Message:
    """Read a letter, or a document that hangs on a mail.

    Raises:
        ItemError: ``empty``, ``encrypted``, ``damaged``, ``too_large`` or ``unsupported``; one bad page among good ones
            is a warning.
    """
    media_type, readings = read_pages(content, context)
    return _message(original, media_type, readings, context)


def read_pages(content: bytes, context: Context) -> tuple[str, list["Reading"]]:
    """Read all pages, with the places of their lines; and the media type, empty for pictures.

    Raises:
        ItemError: as ``read`` does.
    """
    limits = context.settings.limits
    if not content:
        raise ItemError("empty", "The file is empty: it has 0 bytes.")
    if len(content) > limits.bytes:
        allowed = limits.bytes // 2**20
        raise ItemError("too_large", f"The file has {len(content) // 2**20} MB; limits.bytes allows {allowed} MB.")
    media_type = _media_type(content)
    bundle = _open(content, media_type, context)
    context.expect_pages(bundle.count)
    readings = list(_read_all(bundle, context))
    _check_any(readings)
    return media_type, readings


def _media_type(content: bytes) -> str:
    if b"%PDF-" in content[:1024]:
        return _PDF
    if content.startswith(b"PK\x03\x04"):
        raise ItemError("unsupported", "The file is a ZIP archive, whatever its name says.")
    return ""


def _open(content: bytes, media_type: str, context: Context) -> "Bundle":
    # Loaded here: numpy, Pillow and pdfium are not needed for reading mails.
    if media_type == _PDF:
        from ingest.readers.pdf import open_pdf

        return open_pdf(content, context.settings.limits)
    from ingest.readers.images import open_images

    return open_images(content, context.settings.limits)


def _read_all(bundle: "Bundle", context: Context) -> Iterator["Reading"]:
    from ingest.readers.pages import find_separator, read_sheet, separator_reading

    for sheet in bundle.sheets:
        separator = find_separator(sheet, context.settings.splitting)
        if separator is not None and separator.is_ours:
            reading = separator_reading(sheet, separator)
        else:
            # A text layer needs no engine, so none is loaded for it.
            name = "none" if sheet.grey is None else context.settings.ocr.engine
            reading = replace(read_sheet(sheet, load_engine(name, context.settings.ocr.speed)), separator=separator)
        context.page_read(reading.page)
        yield reading


@cache
def load_engine(name: str, speed: str) -> "Engine":
    """Load an engine of ``ingest.ocr`` once in a process.

    Raises:
        ConfigError: if there is no engine of that name, or a package that it needs is missing.
    """
    try:
        module = importlib.import_module(f"ingest.ocr.{name}")
    except ImportError as error:
        raise ConfigError(f"'ocr.engine' = {name!r} cannot be loaded: {error}.") from error
    engine: Engine = module.build(speed)
    return engine


def _check_any(readings: Sequence["Reading"]) -> None:
    """One bad page is a warning; nothing but bad pages is an error."""
    if not all(reading.failed for reading in readings):
        return
    first = readings[0].warning
    reason = "too_large" if "limits.pixels" in first or "too large" in first else "damaged"
    raise ItemError(reason, first)


def _message(original: Original, media_type: str, readings: Sequence["Reading"], context: Context) -> Message:
    """One message for the whole file; of several letters in it the first gives subject, date and sender."""
    from ingest.splitting import split

    settings = context.settings
    letters = split(readings, settings.utility)
    apart = letters.separated or settings.splitting.without_sheets == "apply"
    pages = tuple(reading.page for reading in readings)
    runs = [document.pages for document in letters.documents] if apart else [[page.number for page in pages]]
    parts, enclosed = _dissected(readings, runs, settings.utility)
    warnings = [reading.warning for reading in readings if reading.warning]
    if not letters.documents:
        warnings.append("The file holds separator sheets and nothing else.")
    return Message(
        sha256=original.sha256,
        channel=original.channel,
        media_type=media_type,
        subject=parts[0].subject,
        text="\n\n".join(part.text for part in parts if part.text),
        signature="\n\n".join(part.signature for part in parts if part.signature),
        full_text="\n\n".join(page.text for page in pages if page.text),
        sent_at=dt.datetime.combine(parts[0].date, dt.time(), dt.UTC) if parts[0].date else None,
        from_=parts[0].sender,
        pages=pages,
        documents=tuple(_noted(document, enclosed) for document in letters.documents),
        warnings=tuple(warnings),
    )


def _dissected(
    readings: Sequence["Reading"], runs: Sequence[Sequence[int]], utility: Utility
) -> tuple[list["Letter"], dict[int, "Enclosure"]]:
    """The parts of each letter, at least one, and the pages that were left out as enclosures."""
    from ingest.din5008 import dissect
    from ingest.enclosures import enclosures

    letters: list[Letter] = []
    enclosed: dict[int, Enclosure] = {}
    for run in runs or [()]:
        pages = [(reading.page.number, reading.rows) for reading in readings if reading.page.number in run]
        found = enclosures([(number, rows) for number, rows in pages if rows], utility)
        letters.append(dissect([row for number, rows in pages if number not in found for row in rows], utility))
        enclosed |= found
    return letters, enclosed


def _noted(document: Document, enclosed: Mapping[int, "Enclosure"]) -> Document:
    """Say in the reason which pages are enclosures."""
    notes = [f"page {number}: {kind.value}" for number, kind in enclosed.items() if number in document.pages]
    return replace(document, reason="; ".join([document.reason, *notes]))
