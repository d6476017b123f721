"""Opens PDF files page by page: the text layer where it is good, else the page as a picture."""

import io
import logging
import math
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium_c

from ingest.levels import READING_DPI
from ingest.ocr.base import Grey, Line
from ingest.readers.sheets import Bundle, Lines, Sheet
from ingest.readers.text_layer import Layer, has_drawings, picture_sizes, probe, quality
from models.config import Limits
from models.errors import ItemError

_POINTS_PER_INCH = 72
_LOWEST_DPI = 72
_NO_PAGES = re.compile(rb"/Count\s+0\b")
_MIN_HIDDEN = 0.6
"""Quality from which a hidden layer is worth comparing."""


def open_pdf(content: bytes, limits: Limits) -> Bundle:
    """Open a PDF; files with only an owner password are open to readers.

    Raises:
        ItemError: ``encrypted``, ``damaged``, ``empty``, ``unsupported``, or ``too_large`` by ``limits``.
    """
    if b"%PDF-" not in content[:1024]:
        raise ItemError("unsupported", "The file is named like a PDF but is none.")
    document = _opened(content)
    count = len(document)
    if count == 0:
        raise ItemError("empty", "The PDF has no pages.")
    if count > limits.pages:
        raise ItemError("too_large", f"The PDF has {count} pages; limits.pages allows {limits.pages}.")
    return Bundle(count, _sheets(document, content, limits))


def _opened(content: bytes) -> Any:
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        code = getattr(error, "err_code", None)
        if code == pdfium_c.FPDF_ERR_PASSWORD:
            raise ItemError("encrypted", "The PDF is locked with a password; ask the sender for an open one.") from None
        if code == pdfium_c.FPDF_ERR_SECURITY:
            raise ItemError("encrypted", "The PDF is encrypted in a way that cannot be opened.") from None
        # pdfium does not open a document that has no pages at all.
        if _NO_PAGES.search(content):
            raise ItemError("empty", "The PDF has no pages.") from error
        raise ItemError("damaged", "The PDF is damaged and cannot be opened.", detail=str(error)) from error
    # Without this, what people typed into form fields is not drawn.
    if document.get_formtype() != pdfium_c.FORMTYPE_NONE:
        document.init_forms()
    return document


def _sheets(document: Any, content: bytes, limits: Limits) -> Iterator[Sheet]:
    try:
        for index in range(len(document)):
            try:
                page = document[index]
                try:
                    yield _sheet(page, index, content, limits)
                finally:
                    page.close()
            except ItemError as error:
                yield Sheet(index + 1, problem=f"Page {index + 1}: {error}")
            except (pypdfium2.PdfiumError, ValueError) as error:
                yield Sheet(index + 1, problem=f"Page {index + 1} is damaged and could not be opened ({error}).")
    finally:
        document.close()


def _sheet(page: Any, index: int, content: bytes, limits: Limits) -> Sheet:
    layer = probe(page)
    if layer.is_good:
        lines = _layer_lines(content, index)
        if lines is not None:
            draw = partial(_drawn_if_possible, page, limits) if has_drawings(page) else None
            return Sheet(index + 1, text=lines, draw=draw)
    grey, dpi = _drawn(page, limits)
    return Sheet(index + 1, grey, dpi, hidden=_hidden(layer, content, index))


def _drawn(page: Any, limits: Limits) -> tuple[Grey, int]:
    """The page as a picture, and its resolution."""
    _check_pictures(page, limits)
    dpi = _drawing_dpi(page, limits)
    bitmap = page.render(scale=dpi / _POINTS_PER_INCH, grayscale=True, no_smoothpath=False)
    try:
        grey = np.array(bitmap.to_numpy(), dtype=np.uint8).reshape(bitmap.height, -1)[:, : bitmap.width]
    finally:
        bitmap.close()
    return np.ascontiguousarray(grey), dpi


def _drawn_if_possible(page: Any, limits: Limits) -> tuple[Grey, int] | None:
    try:
        return _drawn(page, limits)
    except (ItemError, pypdfium2.PdfiumError, ValueError):
        # Its text has been read; what cannot be drawn carries no barcode either.
        return None


def _hidden(layer: Layer, content: bytes, index: int) -> Any:
    if layer.is_scan and layer.quality >= _MIN_HIDDEN:
        return partial(_layer_lines, content, index)
    return None


def _layer_lines(content: bytes, index: int) -> Lines | None:
    """The page's text by pdfminer; None if it cannot read the page, or reads something else than pdfium."""
    try:
        lines, size = lines_of(content, index)
    except ValueError:
        return None
    if not lines or quality("\n".join(line.text for line in lines)) < _MIN_HIDDEN:
        return None
    return lines, size


def _check_pictures(page: Any, limits: Limits) -> None:
    """Refuse a picture that would be larger than allowed once decoded."""
    for width, height in picture_sizes(page):
        if width * height > limits.pixels:
            raise ItemError("too_large", f"A picture in it has {width} × {height} pixels; limits.pixels forbids that.")


def _drawing_dpi(page: Any, limits: Limits) -> int:
    """The reading resolution; less for posters, so that the page stays within the limit of pixels."""
    width, height = page.get_size()
    area = max(1.0, width * height / _POINTS_PER_INCH**2)
    dpi = min(READING_DPI, math.floor(math.sqrt(limits.pixels / area)))
    if dpi < _LOWEST_DPI:
        raise ItemError("too_large", f"It measures {width / 72:.0f} × {height / 72:.0f} inches: too large to be drawn.")
    return dpi


def lines_of(content: bytes, page: int) -> tuple[tuple[Line, ...], tuple[float, float]]:
    """The lines of one page by pdfminer.six, and the page's width and height in points.

    Args:
        content: the whole PDF.
        page: index from 0.

    Raises:
        ValueError: if pdfminer cannot read the page; the caller then reads its picture.
    """
    # Loaded here: 0.1 s that a scanned page does not need.
    from pdfminer.high_level import extract_pages
    from pdfminer.layout import LAParams

    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            layouts = list(extract_pages(io.BytesIO(content), page_numbers=[page], laparams=LAParams(all_texts=True)))
        except _pdfminer_errors() as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
    if not layouts:
        raise ValueError("The page is missing.")
    layout = layouts[0]
    return tuple(_lines_in(layout, layout.height)), (layout.width, layout.height)


def _pdfminer_errors() -> tuple[type[Exception], ...]:
    """What pdfminer raises on broken files: its own errors and most of Python's."""
    from pdfminer.psexceptions import PSException

    return (
        PSException,
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        NotImplementedError,
        OSError,
        RecursionError,
        TypeError,
        ValueError,
        struct.error,
        zlib.error,
    )


def _lines_in(container: Any, height: float) -> Iterator[Line]:
    from pdfminer.layout import LTFigure, LTTextBox, LTTextLine

    for item in container:
        if isinstance(item, LTTextLine):
            text = item.get_text().strip().replace("\xa0", " ")
            if text:
                yield Line(text, _corners(item.bbox, height), 1.0)
        elif isinstance(item, LTTextBox | LTFigure):
            yield from _lines_in(item, height)


def _corners(bbox: tuple[float, float, float, float], height: float) -> Any:
    left, bottom, right, top = bbox
    return ((left, height - top), (right, height - top), (right, height - bottom), (left, height - bottom))
