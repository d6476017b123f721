"""Searchable PDFs: the text stands where its letters are, the pictures are what they were, archives can keep them."""

import io
import struct
from collections.abc import Iterator

import numpy as np
import pikepdf
import pypdfium2
import pytest
from pdfminer.high_level import extract_pages
from pdfminer.layout import LTTextBox, LTTextLine
from PIL import Image, ImageCms

from ingest.invisible_font import truetype
from ingest.ocr.base import Engine, Grey, Line
from ingest.pdf_archive import mark_as_archive, srgb
from ingest.readers import letter
from ingest.readers.base import Context, ReaderSettings
from ingest.readers.pages import Reading
from ingest.searchable import in_order, searchable
from ingest.typeset import typeset
from models.config import Ocr
from models.errors import ItemError
from models.message import Channel, Original, Page, TextSource

WORDS = "Zählerstand § 13 – 4.711 kWh für 12,50 €"
TEXT = "\n" * 8 + WORDS + "\n" * 12 + "\tunten rechts"
CONTEXT = Context(ReaderSettings(ocr=Ocr(engine="stub")), lambda *_: None)
ORIGINAL = Original("ab" * 32, Channel.letter, "scan0001.pdf")


class Stub:
    """Reads what is known to stand there: finds its place by the ink."""

    def read(self, page: Grey) -> tuple[Line, ...]:
        inked = np.nonzero((page < 128).any(axis=1))[0]
        cuts = np.nonzero(np.diff(inked) > 20)[0]
        rows = np.split(inked, cuts + 1)
        return tuple(
            self._line(page, int(row[0]), int(row[-1]) + 1, text)
            for row, text in zip(rows, (WORDS, "unten rechts"), strict=True)
        )

    def _line(self, page: Grey, top: int, bottom: int, text: str) -> Line:
        columns = np.nonzero((page[top:bottom] < 128).any(axis=0))[0]
        left, right = float(columns[0]), float(columns[-1] + 1)
        return Line(text, ((left, top), (right, top), (right, bottom), (left, bottom)), 0.99)


@pytest.fixture(autouse=True)
def stub(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = letter.load_engine

    def load(name: str, speed: str) -> Engine:
        return Stub() if name == "stub" else loaded(name, speed)

    monkeypatch.setattr(letter, "load_engine", load)


def printed(dpi: int = 100) -> Image.Image:
    document = pypdfium2.PdfDocument(typeset([TEXT]))
    image: Image.Image = document[0].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
    document.close()
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def scanned(pages: int = 1, rotate: int = 0) -> bytes:
    """What an office scanner makes: a PDF of JPEGs; ``rotate`` as the page's /Rotate over a picture turned back."""
    images = [printed().rotate(rotate, expand=True) for _ in range(pages)]
    out = io.BytesIO()
    images[0].save(out, "PDF", resolution=100, save_all=True, append_images=images[1:])
    with pikepdf.open(out) as pdf:
        for page in pdf.pages:
            page.obj.Rotate = rotate
        again = io.BytesIO()
        pdf.save(again)
    return again.getvalue()


def lines(content: bytes) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    for page in extract_pages(io.BytesIO(content)):
        for box in page:
            if isinstance(box, LTTextBox):
                for line in box:
                    if isinstance(line, LTTextLine):
                        yield line.get_text().strip(), line.bbox


def images(page: pikepdf.Page) -> list[pikepdf.Stream]:
    items = page.obj.Resources.XObject.as_dict().values()
    return [item for item in items if isinstance(item, pikepdf.Stream)]


def streams(content: bytes) -> list[bytes]:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return [image.read_raw_bytes() for page in pdf.pages for image in images(page)]


def rendered(content: bytes) -> np.ndarray:
    document = pypdfium2.PdfDocument(content)
    picture = np.array(document[0].render(scale=1, grayscale=True).to_numpy(), dtype=int)
    document.close()
    return picture


def test_the_text_stands_where_the_letters_are() -> None:
    wanted = {line.text: line.corners for line in Stub().read(np.asarray(printed()))}
    found = dict(lines(searchable(scanned(), ORIGINAL, CONTEXT)))
    assert set(found) == {WORDS, "unten rechts"}
    for text, (top_left, _, bottom_right, _) in wanted.items():
        # From pixels of 100 dpi, downwards, to points, upwards.
        box = (top_left[0], 1170 - bottom_right[1], bottom_right[0], 1170 - top_left[1])
        assert found[text] == pytest.approx([value * 0.72 for value in box], abs=1.5)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_on_a_turned_page_the_text_is_turned_with_it(rotate: int) -> None:
    content = searchable(scanned(rotate=rotate), ORIGINAL, CONTEXT)
    document = pypdfium2.PdfDocument(content)
    page = document[0]
    text = page.get_textpage()
    found = text.search("unten rechts").get_next()
    assert found is not None
    left, bottom, right, top = text.get_charbox(found[0], loose=True)
    document.close()
    straight = dict(lines(searchable(scanned(), ORIGINAL, CONTEXT)))["unten rechts"]
    x, y = straight[0], straight[1]
    width, height = 595, 842
    # Where that point lies in the page's own coordinates, before /Rotate turns it.
    wanted = {0: (x, y), 90: (height - y, x), 180: (width - x, height - y), 270: (y, width - x)}[rotate]
    assert min(abs(left - wanted[0]), abs(right - wanted[0])) < 4
    assert min(abs(bottom - wanted[1]), abs(top - wanted[1])) < 4


def test_the_text_is_written_in_the_order_in_which_it_is_read() -> None:
    places = [("rechts", 300, 112), ("unten", 60, 160), ("links", 50, 100), ("oben", 50, 40)]
    # Two degrees crooked: what stands further right lies lower.
    lines = tuple(Line(text, ((x, y), (x + 90, y), (x + 90, y + 20), (x, y + 20)), 0.9) for text, x, y in places)
    page = Page(1, "", TextSource.ocr, 0.9, 0, 2.0, 200, blank=False)
    assert [line.text for line in in_order(Reading(page, lines=lines))] == ["oben", "links", "rechts", "unten"]


def test_pictures_stay_byte_for_byte_and_look_the_same() -> None:
    before = scanned(pages=2)
    after = searchable(before, ORIGINAL, CONTEXT)
    assert streams(after) == streams(before)
    assert len(streams(after)) == 2
    assert (rendered(before) == rendered(after)).all()


def test_the_same_scan_gives_the_same_bytes() -> None:
    scan = scanned()
    assert searchable(scan, ORIGINAL, CONTEXT) == searchable(scan, ORIGINAL, CONTEXT)


def test_a_page_with_a_good_text_of_its_own_is_left_alone() -> None:
    prose = "Sehr geehrte Damen und Herren,\n\nbitte senden Sie mir die Rechnung noch einmal zu.\n"
    after = searchable(typeset([prose]), ORIGINAL, CONTEXT)
    assert [text for text, _ in lines(after)] == [line for line in prose.split("\n") if line]
    assert b"PosteingangInvisible" not in after


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "L"),
        ("PNG", "1"),
        ("PNG", "RGB"),
        ("PNG", "P"),
        ("PNG", "RGBA"),
        ("TIFF", "1"),
        ("TIFF", "L"),
        ("JPEG", "L"),
    ],
)
def test_a_picture_becomes_a_pdf_of_its_size_without_loss(kind: str, mode: str) -> None:
    image = printed().convert("RGB").convert(mode)
    content = saved(image, kind, dpi=(100, 100))
    after = searchable(content, Original("", Channel.letter, "scan"), CONTEXT)
    assert {text for text, _ in lines(after)} == {WORDS, "unten rechts"}
    with pikepdf.open(io.BytesIO(after)) as pdf:
        assert [float(value) for value in pdf.pages[0].mediabox[2:]] == pytest.approx([595.4, 842.4], abs=1)
        (stream,) = images(pdf.pages[0])
        raw = stream.read_raw_bytes()
        pixels = np.asarray(pikepdf.PdfImage(stream).as_pil_image().convert("L")).astype(int)
    if kind == "JPEG":
        assert raw == content
    assert (
        np.abs(pixels - np.asarray(Image.open(io.BytesIO(content)).convert("RGB").convert("L")).astype(int)).max() <= 1
    )


def test_every_page_of_a_tiff_is_kept() -> None:
    pages = [printed().convert("1") for _ in range(3)]
    content = saved(pages[0], "TIFF", compression="group4", save_all=True, append_images=pages[1:], dpi=(100, 100))
    assert len(streams(searchable(content, ORIGINAL, CONTEXT))) == 3


@pytest.mark.parametrize(
    ("orientation", "stored", "kept"),
    [
        (1, None, True),
        (3, Image.Transpose.ROTATE_180, True),
        (6, Image.Transpose.ROTATE_90, True),
        (8, Image.Transpose.ROTATE_270, True),
        (2, Image.Transpose.FLIP_LEFT_RIGHT, False),
        (5, Image.Transpose.TRANSPOSE, False),
    ],
)
def test_a_photo_is_shown_as_its_exif_says(orientation: int, stored: Image.Transpose | None, *, kept: bool) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = printed() if stored is None else printed().transpose(stored)
    content = saved(image, "JPEG", exif=exif, dpi=(100, 100))
    after = searchable(content, ORIGINAL, CONTEXT)
    assert (streams(after) == [content]) is kept
    assert np.abs(rendered(after) - rendered(searchable(scanned(), ORIGINAL, CONTEXT))).mean() < 8
    document = pypdfium2.PdfDocument(after)
    assert document[0].get_textpage().search("unten rechts").get_next() is not None
    document.close()


def test_a_scan_claims_pdf_a_and_has_what_it_needs() -> None:
    with pikepdf.open(io.BytesIO(searchable(scanned(), ORIGINAL, CONTEXT))) as pdf:
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "2B"
        (intent,) = pdf.Root.OutputIntents
        assert intent.DestOutputProfile.read_bytes() == srgb()
        assert "/Filter" not in pdf.Root.Metadata
        assert len(pdf.trailer.ID) == 2
        font = pdf.pages[0].Resources.Font["/PosteingangInvisible"]
        assert font.DescendantFonts[0].FontDescriptor.FontFile2.read_bytes() == truetype()
        assert set(font.DescendantFonts[0].CIDToGIDMap.read_bytes()[1::2]) == {1}, "never the missing glyph"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("/OpenAction", pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")),
        ("/AcroForm", pikepdf.Dictionary(XFA="<x/>", Fields=pikepdf.Array([]))),
    ],
)
def test_a_pdf_that_no_archive_takes_makes_no_claim(key: str, value: pikepdf.Object) -> None:
    with pikepdf.open(io.BytesIO(scanned())) as pdf:
        pdf.Root[key] = pdf.make_indirect(value)
        assert mark_as_archive(pdf) != ()
        assert "/Metadata" not in pdf.Root


def test_fonts_that_are_not_embedded_make_no_archive() -> None:
    with pikepdf.open(io.BytesIO(typeset(["Hallo"]))) as pdf:
        assert mark_as_archive(pdf) == ("a font is not embedded",)


def test_the_colour_profile_is_srgb() -> None:
    ours = ImageCms.ImageCmsProfile(io.BytesIO(srgb()))
    assert ImageCms.getProfileDescription(ours).strip() == "sRGB"
    ramp = Image.merge("RGB", [Image.linear_gradient("L")] * 3)
    turned = ImageCms.profileToProfile(ramp, ours, ImageCms.createProfile("sRGB"))
    assert np.abs(np.asarray(turned).astype(int) - np.asarray(ramp).astype(int)).max() <= 1


def test_the_font_is_one_that_a_font_engine_opens() -> None:
    assert struct.unpack(">I", truetype()[:4]) == (0x00010000,)
    names = {truetype()[12 + 16 * n : 16 + 16 * n] for n in range(6)}
    assert names == {b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp"}


def test_what_cannot_be_read_cannot_be_made_searchable() -> None:
    with pytest.raises(ItemError):
        searchable(b"%PDF-1.7 nothing", ORIGINAL, CONTEXT)
