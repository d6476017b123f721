"""Text layers are judged page by page: the good ones are taken, the others are read from the picture."""

import io

import pikepdf
import pypdfium2
import pytest

from ingest.readers import letter
from ingest.readers.base import Context, ReaderSettings
from ingest.readers.text_layer import GOOD, probe, quality
from ingest.typeset import typeset
from models.config import Ocr
from models.message import Channel, Message, Original, TextSource

PROSE = (
    "Sehr geehrte Damen und Herren,\n\nich habe die Rechnung vom 3. März 2026 bekommen und bitte Sie, den Abschlag zu\n"
    "senken. Der Zähler 1EMH0012847705 steht auf 4.711 kWh.\n\nMit freundlichen Grüßen\nRenate Holtkamp"
)
TABLE = "Zeitraum\tVerbrauch\tBetrag\n" + "\n".join(f"0{m}/2025\t{m * 311} kWh\t{m * 97},50 €" for m in range(1, 9))
SPACED = " ".join(PROSE)
UPSIDE_DOWN = "uǝllǝʇs uǝuuǝɥı ɹıʍ ƃunuɥɔǝɹ ǝıp 8ᄅ0ᔭ ˙ɹu Ɩ Ɩ ǝƃɐɹɟ ɹǝp ʇıɯ ƃnzǝq"
UNNAMED = "(cid:12)(cid:45)(cid:3)(cid:99) (cid:17)(cid:45)(cid:8) (cid:12)(cid:45)(cid:3)(cid:99)"
PRIVATE = "".join(chr(0xE000 + ord(character) % 200) for character in PROSE)
BROKEN = "�" * 40 + " der die das und"
CONSONANTS = "Xqrtz bnmwk pltkrst hgfdsk vbnmxz wrtpsd lkjhgf qwrtzp sdfghj xcvbnm rtzpsd fghjkl " * 3


@pytest.mark.parametrize("text", [PROSE, PROSE.replace("\n", " "), TABLE])
def test_what_people_write_is_a_good_layer(text: str) -> None:
    assert quality(text) >= GOOD


@pytest.mark.parametrize("text", ["", "Seite 1", SPACED, UNNAMED, PRIVATE, BROKEN, CONSONANTS])
def test_what_broken_fonts_and_bad_readers_leave_is_not(text: str) -> None:
    assert quality(text) < GOOD


def read(content: bytes) -> Message:
    context = Context(ReaderSettings(ocr=Ocr(engine="none")), lambda *_: None)
    return letter.read(content, Original("", Channel.letter), context)


def test_each_page_is_judged_by_itself() -> None:
    message = read(typeset([PROSE, SPACED[:70] + "\n" + SPACED[70:140], PROSE]))
    assert [page.source for page in message.pages] == [TextSource.text_layer, TextSource.none, TextSource.text_layer]
    assert message.pages[0].confidence is None
    assert "1EMH0012847705" in message.text


def scan_with_layer(text: str) -> bytes:
    """A page that is one picture, with invisible text below it, as scanners with OCR write it."""
    document = pypdfium2.PdfDocument(typeset([PROSE]))
    picture = document[0].render(scale=1, grayscale=True).to_pil().convert("L")
    document.close()
    pdf = pikepdf.open(io.BytesIO(typeset([text])))
    stream = pdf.make_stream(picture.tobytes())
    stream.Type, stream.Subtype, stream.ColorSpace = pikepdf.Name.XObject, pikepdf.Name.Image, pikepdf.Name.DeviceGray
    stream.Width, stream.Height, stream.BitsPerComponent = picture.width, picture.height, 8
    page = pdf.pages[0]
    page.Resources.XObject = pikepdf.Dictionary(I=stream)
    page.contents_add(b"q 595 0 0 842 0 0 cm /I Do Q")
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def test_text_below_a_picture_of_the_whole_page_is_not_trusted() -> None:
    document = pypdfium2.PdfDocument(scan_with_layer(PROSE))
    layer = probe(document[0])
    document.close()
    assert layer.quality >= GOOD
    assert layer.is_scan
    assert not layer.is_good


def test_the_hidden_layer_helps_out_where_the_picture_cannot_be_read() -> None:
    message = read(scan_with_layer(PROSE))
    assert message.pages[0].source == TextSource.text_layer
    assert message.warnings == ("Page 1: the picture reads badly; the text is the one that the scanner left.",)


def test_rubbish_below_a_picture_is_never_taken() -> None:
    message = read(scan_with_layer(CONSONANTS[:80]))
    assert message.pages[0].source == TextSource.none
    assert message.full_text == ""
