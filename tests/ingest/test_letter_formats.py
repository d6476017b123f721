"""Every format that scanners and telephones write, and every file that must be refused or survived."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image

from ingest.readers import letter
from ingest.readers.base import Context, ReaderSettings
from ingest.readers.images import open_images
from ingest.typeset import typeset
from models.config import Limits, Ocr
from models.errors import ConfigError, ItemError
from models.message import Channel, Message, Original, Page, TextSource

TEXT = (
    "Sehr geehrte Damen und Herren,\n\nbitte senden Sie mir die Rechnung 4711 noch einmal zu.\n\n"
    "Mit freundlichen Grüßen"
)
UNREAD = ReaderSettings(ocr=Ocr(engine="none"))


def context(settings: ReaderSettings = UNREAD) -> Context:
    return Context(settings, lambda *_: None)


def read(content: bytes, settings: ReaderSettings = UNREAD) -> Message:
    return letter.read(content, Original("ab" * 32, Channel.letter, "scan0001"), context(settings))


def refused(content: bytes, settings: ReaderSettings = UNREAD) -> str:
    with pytest.raises(ItemError) as caught:
        read(content, settings)
    assert str(caught.value).endswith("."), "the sentence for the agent"
    return caught.value.reason


def printed(dpi: int = 100) -> Image.Image:
    document = pypdfium2.PdfDocument(typeset([TEXT]))
    image: Image.Image = document[0].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
    document.close()
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def with_alpha() -> Image.Image:
    ink = printed().point(lambda value: 255 - value)
    page = Image.new("RGBA", ink.size, (0, 0, 0, 0))
    page.putalpha(ink)
    return page


PICTURES: dict[str, Callable[[], bytes]] = {
    "tiff g4": lambda: saved(printed().convert("1"), "TIFF", compression="group4", dpi=(100, 100)),
    "tiff g3": lambda: saved(printed().convert("1"), "TIFF", compression="group3", dpi=(100, 100)),
    "tiff lzw": lambda: saved(printed(), "TIFF", compression="tiff_lzw", dpi=(100, 100)),
    "tiff jpeg": lambda: saved(printed().convert("RGB"), "TIFF", compression="jpeg", dpi=(100, 100)),
    "tiff 16 bit": lambda: saved(
        Image.fromarray(np.asarray(printed()).astype(np.uint16) * 257), "TIFF", dpi=(100, 100)
    ),
    "jpeg": lambda: saved(printed(), "JPEG", dpi=(100, 100)),
    "jpeg cmyk": lambda: saved(printed().convert("RGB").convert("CMYK"), "JPEG", dpi=(100, 100)),
    "png": lambda: saved(printed(), "PNG", dpi=(100, 100)),
    "png alpha": lambda: saved(with_alpha(), "PNG", dpi=(100, 100)),
    "png palette": lambda: saved(printed().convert("P"), "PNG", dpi=(100, 100)),
    "png 16 bit": lambda: saved(Image.fromarray(np.asarray(printed()).astype(np.uint16) * 257), "PNG", dpi=(100, 100)),
    "webp": lambda: saved(printed().convert("RGB"), "WEBP"),
    "jpeg 2000": lambda: saved(printed(), "JPEG2000"),
    "bmp": lambda: saved(printed(), "BMP", dpi=(100, 100)),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_of_every_kind_becomes_a_grey_page_with_dark_letters_on_white_paper(kind: str) -> None:
    bundle = open_images(PICTURES[kind](), Limits())
    (sheet,) = bundle.sheets
    assert sheet.grey is not None
    assert sheet.problem == ""
    assert sheet.dpi in range(98, 103)
    difference = np.abs(sheet.grey.astype(int) - np.asarray(printed()).astype(int))
    assert difference.mean() < 4


def test_every_page_of_a_tiff_is_a_page() -> None:
    pages = [printed().convert("1") for _ in range(3)]
    content = saved(pages[0], "TIFF", compression="group4", save_all=True, append_images=pages[1:], dpi=(100, 100))
    told: list[int] = []
    seen: list[Page] = []
    message = letter.read(
        content, Original("", Channel.letter), Context(UNREAD, lambda *_: None, told.append, seen.append)
    )
    assert [page.number for page in message.pages] == [1, 2, 3]
    assert told == [3]
    assert tuple(seen) == message.pages
    assert message.documents[0].pages == (1, 2, 3)


def test_a_photo_is_turned_as_its_exif_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = saved(printed().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, dpi=(100, 100))
    (sheet,) = open_images(content, Limits()).sheets
    assert sheet.grey is not None
    assert np.abs(sheet.grey.astype(int) - np.asarray(printed()).astype(int)).mean() < 4


def test_a_coarse_fax_gets_its_height_back() -> None:
    fax = printed(204).resize((1687, 1146)).convert("1")
    (sheet,) = open_images(saved(fax, "TIFF", compression="group3", dpi=(204, 98)), Limits()).sheets
    assert sheet.grey is not None
    assert sheet.grey.shape == (2386, 1687)


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is huge and holds next to nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (60_000, 60_000), (2_000_000, 2_000_000)])
def test_a_bomb_is_refused_before_a_pixel_is_decoded(width: int, height: int) -> None:
    assert refused(png_header(width, height)) == "too_large"


def test_a_pdf_with_a_giant_picture_is_refused_before_it_is_drawn() -> None:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    picture = pdf.make_stream(zlib.compress(b"\0" * 1000), Filter=pikepdf.Name.FlateDecode)
    picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    picture.Width, picture.Height, picture.BitsPerComponent = 60_000, 60_000, 8
    picture.ColorSpace = pikepdf.Name.DeviceGray
    pdf.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=picture))
    pdf.pages[0].Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /I Do Q")
    out = io.BytesIO()
    pdf.save(out)
    assert refused(out.getvalue()) == "too_large"


def locked(*, user: str, owner: str) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(typeset([TEXT]))) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(user=user, owner=owner))
    return out.getvalue()


def test_a_pdf_with_a_user_password_is_set_aside_as_encrypted() -> None:
    assert refused(locked(user="geheim", owner="chef")) == "encrypted"


def test_a_pdf_with_only_an_owner_password_is_read() -> None:
    message = read(locked(user="", owner="chef"))
    assert "die Rechnung 4711" in message.text
    assert message.pages[0].source == TextSource.text_layer


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"%PDF-1.7\nnothing that follows makes sense\n%%EOF", "damaged"),
        (b"PK\x03\x04 a zip whose name ends in .pdf", "unsupported"),
        (b"II*\x00\x08\x00\x00\x00", "damaged"),
        (b"\xff\xd8\xff\xe0 no picture", "damaged"),
        (b"this is no picture at all", "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(content: bytes, reason: str) -> None:
    assert refused(content) == reason


def test_a_pdf_without_pages_is_empty() -> None:
    out = io.BytesIO()
    pikepdf.new().save(out)
    assert refused(out.getvalue()) == "empty"


def test_limits_of_bytes_and_pages_are_kept() -> None:
    few = ReaderSettings(limits=Limits(pages=2, bytes=2**20), ocr=Ocr(engine="none"))
    assert refused(typeset([TEXT] * 3), few) == "too_large"
    frames = [printed().convert("1")] * 3
    assert refused(saved(frames[0], "TIFF", save_all=True, append_images=frames[1:]), few) == "too_large"
    assert refused(b"%PDF-" + b" " * 2**20, few) == "too_large"


def test_a_picture_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    content = saved(printed(), "JPEG", dpi=(100, 100))
    message = read(content[: len(content) * 2 // 3])
    assert message.warnings == ("Page 1 is cut off; what was there of it has been read.",)


def test_one_bad_page_among_good_ones_is_a_warning() -> None:
    pdf = pikepdf.open(io.BytesIO(typeset([TEXT, TEXT, TEXT])))
    pdf.pages[1].MediaBox = [0, 0, 14_400_000, 14_400_000]
    out = io.BytesIO()
    pdf.save(out)
    pdf.pages[1].Contents = pdf.make_stream(b"")
    out = io.BytesIO()
    pdf.save(out)
    message = read(out.getvalue())
    assert [page.source for page in message.pages] == [TextSource.text_layer, TextSource.none, TextSource.text_layer]
    assert len(message.warnings) == 1
    assert "too large" in message.warnings[0]


def test_an_engine_that_does_not_exist_is_a_wrong_configuration() -> None:
    with pytest.raises(ConfigError, match="cannot be loaded"):
        read(saved(printed(), "PNG"), ReaderSettings(ocr=Ocr(engine="crystal_ball")))


def test_the_media_types_are_those_that_are_read() -> None:
    assert {"application/pdf", "image/tiff", "image/jpeg", "image/png", "image/webp", "image/jp2"} <= set(
        letter.MEDIA_TYPES
    )
