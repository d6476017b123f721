"""Makes a scanned page clean enough to read: grey values, resolution, grain, shadow, bleed-through; measures its skew.

Works on greyscale pages, ``uint8``, 0 black to 255 white.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]

READING_DPI = 200
"""Letters of 11 points are 30 pixels high here: what the engines were trained on. More costs time and gains nothing."""
INK = 170
"""Darker than this is ink once the levels are set."""

_SHRINK = 8
"""The background is estimated on a page this much smaller, where letters melt into the paper."""
_PAPER = 250.0
_GRAIN = 9.0
"""Noise (standard deviation) from which a median filter helps more than it blurs."""
_BLEED = 0.35
"""Share of the way from paper to ink that is still called paper: what shines through from the back is fainter."""
_MAX_SKEW = 6.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A page ready to be read."""

    grey: Grey
    dpi: int
    skew: float
    """Degrees, clockwise positive; 0 where there is too little text to tell."""
    ink: float
    """Share of the page that is ink, 0 to 1, without its border and without specks."""


def prepare(grey: Grey, dpi: int) -> Prepared:
    """Bring a page to the reading resolution, take away grain and shadow and measure it.

    The page is not straightened: engines read a few degrees well, and turning blurs.
    """
    if dpi > READING_DPI * 1.15:
        factor = READING_DPI / dpi
        size = (max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        dpi = READING_DPI
    if noise(grey) > _GRAIN:
        grey = cv2.medianBlur(grey, 3).astype(np.uint8)
    levelled = levels(grey)
    return Prepared(levelled, dpi, skew(levelled), ink_share(levelled))


def noise(grey: Grey) -> float:
    """Standard deviation of the grain: from the median second difference in the middle of the page."""
    height, width = grey.shape
    middle = grey[height // 4 : 3 * height // 4 : 3, width // 8 : 7 * width // 8].astype(np.int16)
    if middle.shape[1] < 3 or not middle.size:
        return 0.0
    second = np.abs(middle[:, 2:] - 2 * middle[:, 1:-1] + middle[:, :-2])
    # 2.45 = √6: the second difference of independent noise; 1.4826: from median to standard deviation.
    return float(np.median(second)) / 2.45 * 1.4826


def levels(grey: Grey) -> Grey:
    """Divide by the estimated background, then set black and white by what the page itself holds."""
    if min(grey.shape) < 4 * _SHRINK:
        return grey
    height, width = grey.shape
    small = cv2.resize(grey, (width // _SHRINK, height // _SHRINK), interpolation=cv2.INTER_AREA)
    without_ink = cv2.erode(cv2.dilate(small, np.ones((9, 9), np.uint8)), np.ones((7, 7), np.uint8))
    smooth = cv2.GaussianBlur(without_ink, (0, 0), 4)
    paper = np.maximum(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR), 25)
    flat = cv2.divide(grey, paper, scale=_PAPER).astype(np.uint8)
    sample = flat[::4, ::4]
    dark = sample[sample < 215]
    # Too little ink to judge by: a nearly blank page must not be stretched until its grain looks like text.
    ink = float(np.percentile(dark, 20)) if dark.size > 400 else 120.0
    white = _PAPER - _BLEED * (_PAPER - ink)
    black = ink * 0.9
    table = np.clip((np.arange(256) - black) * (255.0 / max(20.0, white - black)), 0, 255).astype(np.uint8)
    stretched: Grey = table[flat]
    return stretched


def ink_share(levelled: Grey) -> float:
    """Share of ink, 0 to 1, inside the page's border of 3 %; single specks do not count."""
    height, width = levelled.shape
    inner = levelled[round(0.03 * height) : round(0.97 * height), round(0.03 * width) : round(0.97 * width)]
    if min(inner.shape, default=0) < 8:
        return 0.0
    # The mean of 2 × 2 pixels takes away what is one pixel small: dust, not strokes.
    halved = cv2.resize(inner, (inner.shape[1] // 2, inner.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return float(np.count_nonzero(halved < INK)) / halved.size


def skew(levelled: Grey) -> float:
    """How crooked the lines of text are, in degrees, clockwise positive, to 0.1 within 6 degrees.

    The rows of ink are sharpest along the lines of text (projection profile).
    """
    y, x = _ink_points(levelled)
    if len(y) < 300:
        return 0.0
    height = int(y.max()) + 1
    centred = x - x.mean()

    def sharpness(degrees: float) -> float:
        rows = (y - centred * math.tan(math.radians(degrees)) + height / 2).astype(np.int32)
        profile = np.bincount(np.clip(rows, 0, 2 * height), minlength=2 * height + 1).astype(np.float64)
        return float(np.square(np.diff(profile)).sum())

    coarse = max(np.arange(-_MAX_SKEW, _MAX_SKEW + 0.01, 0.5), key=sharpness)
    fine = max(np.arange(coarse - 0.5, coarse + 0.51, 0.1), key=sharpness)
    return round(float(fine), 1) + 0.0


def _ink_points(levelled: Grey) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of ink on a page some 900 pixels wide, without border, rules and folds."""
    factor = max(1, round(levelled.shape[1] / 900))
    small = np.asarray(Image.fromarray(levelled).reduce(factor))
    ink = small < 200
    height, width = ink.shape
    border_y, border_x = round(0.02 * height), round(0.02 * width)
    ink[:border_y] = ink[height - border_y :] = False
    ink[:, :border_x] = ink[:, width - border_x :] = False
    y, x = np.nonzero(ink & ~_long_runs(ink))
    if len(y) > 60_000:
        keep = np.linspace(0, len(y) - 1, 60_000).astype(np.int64)
        y, x = y[keep], x[keep]
    return y, x


def _long_runs(ink: NDArray[np.bool_], length: int = 41) -> NDArray[np.bool_]:
    """Where ink runs on horizontally for longer than any letter does."""
    if ink.shape[1] <= length:
        return np.zeros_like(ink)
    sums = np.cumsum(np.pad(ink.astype(np.int32), ((0, 0), (1, 0))), axis=1)
    full = (sums[:, length:] - sums[:, :-length]) == length
    runs = np.zeros_like(ink)
    for offset in range(0, length, 8):
        runs[:, offset : offset + full.shape[1]] |= full
    return runs
