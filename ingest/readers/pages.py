"""Reads sheets: levels, the right way up, the engine, blank or not; gives pages and their rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ingest.layout import Row, rows, text_of
from ingest.levels import Prepared, prepare, skew
from ingest.ocr.base import Engine, Grey, Line
from ingest.ocr.none import NoEngine
from ingest.readers.sheets import Lines, Sheet
from ingest.separators import Separator, separator_on
from ingest.typography import repaired
from models.config import Splitting
from models.message import Page, TextSource

BLANK_INK = 0.00005
"""Share of ink below which a page is blank without being read: a faint "Danke!" alone has twice as much."""
SURE = 0.8
"""A line read with at least this confidence is text for certain."""
_UPSIDE_DOWN = 0.85
"""Mean confidence below which the page is tried the other way up."""
_LYING = 0.5
"""Share of the characters in lines taller than wide from which the page lies on its side."""
_POOR = 0.7
"""Mean confidence below which a scanner's own text layer is preferred."""
_DIRT = 0.06
"""Share of ink that coffee, folds and a marker's colour reach on an empty page; more is a picture."""
_FEW = 40
"""Characters: fewer without one sure line are dirt, more may be handwriting."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A page that was read."""

    page: Page
    rows: tuple[Row, ...] = ()
    warning: str = ""
    failed: bool = False
    """The page could not even be opened."""
    separator: Separator | None = None
    """It separates letters, or begins one."""
    lines: tuple[Line, ...] = ()
    """As the engine read them, on the page turned the right way up; empty for a text layer."""
    size: tuple[int, int] = (0, 0)
    """Width and height of the turned page in the lines' units."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    rotation: int
    """Degrees clockwise that the page was turned before."""
    prepared: Prepared
    lines: tuple[Line, ...]

    @property
    def confidence(self) -> float:
        """Mean over all characters, 0 to 1."""
        return confidence(self.lines)


def find_separator(sheet: Sheet, splitting: Splitting) -> Separator | None:
    """Look for a separator's code on a sheet, whether it is a picture or drawn."""
    picture = (sheet.grey, sheet.dpi) if sheet.grey is not None else sheet.draw() if sheet.draw else None
    return separator_on(*picture, splitting) if picture else None


def separator_reading(sheet: Sheet, separator: Separator) -> Reading:
    """A sheet of ours: all that it says stands in its code."""
    return Reading(_empty_page(sheet, blank=False), separator=separator)


def read_sheet(sheet: Sheet, engine: Engine) -> Reading:
    """Read one sheet; one that could not be opened becomes an empty page with a warning."""
    if sheet.text is not None:
        return _layer_reading(sheet, sheet.text)
    if sheet.grey is None:
        return Reading(_empty_page(sheet, blank=False), warning=sheet.problem, failed=True)
    prepared = prepare(sheet.grey, sheet.dpi)
    if prepared.ink < BLANK_INK:
        return Reading(_empty_page(sheet, blank=True), warning=sheet.problem)
    attempt = _right_way_up(prepared, engine)
    if sheet.hidden is not None and attempt.confidence < _POOR and (layer := sheet.hidden()) is not None:
        reading = _layer_reading(sheet, layer)
        warning = f"Page {sheet.number}: the picture reads badly; the text is the one that the scanner left."
        return Reading(reading.page, reading.rows, warning)
    reading = _reading(sheet, attempt)
    if isinstance(engine, NoEngine):
        # Who does not look cannot say that nothing is there.
        return replace(reading, page=replace(reading.page, blank=False))
    return reading


def confidence(lines: Sequence[Line]) -> float:
    """Mean confidence weighted by characters; 0 without any."""
    total = sum(len(line.text) for line in lines)
    return sum(line.confidence * len(line.text) for line in lines) / total if total else 0.0


def _right_way_up(prepared: Prepared, engine: Engine) -> _Attempt:
    """Read the page as it lies, and turned only if that went badly."""
    first = _Attempt(0, prepared, engine.read(prepared.grey))
    if not first.lines:
        return first
    if _lying_share(first.lines) > _LYING:
        # Lying lines are read turned against the clock: if that went well, so the page must be turned.
        order = (270, 90) if first.confidence >= _UPSIDE_DOWN else (90, 270)
        return _best_of(prepared, engine, order)
    if first.confidence < _UPSIDE_DOWN:
        return max(first, _turned(prepared, engine, 180), key=lambda attempt: attempt.confidence)
    return first


def _best_of(prepared: Prepared, engine: Engine, rotations: tuple[int, int]) -> _Attempt:
    attempt = _turned(prepared, engine, rotations[0])
    if attempt.confidence >= _UPSIDE_DOWN:
        return attempt
    return max(attempt, _turned(prepared, engine, rotations[1]), key=lambda other: other.confidence)


def _turned(prepared: Prepared, engine: Engine, rotation: int) -> _Attempt:
    grey: Grey = np.ascontiguousarray(np.rot90(prepared.grey, k=-rotation // 90))
    turned = Prepared(grey, prepared.dpi, skew(grey), prepared.ink)
    return _Attempt(rotation, turned, engine.read(grey))


def _lying_share(lines: Sequence[Line]) -> float:
    total = sum(len(line.text) for line in lines)
    lying = sum(len(line.text) for line in lines if line.height > 1.3 * line.width and len(line.text) > 2)
    return lying / total


def _reading(sheet: Sheet, attempt: _Attempt) -> Reading:
    height, width = attempt.prepared.grey.shape
    lines = [replace(line, text=repaired(line.text)) for line in attempt.lines]
    ordered = rows(lines, (width, height), skew=attempt.prepared.skew, page=sheet.number)
    text = text_of(ordered)
    page = Page(
        number=sheet.number,
        text=text,
        source=TextSource.ocr if text else TextSource.none,
        confidence=round(attempt.confidence, 4) if text else None,
        rotation=attempt.rotation,
        skew=attempt.prepared.skew,
        dpi=sheet.dpi,
        blank=_is_blank(attempt),
    )
    lines_read = () if page.blank else tuple(lines)
    return Reading(page, () if page.blank else ordered, sheet.problem, lines=lines_read, size=(width, height))


def _is_blank(attempt: _Attempt) -> bool:
    """Dirt, holes and what shines through are read as a few unsure characters; a photograph has far more ink."""
    if attempt.prepared.ink > _DIRT:
        return False
    characters = sum(len(line.text) for line in attempt.lines)
    return characters < _FEW and all(line.confidence < SURE for line in attempt.lines)


def _layer_reading(sheet: Sheet, layer: Lines) -> Reading:
    lines, size = layer
    ordered = rows(lines, size, page=sheet.number)
    page = Page(
        number=sheet.number,
        text=text_of(ordered),
        source=TextSource.text_layer,
        confidence=None,
        rotation=0,
        skew=0.0,
        dpi=None,
        blank=False,
    )
    return Reading(page, ordered, sheet.problem)


def _empty_page(sheet: Sheet, *, blank: bool) -> Page:
    return Page(
        number=sheet.number,
        text="",
        source=TextSource.none,
        confidence=None,
        rotation=0,
        skew=0.0,
        dpi=sheet.dpi or None,
        blank=blank,
    )
