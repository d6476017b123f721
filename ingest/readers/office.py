"""Documents that are text at heart: Word, OpenDocument, spreadsheets, cards, calendars, plain text (ISO 29500, 26300).

Nothing is rendered: paragraphs in their order, table cells side by side, are all that a classifier and a search need.
"""

import csv
import io
import quopri
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from ingest.readers.attachments import media_type_of
from ingest.readers.base import Context
from ingest.readers.charsets import decode
from ingest.readers.html import html_to_text
from models.errors import ItemError
from models.message import Message, Original

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_MAX_MEMBER = 30 * 2**20
"""Bytes of XML, unpacked: far more than any letter, far less than a bomb."""
_MAX_RATIO = 300
_MAX_TEXT = 1_000_000
"""Characters kept of one document."""
_MAX_REPEAT = 20
"""OpenDocument packs equal neighbouring cells, empty ones by the million."""
_CARD_LABELS = {
    "FN": "Name", "ORG": "Organisation", "TITLE": "Funktion", "EMAIL": "E-Mail", "TEL": "Telefon", "ADR": "Adresse",
    "URL": "Web", "NOTE": "Notiz", "SUMMARY": "Betreff", "DTSTART": "Beginn", "DTEND": "Ende", "LOCATION": "Ort",
    "ORGANIZER": "Organisator", "ATTENDEE": "Teilnehmer", "DESCRIPTION": "Beschreibung", "STATUS": "Status",
    "METHOD": "Art", "RRULE": "Wiederholung", "BDAY": "Geburtstag",
}  # fmt: skip


def text_of(content: bytes, media_type: str) -> str:
    """What can be read of a document of one of ``MEDIA_TYPES``.

    Raises:
        ItemError: ``damaged``, ``encrypted`` or ``too_large``.
    """
    try:
        return _READERS[media_type](content)[:_MAX_TEXT].strip()
    except (zipfile.BadZipFile, zlib.error, KeyError, IndexError, NotImplementedError, EOFError, OSError) as error:
        raise ItemError("damaged", "The document is damaged and cannot be opened.", detail=repr(error)) from error
    except (SyntaxError, ValueError) as error:
        # ElementTree's ParseError is a SyntaxError, defusedxml's refusals are ValueErrors.
        raise ItemError("damaged", "The document is not well-formed.", detail=repr(error)) from error
    except RuntimeError as error:
        raise ItemError("encrypted", "The document is protected by a password.", detail=repr(error)) from error


def read(content: bytes, original: Original, context: Context) -> Message:  # noqa: ARG001  # the interface of readers
    """A document by itself, from the drop folder or nested.

    Raises:
        ItemError: as ``text_of``; ``unsupported`` if it is no kind of document known here.
    """
    kind = media_type_of(content, "", original.name)
    if kind not in _READERS:
        raise ItemError("unsupported", f"No reader for this kind of document ({kind}).")
    text = text_of(content, kind)
    return Message(original.sha256, original.channel, kind, text=text, full_text=text)


def _parse(content: bytes) -> "Element":
    from defusedxml.ElementTree import fromstring  # 20 ms to import

    element: Element = fromstring(content)
    return element


def member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One member, bounded in size and ratio whatever the directory of the archive claims.

    Raises:
        ItemError: ``too_large``.
        KeyError: if it is not there.
    """
    info = archive.getinfo(name)
    with archive.open(info) as stream:
        content = stream.read(_MAX_MEMBER + 1)
    if len(content) > _MAX_MEMBER or len(content) > _MAX_RATIO * max(info.compress_size, 1000):
        raise ItemError("too_large", "The document unpacks to more than a document can hold.")
    return content


def _local(element: "Element") -> str:
    """The tag without its name space."""
    return str(element.tag).rpartition("}")[2]


def _attribute(element: "Element", name: str) -> str:
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), "")


def _docx(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if re.fullmatch(r"word/(?:header|footer|footnotes)\d*\.xml", name)]
        lines: list[str] = []
        for name in [
            *(name for name in names if "header" in name),
            "word/document.xml",
            *(n for n in names if "header" not in n),
        ]:
            lines.extend(_word_blocks(_parse(member(archive, name))))
    return "\n".join(lines)


def _word_blocks(element: "Element") -> Iterator[str]:
    """Paragraphs and table rows."""
    for child in element:
        kind = _local(child)
        if kind == "p":
            yield _word_text(child)
        elif kind == "tr":
            cells = (" ".join(filter(None, _word_blocks(cell))) for cell in child if _local(cell) == "tc")
            yield "\t".join(cells)
        elif kind not in {"sectPr", "pPr", "tblPr", "tblGrid"}:
            yield from _word_blocks(child)


def _word_text(paragraph: "Element") -> str:
    marks = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
    pieces = []
    for element in paragraph.iter():
        kind = _local(element)
        if kind == "t":
            pieces.append(element.text or "")
        elif kind in marks:
            pieces.append(marks[kind])
    return "".join(pieces)


def _open_document(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        root = _parse(member(archive, "content.xml"))
    body = next((element for element in root.iter() if _local(element) == "body"), root)
    return "\n".join(_open_blocks(body))


def _open_blocks(element: "Element") -> Iterator[str]:
    for child in element:
        kind = _local(child)
        if kind in {"p", "h"}:
            yield _open_text(child)
        elif kind == "table-row":
            row = "\t".join(_open_cells(child)).rstrip("\t")
            if row:
                yield row
        elif kind not in {"annotation", "tracked-changes", "forms"}:
            yield from _open_blocks(child)


def _open_cells(row: "Element") -> Iterator[str]:
    for cell in row:
        if _local(cell) in {"table-cell", "covered-table-cell"}:
            repeated = _attribute(cell, "number-columns-repeated")
            text = " ".join(filter(None, _open_blocks(cell)))
            count = int(repeated) if repeated.isdecimal() else 1
            yield from [text] * min(count, _MAX_REPEAT)


def _open_text(element: "Element") -> str:
    marks = {"tab": "\t", "line-break": "\n", "s": " "}
    pieces = [element.text or ""]
    for child in element:
        kind = _local(child)
        if kind in marks:
            count = _attribute(child, "c")
            pieces.append(marks[kind] * min(int(count) if count.isdecimal() else 1, _MAX_REPEAT))
        elif kind != "annotation":
            pieces.append(_open_text(child))
        pieces.append(child.tail or "")
    return "".join(pieces)


def _xlsx(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        shared: list[str] = []
        if "xl/sharedStrings.xml" in names:
            strings = _parse(member(archive, "xl/sharedStrings.xml"))
            shared = [_word_text(item) for item in strings if _local(item) == "si"]
        sheets = sorted(
            (name for name in names if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)),
            key=lambda name: int(re.sub(r"\D", "", name)),
        )
        lines: list[str] = []
        for name in sheets:
            lines.extend(_sheet_rows(_parse(member(archive, name)), shared))
    return "\n".join(lines)


def _sheet_rows(sheet: "Element", shared: list[str]) -> Iterator[str]:
    for row in sheet.iter():
        if _local(row) == "row":
            cells = [_cell_text(cell, shared) for cell in row if _local(cell) == "c"]
            if any(cells):
                yield "\t".join(cells)


def _cell_text(cell: "Element", shared: list[str]) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _word_text(cell)
    value = next((child.text or "" for child in cell if _local(child) == "v"), "")
    if kind == "s":
        return shared[int(value)] if value.isdecimal() and int(value) < len(shared) else ""
    return {"0": "FALSCH", "1": "WAHR"}.get(value, value) if kind == "b" else value


def _plain(content: bytes) -> str:
    return decode(content).text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _html(content: bytes) -> str:
    return html_to_text(_plain(content)).text


def _table(content: bytes) -> str:
    text = _plain(content[: 4 * _MAX_TEXT])
    first = text.partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return text
    return "\n".join("\t".join(cell.strip() for cell in row) for row in rows)


def _card(content: bytes) -> str:
    """A vCard (RFC 6350) and iCalendar (RFC 5545): the properties that say something to a person."""
    unfolded = re.sub(r"\n[ \t]", "", _plain(content))
    lines = []
    for line in unfolded.split("\n"):
        head, _, value = line.partition(":")
        name, *_parameters = head.split(";")
        label = _CARD_LABELS.get(name.rpartition(".")[2].upper())
        if label and value.strip():
            lines.append(f"{label}: {_card_value(name.upper(), head, value)}")
    return "\n".join(lines)


def _card_value(name: str, head: str, value: str) -> str:
    if "QUOTED-PRINTABLE" in head.upper():  # vCard 2.1, as old telephones write it
        value = decode(quopri.decodestring(value.encode())).text
    if name in {"DTSTART", "DTEND"} and (match := re.match(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d))?", value)):
        day = f"{match[3]}.{match[2]}.{match[1]}"
        return f"{day} {match[4]}:{match[5]}" if match[4] else day
    if name in {"ADR", "ORG"}:
        value = ", ".join(part for part in re.split(r"(?<!\\);", value) if part.strip())
    if value[:7].lower() == "mailto:":
        common = re.search(r"CN=\"?([^\";:]+)", head)
        value = f"{common[1]} <{value[7:]}>" if common else value[7:]
    return re.sub(r"\\([,;\\])", r"\1", value.replace("\\n", "\n").replace("\\N", "\n")).strip()


def _rtf(content: bytes) -> str:
    """The text of an RTF: groups that hold no text are skipped, escapes are decoded as Windows-1252 or Unicode."""
    pieces: list[str] = []
    skipped: list[bool] = [False]
    fallback = 0
    for match in _RTF_TOKEN.finditer(content[: 4 * _MAX_TEXT]):
        word, number, escaped, brace, char = match.groups()
        if brace == b"{":
            skipped.append(skipped[-1])
        elif brace == b"}":
            skipped = skipped[:-1] or [False]
        elif (word in _RTF_SKIPPED) or char == b"*":
            skipped[-1] = True
        elif skipped[-1]:
            continue
        elif fallback and (escaped or char):
            fallback -= 1
        else:
            pieces.append(_rtf_piece(word, number, escaped, char))
            fallback = 1 if word == b"u" else 0
    return "".join(pieces)


_RTF_TOKEN = re.compile(rb"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|([{}])|(?:\\(?=[*~_\\{}-]))?([^\r\n])")
_RTF_SKIPPED = frozenset(
    {b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"generator", b"themedata"}
)
_RTF_MARKS = {b"par": "\n", b"line": "\n", b"row": "\n", b"tab": "\t", b"cell": "\t", b"emdash": "—", b"endash": "–"}


def _rtf_piece(word: bytes | None, number: bytes | None, escaped: bytes | None, char: bytes | None) -> str:
    if word == b"u" and number:
        return chr(int(number) % 0x10000) if not 0xD800 <= int(number) % 0x10000 < 0xE000 else ""
    if word is not None:
        return _RTF_MARKS.get(word, "")
    return decode(bytes.fromhex(escaped.decode()) if escaped else char or b"", "cp1252").text


_READERS: Mapping[str, Callable[[bytes], str]] = {
    f"{_OOXML}wordprocessingml.document": _docx,
    f"{_OOXML}spreadsheetml.sheet": _xlsx,
    f"{_ODF}text": _open_document,
    f"{_ODF}spreadsheet": _open_document,
    "application/rtf": _rtf,
    "text/rtf": _rtf,
    "text/plain": _plain,
    "text/markdown": _plain,
    "text/html": _html,
    "text/csv": _table,
    "text/vcard": _card,
    "text/x-vcard": _card,
    "text/directory": _card,
    "text/calendar": _card,
    "application/ics": _card,
}
MEDIA_TYPES = tuple(_READERS)
