"""Brings the lines that an engine found into the order in which people read them.

Positions are fractions of the page's width and height, 0 to 1, with the skew taken out.
"""

import itertools
import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.ocr.base import Line

COLUMN_GAP = 0.03
"""Share of the page's width between two pieces of a row from which they are not one run of words."""
_GUTTER_ROWS = 6
"""So many rows in a row must have the same gap before two columns of prose are believed."""
_PROSE = 22
"""Mean number of characters in a row of a prose column; tables have fewer."""
_HYPHEN = re.compile(r"(?<=[a-zäöüß])[-­‐]$")
_CONTINUES = re.compile(r"^([a-zäöüß]+\S*)\s?(.*)$")
_NO_CONTINUATION = re.compile(r"^(?:und|oder|bzw|u\.|sowie)\b")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words on one row."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    confidence: float

    @property
    def middle(self) -> float:
        """Height of its middle on the page."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Row:
    """What stands side by side, from left to right, in one column."""

    pieces: tuple[Piece, ...]
    page: int = 1
    gap: bool = False
    """More room above it than between the lines of a paragraph."""

    @property
    def text(self) -> str:
        """Its words, with a tab where the row has a gap."""
        return "\t".join(piece.text for piece in self.pieces)

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.pieces[0].left

    @property
    def top(self) -> float:
        """Its upper edge."""
        return min(piece.top for piece in self.pieces)

    @property
    def middle(self) -> float:
        """Height of its middle on the page."""
        return statistics.fmean(piece.middle for piece in self.pieces)

    @property
    def height(self) -> float:
        """Height of its tallest piece."""
        return max(piece.bottom - piece.top for piece in self.pieces)


def rows(lines: Sequence[Line], size: tuple[float, float], *, skew: float = 0.0, page: int = 1) -> tuple[Row, ...]:
    """Order the lines of a page.

    Args:
        lines: as the engine gave them.
        size: width and height of the page in the lines' units.
        skew: degrees, clockwise positive.
        page: the number that the rows carry.
    """
    pieces = [_piece(line, size, skew) for line in lines]
    ordered: list[Row] = []
    for band in _bands(_grouped(pieces)):
        ordered += band
    return tuple(replace(row, page=page) for row in _with_gaps(ordered))


def text_of(ordered: Sequence[Row]) -> str:
    """The rows as they stand, a blank line between paragraphs."""
    pieces = []
    for number, row in enumerate(ordered):
        if row.gap and number:
            pieces.append("")
        pieces.append(row.text)
    return "\n".join(pieces)


def without_hyphens(text: str) -> str:
    r"""Put words together that were divided at the end of a line.

    >>> without_hyphens("die Jahres-\nabrechnung kam")
    'die Jahresabrechnung\nkam'
    >>> without_hyphens("Strom-\nund Gas")
    'Strom-\nund Gas'
    """
    done: list[str] = []
    for line in text.split("\n"):
        parts = _CONTINUES.match(line)
        if done and parts and _HYPHEN.search(done[-1]) and not _NO_CONTINUATION.match(line):
            done[-1] = _HYPHEN.sub("", done[-1]) + parts[1]
            line = parts[2]  # noqa: PLW2901
            if not line:
                continue
        done.append(line)
    return "\n".join(done)


def _piece(line: Line, size: tuple[float, float], skew: float) -> Piece:
    """Turn the corners back by the skew around the middle of the page."""
    width, height = size
    cosine, sine = math.cos(math.radians(-skew)), math.sin(math.radians(-skew))
    turned = []
    for x, y in line.corners:
        from_x, from_y = x - width / 2, y - height / 2
        turned.append((from_x * cosine - from_y * sine + width / 2, from_x * sine + from_y * cosine + height / 2))
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = turned
    # The mean of both corners of a side: a line that is still a little crooked keeps its own height.
    return Piece(
        text=line.text.strip(),
        left=min(x0, x3) / width,
        right=max(x1, x2) / width,
        top=(y0 + y1) / 2 / height,
        bottom=(y2 + y3) / 2 / height,
        confidence=line.confidence,
    )


def _grouped(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces whose middles lie within half a line of each other form a row."""
    groups: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.middle):
        last = groups[-1] if groups else []
        height = min([piece.bottom - piece.top, *(other.bottom - other.top for other in last)])
        if last and piece.middle - statistics.fmean(other.middle for other in last) < 0.5 * height:
            last.append(piece)
        else:
            groups.append([piece])
    return [sorted(group, key=lambda piece: piece.left) for group in groups]


def _joined(group: Sequence[Piece]) -> Row:
    """Put pieces together between which there is only a blank."""
    pieces: list[Piece] = []
    for piece in group:
        if pieces and piece.left - pieces[-1].right < COLUMN_GAP:
            last = pieces[-1]
            pieces[-1] = Piece(
                f"{last.text} {piece.text}",
                last.left,
                max(last.right, piece.right),
                min(last.top, piece.top),
                max(last.bottom, piece.bottom),
                min(last.confidence, piece.confidence),
            )
        else:
            pieces.append(piece)
    return Row(tuple(pieces))


def _bands(groups: Sequence[Sequence[Piece]]) -> list[list[Row]]:
    """Cut the page into bands of one or two columns; columns are read one after the other."""
    table = [_joined(group) for group in groups]
    bands: list[list[Row]] = []
    start = 0
    while start < len(table):
        end, gutter = _gutter(table, start)
        if end - start >= _GUTTER_ROWS and _is_prose(table[start:end], gutter):
            bands.append(_columns(table[start:end], gutter))
            start = end
        else:
            bands.append([table[start]])
            start += 1
    return bands


def _gutter(table: Sequence[Row], start: int) -> tuple[int, tuple[float, float]]:
    """How far a vertical gap runs on that every row from ``start`` keeps free, and its place."""
    low, high = 0.0, 1.0
    end = start
    for row in table[start:]:
        gap = _widest_gap(row, low, high)
        if gap is None:
            break
        low, high = gap
        end += 1
    return end, (low, high)


def _widest_gap(row: Row, low: float, high: float) -> tuple[float, float] | None:
    """The free room of a row inside (low, high), if a column gap is left of it."""
    edges = [0.0]
    for piece in row.pieces:
        edges += [piece.left, piece.right]
    edges.append(1.0)
    free = [(max(low, edges[i]), min(high, edges[i + 1])) for i in range(0, len(edges), 2)]
    inner = [(a, b) for a, b in free if b - a >= COLUMN_GAP * 0.7 and a > 0.2 and b < 0.9]
    return max(inner, key=lambda gap: gap[1] - gap[0], default=None)


def _is_prose(table: Sequence[Row], gutter: tuple[float, float]) -> bool:
    left = [piece.text for row in table for piece in row.pieces if piece.right <= gutter[0] + 0.01]
    right = [piece.text for row in table for piece in row.pieces if piece.left >= gutter[1] - 0.01]
    if min(len(left), len(right)) < _GUTTER_ROWS:
        return False
    return all(statistics.fmean(len(text) for text in column) >= _PROSE for column in (left, right))


def _columns(table: Sequence[Row], gutter: tuple[float, float]) -> list[Row]:
    middle = sum(gutter) / 2
    left = [Row(tuple(piece for piece in row.pieces if piece.left < middle)) for row in table]
    right = [Row(tuple(piece for piece in row.pieces if piece.left >= middle)) for row in table]
    return [row for row in (*left, *right) if row.pieces]


def _with_gaps(ordered: Sequence[Row]) -> list[Row]:
    """Mark where a paragraph begins: the step from the row above is larger than usual on this page."""
    steps = [below.middle - above.middle for above, below in itertools.pairwise(ordered)]
    usual = [step for step in steps if 0 < step < 0.04]
    if not usual:
        return list(ordered)
    # Not the median: in a letter of one-line paragraphs most steps are wide.
    limit = 1.35 * sorted(usual)[len(usual) // 5]
    marked = [ordered[0]]
    for row, step in zip(ordered[1:], steps, strict=True):
        marked.append(replace(row, gap=step > limit or step < 0))
    return marked
