"""What every OCR engine offers. An engine is one file with ``build(speed)``; the configuration names it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A run of text that the engine read, or that stands in a text layer."""

    text: str
    corners: tuple[Point, Point, Point, Point]
    """Pixels, x to the right and y downwards: top left, top right, bottom right, bottom left as the page lies."""
    confidence: float
    """0 to 1; 1 for a text layer."""

    @property
    def width(self) -> float:
        """In pixels, between the bounds of the corners."""
        return max(x for x, _ in self.corners) - min(x for x, _ in self.corners)

    @property
    def height(self) -> float:
        """In pixels, between the bounds of the corners."""
        return max(y for _, y in self.corners) - min(y for _, y in self.corners)


class Engine(Protocol):
    """Finds and reads the lines of a page; loaded once in a process."""

    def read(self, page: Grey) -> tuple[Line, ...]:
        """Read a page of some 200 dpi, 0 black to 255 white, in no particular order.

        Lines of a page that lies on its side are taller than wide; a page upside down reads with low confidence.
        """
        ...


Build = Callable[[str], Engine]
"""``build(speed)`` of an engine's module; speed is ``"fast"`` or ``"exact"``."""
