"""A letter as people's word processors print it: plain text becomes a PDF in one of the fonts that every viewer has.

No font file is shipped or needed: the fourteen base fonts of PDF (ISO 32000-1, 9.6.2.2) come with the renderer.
Used for separator sheets, and for the letters of the demo, the tests and the benchmark.
"""

from collections.abc import Sequence
from enum import StrEnum

PAGE_WIDTH = 595.28
"""A4 in points of 1/72 inch."""
PAGE_HEIGHT = 841.89
LEFT_MARGIN = 70.87
"""25 mm, as DIN 5008 asks."""
TOP_MARGIN = 56.69
SECOND_COLUMN = 330.0
"""Where what follows a tab begins: the information block of DIN 5008."""
LEADING = 1.22
"""From line to line, in sizes of the font."""


class BaseFont(StrEnum):
    """The families that are always there."""

    helvetica = "Helvetica"
    times = "Times-Roman"
    courier = "Courier"


_BOLD = {
    BaseFont.helvetica: "Helvetica-Bold",
    BaseFont.times: "Times-Bold",
    BaseFont.courier: "Courier-Bold",
}


def typeset(pages: Sequence[str], *, font: BaseFont = BaseFont.helvetica, size: float = 11.0) -> bytes:
    """Print one PDF page (A4) for each text.

    A line is a line; what follows a tab stands in the second column; ``# `` in front makes a line bold.

    Args:
        pages: the text of each page; characters that Windows-1252 does not know become question marks.
        font: the family.
        size: in points; lines are ``LEADING`` times as far apart.
    """
    return bind([_content(text, size) for text in pages], font=font)


def bind(contents: Sequence[bytes], *, font: BaseFont = BaseFont.helvetica) -> bytes:
    """A PDF of A4 pages.

    Args:
        contents: the content stream of each page (ISO 32000-1, 7.8.2).
        font: the family behind ``/F1`` (plain) and ``/F2`` (bold).
    """
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        _page_tree(len(contents)),
        _font(font.value),
        _font(_BOLD[font]),
    ]
    for number, content in enumerate(contents):
        objects.append(_page(content_number=6 + 2 * number))
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    return _file(objects)


def text_at(text: str, x: float, y: float, *, size: float, bold: bool = False) -> bytes:
    """The part of a content stream that writes one line; points from the lower left corner of the page."""
    return f"BT /{'F2' if bold else 'F1'} {size} Tf {x:.2f} {y:.2f} Td ".encode() + _string(text) + b" Tj ET"


def column_left(column: int) -> float:
    """Where a column begins, in points from the left; column 0 is what stands before the first tab."""
    return LEFT_MARGIN if column == 0 else SECOND_COLUMN + (column - 1) * 130


def _page_tree(count: int) -> bytes:
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(count))
    return f"<< /Type /Pages /Count {count} /Kids [{kids}] >>".encode()


def _font(name: str) -> bytes:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()


def _page(*, content_number: int) -> bytes:
    return (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE_WIDTH} {PAGE_HEIGHT}] "
        f"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {content_number} 0 R >>"
    ).encode()


def _content(text: str, size: float) -> bytes:
    pieces = []
    for number, line in enumerate(text.splitlines()):
        bold = line.startswith("# ")
        y = PAGE_HEIGHT - TOP_MARGIN - (number + 1) * size * LEADING
        for column, part in enumerate(line.removeprefix("# ").split("\t")):
            if part.strip():
                x = column_left(column)
                pieces.append(text_at(part, x, y, size=size, bold=bold))
    return b"\n".join(pieces)


def _string(text: str) -> bytes:
    encoded = text.encode("cp1252", "replace")
    for special in (b"\\", b"(", b")"):
        encoded = encoded.replace(special, b"\\" + special)
    return b"(" + encoded + b")"


def _file(objects: Sequence[bytes]) -> bytes:
    """Number the objects and add the cross-reference table (ISO 32000-1, 7.5.4)."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
