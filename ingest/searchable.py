"""Makes a scan searchable: its pictures as they are, and over them the text that was read, invisible and in place.

The result lies beside the original and can be made again at will; the original is never touched.
"""

import io
import math
from collections.abc import Sequence

import pikepdf
import pypdfium2
from pikepdf import Dictionary, Name
from PIL import Image, ImageOps

from ingest.invisible_font import ADVANCE, DESCENT, codes_of, encoded, font
from ingest.ocr.base import Line, Point
from ingest.pdf_archive import mark_as_archive
from ingest.readers.base import Context
from ingest.readers.images import frames_of, grey_of, page_size
from ingest.readers.letter import read_pages
from ingest.readers.pages import Reading
from ingest.readers.text_layer import GOOD, probe
from models.errors import ItemError
from models.message import Original

_FONT = "/PosteingangInvisible"
_ORIENTATION = 0x0112
"""Tag of EXIF 2.32."""
_TURNS = {3: 180, 6: 90, 8: 270}
"""EXIF orientation: how far clockwise the picture is turned to be seen."""
_COLOUR_SPACES = {"1": (Name.DeviceGray, 1), "L": (Name.DeviceGray, 1), "RGB": (Name.DeviceRGB, 3)}
_JPEG_SPACES = {"L": Name.DeviceGray, "RGB": Name.DeviceRGB}


def searchable(content: bytes, original: Original, context: Context) -> bytes:
    """Read a scan once more and give it back as a PDF with text; the same bytes give the same PDF.

    Pages that have a good text of their own are left alone. The streams of all pictures stay byte for byte; a file
    that was no PDF becomes one, with a JPEG as it is, other pictures packed without
    loss. Pages are shown the right
    way up.

    Raises:
        ItemError: as the reader does; ``damaged`` if the PDF's structure cannot be kept.
    """
    media_type, readings = read_pages(content, context)
    is_pdf = media_type == "application/pdf"
    unnamed = f"{original.name or 'The file'} cannot be taken apart"
    try:
        with pikepdf.open(io.BytesIO(content)) if is_pdf else _bound(content, context) as pdf:
            _write_all(pdf, readings, _worded(content) if is_pdf else frozenset())
            mark_as_archive(pdf)
            return _saved(pdf)
    except pikepdf.PdfError as error:
        raise ItemError("damaged", f"{unnamed}: {error}.") from error


def _saved(pdf: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    # Nothing is packed anew: pictures stay as the scanner wrote them.
    pdf.save(
        out,
        min_version="1.7",
        compress_streams=False,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        deterministic_id=not pdf.is_encrypted,
        encryption=False,
    )
    return out.getvalue()


def _worded(content: bytes) -> frozenset[int]:
    """The pages (from 1) that carry a good text already, be it under a picture."""
    document = pypdfium2.PdfDocument(content)
    try:
        return frozenset(number for number in range(1, len(document) + 1) if _is_worded(document, number))
    finally:
        document.close()


def _is_worded(document: pypdfium2.PdfDocument, number: int) -> bool:
    try:
        return probe(document[number - 1]).quality >= GOOD
    except pypdfium2.PdfiumError:
        return False


def _write_all(pdf: pikepdf.Pdf, readings: Sequence[Reading], worded: frozenset[int]) -> None:
    written = [reading for reading in readings if reading.lines and reading.page.number not in worded]
    if not written:
        return
    codes = codes_of([line.text for reading in written for line in reading.lines])
    invisible = font(pdf, codes)
    for reading in written:
        page = pdf.pages[reading.page.number - 1]
        turned = (int(page.obj.get("/Rotate", 0)) + reading.page.rotation) % 360
        page.obj.Rotate = turned
        box = tuple(float(value) for value in page.cropbox)
        place = _Place((box[0], box[1], box[2], box[3]), reading.size, turned)
        pieces = [_shown(line, place.on_page(line), codes) for line in in_order(reading)]
        page.add_resource(invisible, Name.Font, Name(_FONT))
        # In front of the page's own content, whose graphics state may end anywhere.
        page.contents_add(b"q BT 3 Tr\n" + b"\n".join(pieces) + b"\nET Q\n", prepend=True)


def in_order(reading: Reading) -> list[Line]:
    """The lines from top to bottom and left to right: some viewers copy text in the order in which it is written."""
    slope = math.tan(math.radians(reading.page.skew))

    def height(line: Line) -> float:
        (x0, y0), _, (x1, y1), _ = line.corners
        return (y0 + y1) / 2 - slope * (x0 + x1) / 2

    ordered: list[list[Line]] = []
    for line in sorted(reading.lines, key=height):
        if ordered and height(line) - height(ordered[-1][-1]) < line.height / 2:
            ordered[-1].append(line)
        else:
            ordered.append([line])
    return [line for row in ordered for line in sorted(row, key=lambda line: line.corners[0][0])]


class _Place:
    """Where a point of the turned picture lies in the page's own coordinates."""

    def __init__(self, box: tuple[float, float, float, float], size: tuple[int, int], rotation: int) -> None:
        self._left, self._bottom, self._right, self._top = box
        self._size = size
        self._rotation = rotation

    def on_page(self, line: Line) -> tuple[Point, ...]:
        """Its corners, from the top left clockwise as they are read."""
        return tuple(self._point(corner) for corner in line.corners)

    def _point(self, corner: Point) -> Point:
        across, down = corner[0] / self._size[0], corner[1] / self._size[1]
        width, height = self._right - self._left, self._top - self._bottom
        # /Rotate turns the page clockwise when it is shown (ISO 32000-1, table 30).
        return {
            0: (self._left + across * width, self._top - down * height),
            90: (self._left + down * width, self._bottom + across * height),
            180: (self._right - across * width, self._bottom + down * height),
            270: (self._right - down * width, self._top - across * height),
        }[self._rotation]


def _shown(line: Line, corners: Sequence[Point], codes: dict[str, int]) -> bytes:
    """One line, as wide, as high and as crooked as its box."""
    top_left, _, bottom_right, bottom_left = corners
    size = max(1.0, math.dist(top_left, bottom_left))
    length = max(1.0, math.dist(bottom_left, bottom_right))
    cosine, sine = (bottom_right[0] - bottom_left[0]) / length, (bottom_right[1] - bottom_left[1]) / length
    x = bottom_left[0] + DESCENT * (top_left[0] - bottom_left[0])
    y = bottom_left[1] + DESCENT * (top_left[1] - bottom_left[1])
    stretch = 100 * length / (len(line.text) * size * ADVANCE)
    matrix = f"{cosine:.5f} {sine:.5f} {-sine:.5f} {cosine:.5f} {x:.2f} {y:.2f} Tm"
    return f"{_FONT} {size:.2f} Tf {stretch:.2f} Tz {matrix} ".encode("ascii") + encoded(line.text, codes) + b" Tj"


def _bound(content: bytes, context: Context) -> pikepdf.Pdf:
    """A PDF of the pictures of a file, each as large as it was on paper."""
    pdf = pikepdf.new()
    for frame in frames_of(content, context.settings.limits):
        orientation = frame.getexif().get(_ORIENTATION, 1)
        # Mirrored pictures are rare enough to be turned for good.
        stored = frame if orientation in (1, *_TURNS) else ImageOps.exif_transpose(frame)
        width, height = page_size(stored)
        turn = _TURNS.get(orientation, 0)
        picture = _picture(pdf, stored, content)
        page = pdf.add_blank_page(page_size=(width, height))
        page.obj.Rotate = turn
        page.obj.Resources = Dictionary(XObject=Dictionary(Im0=picture))
        page.obj.Contents = pdf.make_stream(f"q {width:.4f} 0 0 {height:.4f} 0 0 cm /Im0 Do Q".encode("ascii"))
    return pdf


def _picture(pdf: pikepdf.Pdf, image: Image.Image, content: bytes) -> pikepdf.Object:
    if image.format in ("JPEG", "MPO") and image.mode in _JPEG_SPACES:
        return _image(pdf, content, image, _JPEG_SPACES[image.mode], {"Filter": Name.DCTDecode})
    if image.mode not in _COLOUR_SPACES:
        image = Image.fromarray(grey_of(image)) if image.mode.startswith(("I", "F", "L")) else _on_white(image)
    space, components = _COLOUR_SPACES[image.mode]
    parameters = Dictionary(
        Predictor=15,
        Colors=components,
        BitsPerComponent=1 if image.mode == "1" else 8,
        Columns=image.width,
    )
    return _image(pdf, _rows(image), image, space, {"Filter": Name.FlateDecode, "DecodeParms": parameters})


def _image(
    pdf: pikepdf.Pdf, data: bytes, image: Image.Image, space: Name, packed: dict[str, pikepdf.Object]
) -> pikepdf.Object:
    return pdf.make_stream(
        data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=image.width,
        Height=image.height,
        ColorSpace=space,
        BitsPerComponent=1 if image.mode == "1" else 8,
        **packed,
    )


def _on_white(image: Image.Image) -> Image.Image:
    if "A" in image.getbands() or "transparency" in image.info:
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _rows(image: Image.Image) -> bytes:
    """The rows as PNG packs them, which is what PDF calls predictor 15 (ISO 32000-1, 7.4.4.4)."""
    out = io.BytesIO()
    clean = image.copy()
    clean.info = {}
    clean.save(out, "PNG")
    png, packed, position = out.getvalue(), b"", 8
    while position < len(png):
        length = int.from_bytes(png[position : position + 4], "big")
        if png[position + 4 : position + 8] == b"IDAT":
            packed += png[position + 8 : position + 8 + length]
        position += 12 + length
    return packed
