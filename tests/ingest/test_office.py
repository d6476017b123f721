"""Documents as text, and zip archives, both within bounds."""

import io
import zipfile

import pytest

from ingest.readers import archives, office
from ingest.readers.base import Context, ReaderSettings
from models.errors import ItemError
from models.message import Channel, Message, Original

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WRITER = "application/vnd.oasis.opendocument.text"
CALC = "application/vnd.oasis.opendocument.spreadsheet"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
X = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
O = (  # noqa: E741  # as the prefix is called
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
)


def nothing(content: bytes, name: str, claimed: str) -> Message | None:
    return None


CONTEXT = Context(ReaderSettings(), nothing)


def packed(files: dict[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def open_archive(content: bytes, name: str = "x.zip", context: Context = CONTEXT) -> Message:
    return archives.read(content, Original("0" * 64, Channel.email, name), context)


def test_word_gives_paragraphs_tables_headers_and_line_breaks() -> None:
    content = packed(
        {
            "word/document.xml": f"<w:document {W}><w:body>"
            "<w:p><w:r><w:t>Sehr geehrte</w:t><w:br/><w:t>Damen</w:t></w:r></w:p>"
            "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Zähler</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>4711</w:t></w:r></w:p>"
            "</w:tc></w:tr></w:tbl><w:p><w:r><w:delText>weg</w:delText><w:t>Ende</w:t></w:r></w:p></w:body></w:document>",
            "word/header1.xml": f"<w:hdr {W}><w:p><w:r><w:t>Briefkopf</w:t></w:r></w:p></w:hdr>",
        }
    )
    assert office.text_of(content, WORD) == "Briefkopf\nSehr geehrte\nDamen\nZähler\t4711\nEnde"


def test_spreadsheet_gives_rows_with_shared_and_inline_strings() -> None:
    content = packed(
        {
            "xl/sharedStrings.xml": f"<sst {X}><si><t>Zähler</t></si><si><r><t>Sta</t></r><r><t>nd</t></r></si></sst>",
            "xl/workbook.xml": "<workbook/>",
            "xl/worksheets/sheet1.xml": f"<worksheet {X}><sheetData>"
            '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
            '<row><c><v>4711</v></c><c t="inlineStr"><is><t>12345</t></is></c><c t="b"><v>1</v></c></row>'
            '<row><c t="s"><v>99</v></c></row></sheetData></worksheet>',
        }
    )
    assert office.text_of(content, SHEET) == "Zähler\tStand\n4711\t12345\tWAHR"


def test_open_document_gives_paragraphs_and_rows_without_the_million_empty_cells() -> None:
    content = packed(
        {
            "mimetype": WRITER,
            "content.xml": f"<office:document-content {O}><office:body><text:h>Kündigung</text:h>"
            "<text:p>zum<text:s text:c='2'/>"
            "30.06.<text:line-break/>2026</text:p>"
            "<table:table><table:table-row><table:table-cell><text:p>A</text:p>"
            "</table:table-cell><table:table-cell table:number-columns-repeated='1048576'/>"
            "</table:table-row></table:table>"
            "</office:body></office:document-content>",
        }
    )
    assert office.text_of(content, WRITER) == "Kündigung\nzum  30.06.\n2026\nA"
    assert office.text_of(content, CALC) == "Kündigung\nzum  30.06.\n2026\nA"


def test_calendar_and_card_give_what_a_person_would_read_out() -> None:
    calendar = (
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Z\xc3\xa4hler\r\n wechsel\r\n"
        b"DTSTART;TZID=Europe/Berlin:20260401T090000\r\nDTEND;VALUE=DATE:20260402\r\n"
        b'ORGANIZER;CN="Petra Sommer":mailto:p@x.example\r\nDESCRIPTION:Eins\\nZwei\\, drei\r\nUID:1\r\nEND:VEVENT\r\n'
    )
    assert office.text_of(calendar, "text/calendar") == (
        "Art: REQUEST\nBetreff: Zählerwechsel\nBeginn: 01.04.2026 09:00\nEnde: 02.04.2026\n"
        "Organisator: Petra Sommer <p@x.example>\nBeschreibung: Eins\nZwei, drei"
    )
    card = b"BEGIN:VCARD\nVERSION:2.1\n"
    card += b"FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg\nitem1.TEL:0211 4711\nEND:VCARD\n"
    assert office.text_of(card, "text/vcard") == "Name: Jörg\nTelefon: 0211 4711"


def test_tables_are_read_with_whatever_separates_their_columns() -> None:
    assert office.text_of('Zähler;"Stand; neu"\r\n1;2\r\n'.encode("cp1252"), "text/csv") == "Zähler\tStand; neu\n1\t2"
    assert office.text_of(b"a,b\n1,2\n", "text/csv") == "a\tb\n1\t2"


def test_rich_text_gives_its_letters_only() -> None:
    content = (
        rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\*\generator x;}\f0 Gr\'fc\'dfe \u8364? \{ok\}\par Zweite Zeile\tab Ende}"
    )
    assert office.text_of(content, "application/rtf") == "Grüße € {ok}\nZweite Zeile\tEnde"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"word/other.xml": "<a/>"}, "damaged"),
        ({"word/document.xml": "<a><b></a>"}, "damaged"),
        ({"word/document.xml": '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'}, "damaged"),
        ({"word/document.xml": "<a>" + " " * 40_000_000 + "</a>"}, "too_large"),
        ({"word/document.xml": "<a>" + " " * 5_000_000 + "</a>"}, "too_large"),
    ],
)
def test_damaged_and_hostile_documents_are_item_errors(files: dict[str, str | bytes], reason: str) -> None:
    with pytest.raises(ItemError) as caught:
        office.text_of(packed(files), WORD)
    assert caught.value.reason == reason


def test_a_document_that_is_no_archive_is_damaged() -> None:
    with pytest.raises(ItemError) as caught:
        office.text_of(b"PK\x03\x04 kaputt", WORD)
    assert caught.value.reason == "damaged"


def test_a_word_file_given_as_archive_is_read_as_a_document() -> None:
    content = packed({"word/document.xml": f"<w:document {W}><w:p><w:r><w:t>Hallo</w:t></w:r></w:p></w:document>"})
    assert open_archive(content, "brief.docx").full_text == "Hallo"
    assert office.read(content, Original("", Channel.letter, "brief.docx"), CONTEXT).media_type == WORD


def test_files_of_an_archive_are_read_and_named_safely() -> None:
    def nested(content: bytes, name: str, claimed: str) -> Message | None:
        if claimed == "application/pdf":
            raise ItemError("damaged", "The PDF has no pages.")
        return None

    content = packed(
        {
            "Unterlagen/stand.txt": "Zählerstand 4711",
            "../../boese.pdf": b"%PDF-1.7",
            "__MACOSX/._x": b"x",
            "leer/": b"",
            "bild.bin": b"\x00\x01",
        }
    )
    message = open_archive(content, context=Context(ReaderSettings(), nested))
    assert [(file.filename, file.media_type, file.text) for file in message.attachments] == [
        ("stand.txt", "text/plain", "Zählerstand 4711"),
        ("boese.pdf", "application/pdf", ""),
        ("bild.bin", "application/octet-stream", ""),
    ]
    assert message.full_text == "stand.txt\nZählerstand 4711"
    assert message.warnings == ("boese.pdf: The PDF has no pages.",)


def test_bombs_stay_closed_and_many_files_are_cut_off() -> None:
    bomb = open_archive(packed({"bombe.txt": b"0" * 50_000_000, "gut.txt": "gut"}))
    assert [file.filename for file in bomb.attachments] == ["gut.txt"]
    assert bomb.warnings == ("bombe.txt: The file unpacks to far more than it should and was left closed.",)
    many = open_archive(packed({f"{number}.txt": "x" for number in range(150)}))
    assert len(many.attachments) == 100
    assert many.warnings == ("The archive holds 150 files; the first 100 were read.",)


def test_damaged_and_locked_archives_say_so() -> None:
    content = packed({"a.txt": "Hallo Welt " * 50})
    with pytest.raises(ItemError) as caught:
        open_archive(content[:-30])
    assert caught.value.reason == "damaged"
    broken = bytearray(content)
    broken[36:44] = b"\xff" * 8
    assert open_archive(bytes(broken)).warnings == ("a.txt: The file is damaged or packed in an unknown way.",)
    locked = bytearray(content)
    locked[6] |= 1
    locked[content.rindex(b"PK\x01\x02") + 8] |= 1
    assert open_archive(bytes(locked)).warnings == ("a.txt: The file is protected by a password.",)
