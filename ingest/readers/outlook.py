"""Outlook's own files: .msg (MS-OXMSG), as staff drag them out of their mailbox, and winmail.dat by itself."""

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.readers import tnef
from ingest.readers.attachments import File, media_type_of
from ingest.readers.base import Context
from ingest.readers.bodies import Body
from ingest.readers.headers import Field, Headers, parse_headers
from ingest.readers.html import html_to_text
from ingest.readers.mail import Parsed, compose
from models.errors import ItemError
from models.message import Message, Original

if TYPE_CHECKING:
    from oxmsg import Message as OutlookMessage

MEDIA_TYPES = ("application/vnd.ms-outlook", *tnef.TYPES)

# Property tags of MS-OXPROPS.
_SENDER_NAME = 0x0C1A
_SENDER_SMTP = 0x5D01
_SENDER_ADDRESS = 0x0C1F
_TRANSPORT_HEADERS = 0x007D
_MESSAGE_ID = 0x1035
_IN_REPLY_TO = 0x1042
_DISPLAY_TO = 0x0E04
_CONTENT_ID = 0x3712
_SHORT_NAME = 0x3704
# The libraries check nothing: whatever is damaged ends as one of these.
_DAMAGED = (
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    struct.error,
    OSError,
    AssertionError,
    LookupError,
)


def read(content: bytes, original: Original, context: Context) -> Message:
    """Read a saved Outlook item.

    Raises:
        ItemError: ``damaged``, or ``unsupported`` for another kind of file in the same container.
    """
    if tnef.is_tnef(content):
        wrapped = tnef.unwrap(content)
        if wrapped is None:
            raise ItemError("damaged", "The winmail.dat is damaged and could not be unwrapped.")
        text = wrapped.text or html_to_text(wrapped.html).text
        return compose(Parsed(Headers(()), Body((text,), wrapped.files), tnef.TYPES[0], ()), original, context)
    kind = media_type_of(content, "", original.name)
    if kind != MEDIA_TYPES[0]:
        raise ItemError("unsupported", f"No reader for this kind of file ({kind}).")
    return compose(_take_apart(content), original, context)


def _take_apart(content: bytes) -> Parsed:
    from oxmsg import Message as OutlookMessage  # 100 ms to import, for few files

    try:
        item = OutlookMessage.load(content)
        html = item.html_body or ""
        text = (item.body or "").replace("\r\n", "\n") or html_to_text(html).text
        files, warnings = _files(item)
        referenced = html_to_text(html).images if files else frozenset()
        return Parsed(_headers(item), Body((text,), files, referenced), MEDIA_TYPES[0], warnings)
    except _DAMAGED as error:
        raise ItemError("damaged", "The Outlook file is damaged and cannot be opened.", detail=repr(error)) from error


def _headers(item: "OutlookMessage") -> Headers:
    """The headers it came with, else ones made from its properties."""
    transport = item.properties.str_prop_value(_TRANSPORT_HEADERS) or ""
    came_with = parse_headers(transport.encode("utf-8", "replace"))
    if came_with.get("from"):
        return came_with
    return Headers(tuple(Field(name, value.encode("utf-8", "replace")) for name, value in _made_fields(item) if value))


def _made_fields(item: "OutlookMessage") -> Iterator[tuple[str, str]]:
    text = item.properties.str_prop_value
    address = next((found for tag in (_SENDER_SMTP, _SENDER_ADDRESS) if "@" in (found := text(tag) or "")), "")
    name = (text(_SENDER_NAME) or "").replace('"', "'")
    yield "from", f'"{name}" <{address}>' if address else name
    yield (
        "to",
        ", ".join(
            f'"{person.name}" <{person.email_address}>' for person in item.recipients if "@" in person.email_address
        )
        or (text(_DISPLAY_TO) or "").replace(";", ","),
    )
    yield "subject", item.subject
    yield "date", item.sent_date.isoformat() if item.sent_date else ""
    yield "message-id", text(_MESSAGE_ID) or ""
    yield "in-reply-to", text(_IN_REPLY_TO) or ""


def _files(item: "OutlookMessage") -> tuple[tuple[File, ...], tuple[str, ...]]:
    files = []
    warnings = []
    for attachment in item.attachments:
        name = attachment.file_name or attachment.properties.str_prop_value(_SHORT_NAME) or ""
        content = attachment.file_bytes
        if content is None:
            warnings.append(f"The Outlook item {name} inside the file could not be opened.")
            continue
        content_id = (attachment.properties.str_prop_value(_CONTENT_ID) or "").strip("<>")
        files.append(File(name, attachment.mime_type or "application/octet-stream", content, content_id, "attachment"))
    return tuple(files), tuple(warnings)
