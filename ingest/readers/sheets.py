"""A sheet is one page before it is read: its picture, or the lines of its text layer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.ocr.base import Grey, Line

Lines = tuple[tuple[Line, ...], tuple[float, float]]
"""Lines and the width and height they are measured in."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What there is of one page. Neither picture nor text: it could not be opened, and ``problem`` says why."""

    number: int
    """From 1."""
    grey: Grey | None = None
    """The page as a picture, 0 black to 255 white."""
    dpi: int = 0
    text: Lines | None = None
    """A text layer that can be taken as it is."""
    hidden: Callable[[], Lines | None] | None = None
    """The layer that a scanner left under the picture, should the picture read badly."""
    draw: Callable[[], tuple[Grey, int] | None] | None = None
    """Draws a page that has ``text`` as a picture, with its resolution; only until the next sheet is taken."""
    problem: str = ""
    """A sentence about what was odd."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """All sheets of a file; opened one at a time, so that only one lies in memory."""

    count: int
    sheets: Iterator[Sheet]
