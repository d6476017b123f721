"""Separator sheets as the mail room prints them, and as scanners give them back; foreign codes that separate."""

import binascii
import datetime as dt
import io
from collections.abc import Sequence
from functools import cache

import numpy as np
import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageOps
from pydantic import ValidationError
from zxingcpp import BarcodeFormat

from ingest import scan_damage
from ingest.readers import letter
from ingest.readers.base import Context, ReaderSettings
from ingest.separators import Separator, parse, payload, separator_on, sheet_pdf
from ingest.typeset import typeset
from models.config import Ocr, SeparatorCode, Splitting
from models.errors import RefusedError
from models.message import Channel, Message, Original

DATE = dt.date(2026, 1, 12)
SHEET = sheet_pdf(2, received_on=DATE, channel="post", kind="einschreiben", batch="2026-W03-B7")
EXPECTED = Separator("PE1:2026-W03-B7:20260112:POST:EINSCHREIBEN:9688", DATE, "2026-W03-B7", "POST", "EINSCHREIBEN")
DPI = 100
"""Keeps the tests quick; a sheet of ours is read at this size in any case."""
LETTER = "Sehr geehrte Damen und Herren,\n\nbitte senden Sie mir die Rechnung noch einmal.\n\nMit freundlichen Grüßen"


def picture(content: bytes, page: int = 0, dpi: int = DPI) -> Image.Image:
    document = pypdfium2.PdfDocument(content)
    image: Image.Image = document[page].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
    document.close()
    image.info["dpi"] = (dpi, dpi)
    return image


def found(image: Image.Image, splitting: Splitting | None = None) -> Separator | None:
    return separator_on(np.asarray(image.convert("L")), scan_damage.dpi_of(image), splitting or Splitting())


def barcode(text: str, kind: BarcodeFormat, *, scale: int = 2, angle: float = 0) -> Image.Image:
    """A page of ``DPI`` with a code in its middle and a letter around it."""
    sheet = page().copy()
    code = Image.fromarray(np.array(zxingcpp.create_barcode(text, kind).to_image(scale=scale)))
    sheet.paste(code, (150, 550))
    turned = sheet.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=255)
    turned.info["dpi"] = (DPI, DPI)
    return turned


def blank() -> Image.Image:
    return Image.new("L", (827, 1169), 250)


@cache
def page() -> Image.Image:
    return picture(typeset([LETTER]))


def own() -> Image.Image:
    return picture(SHEET)


def patch_128() -> Image.Image:
    return barcode("PATCHT", BarcodeFormat.Code128)


def patch_39() -> Image.Image:
    return barcode("PATCHT", BarcodeFormat.Code39)


def patch_qr() -> Image.Image:
    return barcode("PATCHT", BarcodeFormat.QRCode, scale=4)


def label() -> Image.Image:
    return barcode("ASN00123", BarcodeFormat.Code39)


def other_code() -> Image.Image:
    return barcode("https://example.org/PATCHT", BarcodeFormat.QRCode, scale=4)


def unreadable() -> Image.Image:
    sheet = patch_128()
    sheet.paste(255, (150, 575, 210, 700))
    sheet.paste(0, (250, 500, 260, 750))
    return sheet


def upside_down() -> Image.Image:
    return patch_128().rotate(180)


def lying() -> Image.Image:
    return patch_128().transpose(Image.Transpose.ROTATE_90)


def fuzzy() -> Image.Image:
    return scan_damage.blur(patch_39(), np.random.default_rng(2))


def crooked() -> Image.Image:
    return barcode("PATCHT", BarcodeFormat.Code128, angle=4)


def faxed() -> Image.Image:
    return patch_qr().convert("1").convert("L")


def inverted() -> Image.Image:
    return ImageOps.invert(patch_qr())


def as_tiff(pages: Sequence[Image.Image], *, alpha: bool = False) -> bytes:
    out = io.BytesIO()
    # Copies: Pillow leaves the settings of one format on a picture and trips over them with the next.
    images = [page.convert("LA") if alpha else page.copy() for page in pages]
    images[0].save(out, "TIFF", compression="tiff_lzw", save_all=True, append_images=images[1:], dpi=(DPI, DPI))
    return out.getvalue()


def as_pdf(pages: Sequence[Image.Image]) -> bytes:
    out = io.BytesIO()
    images = [page.copy() for page in pages]
    images[0].save(out, "PDF", save_all=True, append_images=images[1:], resolution=DPI)
    return out.getvalue()


def read(content: bytes, splitting: Splitting | None = None) -> Message:
    settings = ReaderSettings(ocr=Ocr(engine="none"), splitting=splitting or Splitting())
    return letter.read(content, Original("", Channel.letter), Context(settings, lambda *_: None))


def runs(message: Message) -> list[tuple[int, ...]]:
    return [document.pages for document in message.documents]


ASN = Splitting(codes=(SeparatorCode(pattern="PATCHT"), SeparatorCode(pattern=r"ASN\d+", keep_page=True)))
CUSTOM = Splitting(codes=(SeparatorCode(pattern="CUSTOM BARCODE"),))
NONE = Splitting(codes=())
P = page()
FILES: dict[str, tuple[list[Image.Image], Splitting, list[tuple[int, ...]]]] = {
    "no code": ([P, P], Splitting(), [(1, 2)]),
    "own sheet in the middle": ([P, own(), P], Splitting(), [(1,), (3,)]),
    "own sheets first and last": ([own(), P, P, own()], Splitting(), [(2, 3)]),
    "code 128 in the middle": ([P, patch_128(), P], Splitting(), [(1,), (3,)]),
    "code 39 in the middle": ([P, patch_39(), P], Splitting(), [(1,), (3,)]),
    "QR code in the middle": ([P, patch_qr(), P], Splitting(), [(1,), (3,)]),
    "two in a row": ([P, patch_128(), patch_128(), P], Splitting(), [(1,), (4,)]),
    "several": ([P, P, patch_39(), P, P, patch_qr(), P], Splitting(), [(1, 2), (4, 5), (7,)]),
    "at the start": ([patch_128(), P, P], Splitting(), [(2, 3)]),
    "at the end": ([P, P, patch_128()], Splitting(), [(1, 2)]),
    "alone": ([patch_128()], Splitting(), []),
    "upside down": ([P, upside_down(), P], Splitting(), [(1,), (3,)]),
    "lying": ([P, lying(), P], Splitting(), [(1,), (3,)]),
    "fuzzy": ([P, fuzzy(), P], Splitting(), [(1,), (3,)]),
    "crooked": ([P, crooked(), P], Splitting(), [(1,), (3,)]),
    "black and white": ([P, faxed(), P], Splitting(), [(1,), (3,)]),
    "white on black": ([P, inverted(), P], Splitting(), [(1,), (3,)]),
    "unreadable": ([P, unreadable(), P], Splitting(), [(1, 2, 3)]),
    "another code": ([P, other_code(), P], Splitting(), [(1, 2, 3)]),
    "not configured": ([P, patch_qr(), P], NONE, [(1, 2, 3)]),
    "custom": ([P, barcode("CUSTOM BARCODE", BarcodeFormat.Code128), P], CUSTOM, [(1,), (3,)]),
    "custom code 39": ([P, barcode("CUSTOM BARCODE", BarcodeFormat.Code39, scale=2), P], CUSTOM, [(1,), (3,)]),
    "custom is not the default": ([P, barcode("CUSTOM BARCODE", BarcodeFormat.QRCode), P], Splitting(), [(1, 2, 3)]),
    "labels keep their page": ([label(), P, label(), label(), P], ASN, [(1, 2), (3,), (4, 5)]),
    "labels and sheets": ([label(), P, patch_128(), P, label()], ASN, [(1, 2), (4,), (5,)]),
    "labels not configured": ([label(), P, label()], Splitting(), [(1, 2, 3)]),
    "blank backs": ([own(), blank(), P, blank(), own(), blank(), P, blank()], Splitting(), [(2, 3, 4), (6, 7, 8)]),
}


@pytest.mark.parametrize("name", FILES)
def test_a_scan_is_split_where_a_code_says_so(name: str) -> None:
    pages, splitting, expected = FILES[name]
    # Half of them as each: what is inside is the same.
    message = read(as_tiff(pages) if len(name) % 2 else as_pdf(pages), splitting)
    assert runs(message) == expected
    assert len(message.pages) == len(pages), "no page is ever lost"


def test_a_tiff_with_transparency_is_split() -> None:
    assert runs(read(as_tiff([P, patch_128(), P], alpha=True))) == [(1,), (3,)]


def test_a_page_that_was_never_paper_separates_too() -> None:
    """Our own PDF has a good text layer, so it is drawn for its code."""
    message = read(SHEET)
    assert runs(message) == []
    assert message.full_text == "", "what stands on a sheet of ours is not the customer's"
    assert message.warnings == ("The file holds separator sheets and nothing else.",)


@pytest.mark.parametrize("kind", scan_damage.DAMAGES)
def test_our_sheet_is_found_whatever_the_scanner_did(kind: str) -> None:
    assert found(scan_damage.DAMAGES[kind](own(), np.random.default_rng(3))) == EXPECTED


def test_one_of_both_codes_is_enough() -> None:
    for box in ((0, 0, 827, 575), (0, 575, 827, 1169)):
        torn = own()
        torn.paste(255, box)
        assert found(torn) == EXPECTED


def test_people_can_read_a_sheet_in_german() -> None:
    document = pypdfium2.PdfDocument(SHEET)
    text = document[1].get_textpage().get_text_bounded()
    count = len(document)
    document.close()
    assert count == 2
    for words in ("Trennblatt", "Montag, 12.01.2026", "POST", "EINSCHREIBEN", "2026-W03-B7", "Blatt 2 von 2"):
        assert words in text


def test_the_reason_of_a_letter_names_its_sheet() -> None:
    message = read(as_tiff([P, own(), P]))
    assert [document.reason for document in message.documents] == [
        "before the first separator",
        "separator sheet: batch 2026-W03-B7, received 2026-01-12, POST, EINSCHREIBEN",
    ]


def test_a_printed_code_is_understood_for_ever() -> None:
    """Sheets lie in drawers for years: this line never changes."""
    assert parse("PE1:B7:20260112:POST:BRIEF:2AAD") == Separator(
        "PE1:B7:20260112:POST:BRIEF:2AAD", DATE, "B7", "POST", "BRIEF"
    )


@pytest.mark.parametrize(
    "text",
    [
        "PE1:B7:20260112:POST:BRIEF:2AAE",
        "PE1:B8:20260112:POST:BRIEF:2AAD",
        "PE1:B7:20260112:POST:BRIEF",
        "PE2:B7:20260112:POST:BRIEF:2AAD",
        "PE1 und mehr",
        "",
    ],
)
def test_a_code_with_a_wrong_check_is_not_ours(text: str) -> None:
    assert parse(text) is None


def test_a_date_that_does_not_exist_is_not_ours_even_with_its_check() -> None:
    checked = "PE1:B7:20261301:POST:BRIEF"
    assert parse(f"{checked}:{binascii.crc_hqx(checked.encode(), 0xFFFF):04X}") is None


@pytest.mark.parametrize("word", ["", "B 7", "Ü1", "-", "X" * 21, "A:B"])
def test_words_that_a_code_cannot_hold_are_refused(word: str) -> None:
    with pytest.raises(RefusedError, match="batch"):
        payload(received_on=DATE, channel="post", kind="brief", batch=word)


@pytest.mark.parametrize("count", [0, -1, 501])
def test_no_sheets_and_too_many_sheets_are_refused(count: int) -> None:
    with pytest.raises(RefusedError, match="1 to 500"):
        sheet_pdf(count, received_on=DATE, channel="post", kind="brief", batch="B7")


def test_a_pattern_that_is_none_is_a_wrong_configuration() -> None:
    with pytest.raises(ValidationError, match="is not a regular expression"):
        SeparatorCode(pattern="(")
