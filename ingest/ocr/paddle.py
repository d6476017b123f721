"""PP-OCRv6 on onnxruntime: finds the lines of a page, then reads each at its own size. Nothing is downloaded.

The method is PaddleOCR's: a detector draws a map of text (differentiable binarisation), a recogniser gives a
distribution over characters for every eighth pixel column (connectionist temporal classification). The weights are
those that PaddlePaddle publishes (Apache-2.0): *small* comes with the package ``rapidocr``, *tiny* with this one.

Both speeds find lines with the tiny detector: over 26 kinds of damage it finds what the small one finds, for a quarter
of the time. Reading is what needs the small recogniser; reading with the tiny one first and again where it was unsure
gained little time and lost characters.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ingest.ocr.base import Grey, Line, Point

Floats = NDArray[np.float32]
Quad = NDArray[np.float32]
"""Four corners (x, y), clockwise from the top left."""

_TEXT = 0.2
"""Probability from which a pixel of the detector's map is text."""
_LINE = 0.4
"""Mean probability that makes a region a line."""
_UNCLIP = 1.4
"""The detector marks the core of a line: the region grows by this times area / perimeter."""
_MIN_SIDE = 3
_LINE_HEIGHT = 48
"""Pixels: what the recogniser was trained on."""
_MIN_LINE_WIDTH = 96
_MEAN = (0.406, 0.456, 0.485)
_DEVIATION = (0.225, 0.224, 0.229)

# German letters are written in Latin script; leaving out the thousands of other characters of the alphabet makes
# stains and stamps less of a temptation. Not in the alphabet at all: „ and ‚.
_BEYOND_LATIN_1 = "ĀāĂăĄąĆćČčĎďĐđĒēĘęĚěĞğĢģĪīĮįİıŁłŃńŇňŌōŐőŒœŘřŚśŞşŠšŢţŤťŪūŮůŰűŲųŸŹźŻżŽž–—‘’“”•…‰″′€™−≤≥→☐☑☒✓✔✕✗Ω"


@dataclass(frozen=True, slots=True)
class Weights:
    """The two networks of an engine, and how large a page its detector is shown."""

    detector: Traversable
    recogniser: Traversable
    alphabet: Traversable | None
    """One character a line; None where the recogniser carries it in its metadata."""
    detector_side: int
    """Longest side of the page in pixels."""


def weights(speed: str) -> Weights:
    """The weights of a speed."""
    tiny = files("ingest.ocr") / "weights"
    detector = tiny / "PP-OCRv6_det_tiny.onnx"
    if speed == "fast":
        return Weights(detector, tiny / "PP-OCRv6_rec_tiny.onnx", tiny / "PP-OCRv6_rec_tiny.txt", detector_side=1280)
    small = files("rapidocr") / "models"
    return Weights(detector, small / "PP-OCRv6_rec_small.onnx", None, detector_side=1280)


class Paddle:
    """Detector and recogniser on one thread."""

    def __init__(self, chosen: Weights) -> None:
        self._detector = _session(chosen.detector)
        self._recogniser = _session(chosen.recogniser)
        self._side = chosen.detector_side
        characters = _characters(self._recogniser, chosen.alphabet)
        self._allowed = np.array([0, *(i for i, c in enumerate(characters) if i == 0 or _is_allowed(c))][1:])
        self._characters = [characters[i] for i in self._allowed]

    def read(self, page: Grey) -> tuple[Line, ...]:
        """Find and read the lines."""
        lines = (self._line(page, quad) for quad in self._find(page))
        return tuple(line for line in lines if line.text.strip())

    def _find(self, page: Grey) -> Iterable[Quad]:
        height, width = page.shape
        factor = min(1.0, self._side / max(height, width))
        size = tuple(max(32, round(side * factor / 32) * 32) for side in (width, height))
        small = cv2.resize(page, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
        scaled = small.astype(np.float32) / 255
        planes = np.stack([(scaled - mean) / deviation for mean, deviation in zip(_MEAN, _DEVIATION, strict=True)])
        found: Floats = self._detector.run(None, {"x": planes[None].astype(np.float32)})[0][0, 0]
        return quads(found, (width / size[0], height / size[1]))

    def _line(self, page: Grey, quad: Quad) -> Line:
        picture = crop(page, quad)
        width = max(8, math.ceil(_LINE_HEIGHT * picture.shape[1] / picture.shape[0]))
        resized = cv2.resize(picture, (width, _LINE_HEIGHT), interpolation=cv2.INTER_LINEAR)
        padded = np.zeros((1, 3, _LINE_HEIGHT, max(_MIN_LINE_WIDTH, math.ceil(width / 8) * 8)), np.float32)
        padded[0, :, :, :width] = resized.astype(np.float32) / 127.5 - 1
        text, confidence = self._decode(self._recogniser.run(None, {"x": padded})[0][0])
        top_left, top_right, bottom_right, bottom_left = (_point(corner) for corner in quad)
        return Line(text, (top_left, top_right, bottom_right, bottom_left), confidence)

    def _decode(self, probabilities: Floats) -> tuple[str, float]:
        """The best character of each column; repeated ones and the blank (class 0) fall out."""
        allowed = probabilities[:, self._allowed]
        best = allowed.argmax(axis=1)
        first = np.ones(len(best), dtype=np.bool_)
        first[1:] = best[1:] != best[:-1]
        keep = first & (best != 0)
        if not keep.any():
            return "", 0.0
        confidence = float(allowed[np.arange(len(best)), best][keep].mean())
        return "".join(self._characters[index] for index in best[keep]), confidence


def build(speed: str) -> Paddle:
    """Load the engine; takes 0.1 to 0.4 seconds."""
    return Paddle(weights(speed))


def quads(found: Floats, scale: tuple[float, float]) -> list[Quad]:
    """The lines in a detector's map.

    Args:
        found: probability of text for each pixel of the shrunk page.
        scale: page pixels for one pixel of the map, across and down.
    """
    contours, _ = cv2.findContours((found > _TEXT).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    lines = []
    for contour in contours:
        centre, (width, height), angle = cv2.minAreaRect(contour)
        if min(width, height) < _MIN_SIDE or _mean_inside(found, contour) < _LINE:
            continue
        grown = width * height * _UNCLIP / (width + height)
        corners = cv2.boxPoints((centre, (width + grown, height + grown), angle))
        lines.append(_clockwise((corners * np.array(scale)).astype(np.float32)))
    return lines


def crop(page: Grey, quad: Quad) -> Grey:
    """Cut a line out and lay it straight; one that is taller than wide is turned against the clock."""
    top_left, top_right, bottom_right, bottom_left = quad
    width = max(1, round(float(max(_length(top_right - top_left), _length(bottom_right - bottom_left)))))
    height = max(1, round(float(max(_length(bottom_left - top_left), _length(bottom_right - top_right)))))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    straight = cv2.warpPerspective(
        page, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8)
    return np.ascontiguousarray(np.rot90(straight)) if height >= 1.5 * width else straight


def _session(model: Traversable) -> Any:
    options = onnxruntime.SessionOptions()
    # One thread a process: the pool of workers is what uses the cores.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Lines have all widths; the arena would keep a block for each of them.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    with as_file(model) as path:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _characters(recogniser: Any, alphabet: Traversable | None) -> list[str]:
    """Class 0 is the blank of the method, the last class a blank between words."""
    if alphabet is None:
        listed = recogniser.get_modelmeta().custom_metadata_map["character"].split("\n")
    else:
        listed = alphabet.read_text("utf-8").rstrip("\n").split("\n")
    return ["", *listed, " "]


def _is_allowed(character: str) -> bool:
    return len(character) == 1 and (" " <= character <= "ÿ" or character in _BEYOND_LATIN_1)


def _mean_inside(found: Floats, contour: NDArray[Any]) -> float:
    left, top, width, height = cv2.boundingRect(contour)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [contour - np.array([left, top])], (1,))
    return float(cv2.mean(found[top : top + height, left : left + width], mask)[0])


def _clockwise(corners: Floats) -> Quad:
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], dtype=np.float32)


def _length(vector: Floats) -> float:
    return float(np.linalg.norm(vector))


def _point(corner: Floats) -> Point:
    return float(corner[0]), float(corner[1])
