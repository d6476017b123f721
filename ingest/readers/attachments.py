"""What hangs on a mail: names that are safe, types by content, and whether a picture is more than decoration."""

import hashlib
import mimetypes
import re
import struct
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from models.message import Attachment

_MAX_NAME_BYTES = 255
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*\\/]')
# Marks that turn the direction of writing ("rechnung\u202efdp.exe" reads as "rechnungexe.pdf") or have no width at all.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\u061c\ufeff]")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_DECORATION = re.compile(
    r"(?:image|oledata|outlook-|img|bild)\d{3,}|logo|signatur|spacer|pixel|banner|footer|header|icon|facebook|twitter"
    r"|linkedin|instagram|xing|youtube|whatsapp|~wrd\d+|blank\.gif",
    re.IGNORECASE,
)
_LOGO_BYTES = 20_000
_LOGO_SIDE = 250
"""Pixels: a picture shown inside the text whose shorter side is below is a logo, not a photograph."""
_ICON_BYTES = 5_000
_ICON_SIDE = 100
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"MZ\x90\x00", "application/vnd.microsoft.portable-executable"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"BEGIN:VCALENDAR", "text/calendar"),
    (0, b"BEGIN:VCARD", "text/vcard"),
)
_ZIP_FAMILY: tuple[tuple[bytes, str], ...] = (
    (b"word/document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/presentation", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_VAGUE = frozenset({"", "application/octet-stream", "application/binary", "application/x-download", "text/plain"})
_MORE_EXTENSIONS = {
    ".eml": "message/rfc822", ".msg": "application/vnd.ms-outlook", ".ics": "text/calendar", ".vcf": "text/vcard",
    ".csv": "text/csv", ".heic": "image/heic", ".webp": "image/webp", ".md": "text/plain", ".log": "text/plain",
    ".docx": _ZIP_FAMILY[0][1], ".xlsx": _ZIP_FAMILY[1][1], ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet", ".p7m": "application/pkcs7-mime",
    ".p7s": "application/pkcs7-signature", ".rtf": "application/rtf",
}  # fmt: skip
# Its own table, not the one of the machine it runs on.
_TYPES = mimetypes.MimeTypes(filenames=())
_LAYOUT = frozenset({
    "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-keys",
    "application/pgp-encrypted", "application/applefile", "message/delivery-status", "message/disposition-notification",
    "message/feedback-report", "message/global-delivery-status", "text/rfc822-headers", "text/x-amp-html",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """A file of a mail before it is judged."""

    name: str
    """As claimed."""
    media_type: str
    """As claimed, lower case."""
    content: bytes
    content_id: str = ""
    disposition: str = ""


def describe(files: Iterable[File], referenced: frozenset[str]) -> tuple[tuple[File, Attachment], ...]:
    """Name and judge the files of one mail.

    Args:
        files: in their order in the mail.
        referenced: the Content-IDs that its HTML shows.
    """
    taken: set[str] = set()
    described = []
    for file in files:
        name = _unique(safe_name(file.name), taken)
        media_type = media_type_of(file.content, file.media_type, file.name)
        described.append(
            (
                file,
                Attachment(
                    filename=name,
                    media_type=media_type,
                    size=len(file.content),
                    sha256=hashlib.sha256(file.content).hexdigest(),
                    inline=is_layout(file, media_type, shown=bool(file.content_id) and file.content_id in referenced),
                ),
            )
        )
    return tuple(described)


def safe_name(claimed: str) -> str:
    r"""A name that is one on every file system, at most 255 bytes of UTF-8; empty for an empty one.

    >>> safe_name("../../etc/Rechnung\u202efdp.exe"), safe_name("NUL.txt"), safe_name("Rechnung 01/2026.pdf")
    ('Rechnungfdp.exe', '_NUL.txt', 'Rechnung 01_2026.pdf')
    """
    if not claimed.strip():
        return ""
    name = unicodedata.normalize("NFC", claimed.encode("utf-8", "replace").decode())
    if "\\" in name or re.match(r"[A-Za-z]:", name):
        name = name.rpartition("\\")[2]
    if name.startswith("/") or ".." in name.split("/"):
        name = PurePosixPath(name).name
    name = _FORBIDDEN.sub("_", _INVISIBLE.sub("", name))
    name = " ".join(name.split()).rstrip(". ")
    if _RESERVED.fullmatch(name) or name.startswith((".", "-", "~")):
        name = f"_{name}"
    return _shortened(name) if name.strip("_") else "attachment"


def _shortened(name: str, mark: str = "") -> str:
    """Cut the stem, never the extension."""
    suffix = PurePosixPath(name).suffix
    suffix = suffix if len(suffix.encode()) <= 20 and suffix != name else ""
    stem = name[: len(name) - len(suffix)] if suffix else name
    room = _MAX_NAME_BYTES - len((mark + suffix).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + mark + suffix


def _unique(name: str, taken: set[str]) -> str:
    """Names that differ only in case are the same to some file systems."""
    candidate, number = name, 1
    while name and candidate.casefold() in taken:
        number += 1
        candidate = _shortened(name, f" ({number})")
    taken.add(candidate.casefold())
    return candidate


def media_type_of(content: bytes, claimed: str, name: str) -> str:
    """By content where that tells, else as claimed, else by the extension."""
    found = _by_content(content)
    if found:
        return found
    claimed = claimed.partition(";")[0].strip().lower()
    if claimed not in _VAGUE and "/" in claimed:
        return claimed
    suffix = PurePosixPath(name.lower()).suffix
    guessed = _MORE_EXTENSIONS.get(suffix) or _TYPES.guess_type(f"x{suffix}")[0]
    return guessed or claimed or "application/octet-stream"


def _by_content(content: bytes) -> str:
    head = content[:32]
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(content)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_kind(content)
    if head.startswith(b"BM") and len(content) > 26 and struct.unpack("<I", content[2:6])[0] == len(content):
        return "image/bmp"
    return next((kind for at, mark, kind in _SIGNATURES if head.startswith(mark, at)), "")


def _zip_kind(content: bytes) -> str:
    if content[30:38] == b"mimetype":  # OpenDocument puts its type first, not compressed.
        size = struct.unpack("<I", content[22:26])[0]
        return content[38 : 38 + min(size, 100)].decode("ascii", "ignore") or "application/zip"
    directory = content[-70_000:]
    return next((kind for mark, kind in _ZIP_FAMILY if mark in directory), "application/zip")


def _ole_kind(content: bytes) -> str:
    for mark, kind in (
        ("__substg1.0_", "application/vnd.ms-outlook"),
        ("WordDocument", "application/msword"),
        ("Workbook", "application/vnd.ms-excel"),
        ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ):
        if mark.encode("utf-16-le") in content:
            return kind
    return "application/x-ole-storage"


def is_layout(file: File, media_type: str, *, shown: bool) -> bool:
    """Whether the file belongs to the layout of the mail, or to its transport, rather than being sent for itself.

    Args:
        file: as claimed.
        media_type: by content.
        shown: the HTML refers to it.
    """
    if file.media_type in _LAYOUT or media_type in _LAYOUT:
        return True
    if not media_type.startswith("image/"):
        return False
    width, height = picture_size(file.content)
    side, size = min(width, height), len(file.content)
    if 0 < side <= 3:
        return True
    if shown:
        small = side < _LOGO_SIDE if side else size < _LOGO_BYTES
        return small or size < _LOGO_BYTES or bool(_DECORATION.search(file.name) and size < 5 * _LOGO_BYTES)
    if file.disposition == "attachment":
        return False
    return size < _ICON_BYTES and side < _ICON_SIDE


def picture_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels as the header of the picture says; zeros if it cannot be told."""
    try:
        if content.startswith(b"\x89PNG"):
            width, height = struct.unpack(">II", content[16:24])
        elif content.startswith(b"GIF8"):
            width, height = struct.unpack("<HH", content[6:10])
        elif content.startswith(b"BM"):
            width, height = (abs(side) for side in struct.unpack("<ii", content[18:26]))
        elif content.startswith(b"\xff\xd8"):
            width, height = _jpeg_size(content)
        else:
            return 0, 0
    except struct.error:
        return 0, 0
    return width, height


def _jpeg_size(content: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + max(struct.unpack(">H", content[at + 2 : at + 4])[0], 1)
    return 0, 0
