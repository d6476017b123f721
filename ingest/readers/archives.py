"""Zip archives: each file inside is read as if it hung on the mail itself, within bounds (APPNOTE.TXT 6.3)."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.readers.attachments import media_type_of, safe_name
from ingest.readers.base import Context
from ingest.readers.office import MEDIA_TYPES as DOCUMENT_TYPES
from ingest.readers.office import text_of
from models.errors import ItemError
from models.message import Attachment, Message, Original

MEDIA_TYPES = ("application/zip", "application/x-zip-compressed")

_MAX_FILES = 100
_MAX_BYTES = 200 * 2**20
"""Of all files of one archive together, unpacked."""
_MAX_RATIO = 200
_RATIO_FROM = 2**20
"""Bytes; below this a high ratio harms nobody: an empty form compresses well."""
_PIECE = 2**20


@dataclass(frozen=True, slots=True)
class _Member:
    """A file of the archive, or why it stays closed."""

    name: str
    content: bytes
    problem: str = ""


def read(content: bytes, original: Original, context: Context) -> Message:
    """All that can be read inside.

    Raises:
        ItemError: ``damaged``.
    """
    kind = media_type_of(content, "", original.name)
    if kind in DOCUMENT_TYPES:  # Word and OpenDocument files are zip archives, too.
        text = text_of(content, kind)
        return Message(original.sha256, original.channel, kind, text=text, full_text=text)
    attachments: list[Attachment] = []
    warnings: list[str] = []
    for found in _members(content):
        if found.problem:
            warnings.append(f"{found.name}: {found.problem}" if found.name else found.problem)
            continue
        attachment, problems = _read_member(found, context)
        attachments.append(attachment)
        warnings.extend(problems)
    text = "\n\n".join(f"{file.filename}\n{file.text}" for file in attachments if file.text)
    return Message(
        original.sha256,
        original.channel,
        "application/zip",
        text=text,
        full_text=text,
        attachments=tuple(attachments),
        warnings=tuple(warnings),
    )


def _members(content: bytes) -> Iterator[_Member]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [info for info in archive.infolist() if not info.is_dir() and not _is_litter(info.filename)]
            left = _MAX_BYTES
            for info in files[:_MAX_FILES]:
                found = _unpack(archive, info, left)
                left -= len(found.content)
                yield found
            if len(files) > _MAX_FILES:
                yield _Member("", b"", f"The archive holds {len(files)} files; the first {_MAX_FILES} were read.")
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, IndexError) as error:
        raise ItemError("damaged", "The archive is damaged and cannot be opened.", detail=repr(error)) from error


def _is_litter(name: str) -> bool:
    """What macOS and Windows add on their own."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2] in {".DS_Store", "Thumbs.db", "desktop.ini"}


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> _Member:
    """Unpack one file piece by piece, for the sizes in the directory may lie."""
    name = info.filename
    if info.flag_bits & 1:
        return _Member(name, b"", "The file is protected by a password.")
    pieces: list[bytes] = []
    size = 0
    try:
        with archive.open(info) as stream:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > left or (size > _RATIO_FROM and size > _MAX_RATIO * max(info.compress_size, 1)):
                    return _Member(name, b"", "The file unpacks to far more than it should and was left closed.")
                pieces.append(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        return _Member(name, b"", "The file is damaged or packed in an unknown way.")
    return _Member(name, b"".join(pieces))


def _read_member(found: _Member, context: Context) -> tuple[Attachment, list[str]]:
    name = safe_name(found.name.rpartition("/")[2])
    kind = media_type_of(found.content, "", name)
    problems: list[str] = []
    text = ""
    try:
        if kind in DOCUMENT_TYPES:
            text = text_of(found.content, kind)
        elif found.content and (inner := context.nested(found.content, name, kind)):
            text = "\n\n".join(filter(None, (inner.subject, inner.full_text)))
            problems = [f"{name}: {warning}" for warning in inner.warnings]
    except ItemError as error:
        problems = [f"{name}: {error}"]
    digest = hashlib.sha256(found.content).hexdigest()
    return Attachment(name, kind, len(found.content), digest, inline=False, text=text), problems
