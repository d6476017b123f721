"""What comes in (RawItem) and what it says (Message): frozen values without behaviour.

A mail and a letter end in the same ``Message``; header names follow RFC 5322, page facts the scanner.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Channel(StrEnum):
    """The way a message reached the house."""

    email = "email"
    letter = "letter"


class ReceivedFrom(StrEnum):
    """Where the time of receipt (Zugang) was read, from the best source to the last resort."""

    batch = "batch"
    """The mail room's date, from a separator sheet, a sidecar or a batch file."""
    internaldate = "internaldate"
    """INTERNALDATE of the IMAP server (RFC 3501, 2.3.3): when the mail could be retrieved."""
    file_time = "file_time"
    """The scan file's modification time: only the scanner's word, shown with a mark."""


@dataclass(frozen=True, slots=True)
class RawItem:
    """One mail or one scan as its source holds it; nothing of it has been parsed."""

    source: str
    """Name of the source in the configuration."""
    place: str
    """Mailbox or folder inside the source."""
    name: str
    """File name; empty for mail."""
    uidvalidity: int
    """UIDVALIDITY of the mailbox (RFC 3501, 2.3.1.1); 0 for files."""
    uid: int
    """UID of the mail; 0 for files."""
    channel: Channel
    received_at: dt.datetime
    """When it was received, aware, UTC."""
    received_from: ReceivedFrom
    chunks: Callable[[], Iterator[bytes]] = field(repr=False)
    """Yields the bytes in order, in pieces of at most 1 MiB. Raises TemporaryError when the source breaks off."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The raw bytes once they lie in the archive, on the disk for certain."""

    sha256: str
    """64 lower-case hexadecimal digits: the name in the archive."""
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class Original:
    """What a reader is told about the bytes it reads."""

    sha256: str
    channel: Channel
    name: str = ""
    """File name where there was one; helps to tell the type, never decides it."""


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox of RFC 5322, 3.4: display name and address, decoded; either may be empty."""

    name: str
    address: str


class MachineKind(StrEnum):
    """What sort of machine wrote a mail."""

    auto_reply = "auto_reply"
    """Vacation notes and other automatic answers (RFC 3834)."""
    bounce = "bounce"
    """Non-delivery notes (RFC 3464 and the many that are not)."""
    list = "list"
    """Newsletters and mailing lists (RFC 2369, 2919)."""
    report = "report"
    """Delivery and read receipts, abuse reports (RFC 3798, 5965)."""
    own = "own"
    """Our own mail, come back."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The verdict that no human wrote this mail, with the header or phrase that tells."""

    kind: MachineKind
    reason: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something that hangs on a mail; its bytes are read again from the original when needed."""

    filename: str
    """Safe to use as a file name; empty where the sender gave none."""
    media_type: str
    """By content where that can be told, else as claimed (RFC 2046)."""
    size: int
    """In bytes, decoded."""
    sha256: str
    inline: bool
    """Belongs to the layout of the mail: a logo, a tracking picture, part of a signature."""
    text: str = ""
    """What can be read of it."""


class TextSource(StrEnum):
    """Where a page's text comes from."""

    text_layer = "text_layer"
    ocr = "ocr"
    none = "none"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a letter or of an attached document."""

    number: int
    """From 1."""
    text: str
    source: TextSource
    confidence: float | None
    """Mean confidence of the engine, weighted by characters, 0 to 1; None for a text layer."""
    rotation: int
    """How far the page must be turned clockwise to be read: 0, 90, 180 or 270 degrees."""
    skew: float
    """Measured skew in degrees, clockwise positive, after rotation."""
    dpi: int | None
    blank: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A run of pages of a scan that belong together, and what tells so."""

    pages: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Message:
    """A mail or a letter in the one form that everything after the readers knows."""

    sha256: str
    channel: Channel
    media_type: str
    subject: str = ""
    text: str = ""
    """What this sender newly wrote, without quoted text and signature."""
    quoted: str = ""
    signature: str = ""
    full_text: str = ""
    """Everything readable of the body, or of all pages."""
    sent_at: dt.datetime | None = None
    """The Date header or the date on the letter: what the sender says, never the receipt."""
    message_id: str = ""
    """Without angle brackets (RFC 5322, 3.6.4)."""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    from_: Address | None = None
    sender: Address | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    machine: Machine | None = None
    attachments: tuple[Attachment, ...] = ()
    pages: tuple[Page, ...] = ()
    documents: tuple[Document, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    """Label and value of a web form, in its order."""
    warnings: tuple[str, ...] = ()
    """Sentences about what was odd and how it was read all the same."""
