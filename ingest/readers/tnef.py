"""winmail.dat: the files and the text that Outlook wraps for Exchange (MS-OXTNEF)."""

import logging
import struct
from dataclasses import dataclass
from typing import Any

from ingest.readers.attachments import File
from ingest.readers.charsets import decode

TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")
_SIGNATURE = b"\x78\x9f\x3e\x22"
_ATTRIBUTE_HEAD = 9
_LONG_NAME = 0x3707

# The library logs what it does not know, mail by mail; our warnings say what matters.
logging.getLogger("tnefparse").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What a winmail.dat holds."""

    text: str
    html: str
    files: tuple[File, ...]


def is_tnef(content: bytes) -> bool:
    """By its first four bytes, whatever it is called."""
    return content.startswith(_SIGNATURE)


def unwrap(content: bytes) -> Wrapped | None:
    """What is inside, or None if it is damaged."""
    if not _complete(content):
        return None
    from tnefparse import TNEF  # type: ignore[import-untyped]  # 70 ms to import, for few mails

    try:
        found = TNEF(content, do_checksum=False)
        files = tuple(_file(attachment) for attachment in found.attachments)
        return Wrapped(_text(found.body), _text(found.htmlbody), files)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error, LookupError, OverflowError):
        # The library checks nothing: whatever is damaged ends as one of these.
        return None
    except NotImplementedError:
        return None


def _complete(content: bytes) -> bool:
    """Every attribute (level, id, length, data, checksum) lies within the file."""
    at = 6
    while at + _ATTRIBUTE_HEAD <= len(content):
        at += _ATTRIBUTE_HEAD + struct.unpack_from("<I", content, at + 5)[0] + 2
    return at == len(content) or (at < len(content) and not content[at:].strip(b"\x00\r\n"))


def _text(body: Any) -> str:
    if isinstance(body, list | tuple):
        body = body[0] if body else ""
    text = decode(body).text if isinstance(body, bytes) else str(body or "")
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def _file(attachment: Any) -> File:
    long_names = [attribute.data for attribute in attachment.mapi_attrs if attribute.name == _LONG_NAME]
    # The library's own properties read the short name as UTF-8 and fail on every umlaut; it is in the OEM code page.
    name = _text(long_names[0] if long_names else vars(attachment).get("_name")).strip()
    data = attachment.data
    return File(name, "application/octet-stream", bytes(data) if data else b"", disposition="attachment")
