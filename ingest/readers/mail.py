"""Mail as any client writes it (RFC 5322, MIME) becomes a Message: who wrote, what is new in it, what hangs on it."""

import binascii
import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ingest.readers import charsets, forms, machine, office, quotes
from ingest.readers.addresses import has_encoded_address
from ingest.readers.attachments import File, describe
from ingest.readers.base import Context
from ingest.readers.bodies import Body, read_body
from ingest.readers.dates import parse_date
from ingest.readers.headers import Headers, split_block
from ingest.readers.parts import Warn, parse
from models.errors import ItemError
from models.message import Address, Attachment, Machine, MachineKind, Message, Original

MEDIA_TYPES = ("message/rfc822", "message/global", "message/news")

_NESTED_MAIL = frozenset({"message/rfc822", "message/global", "message/news", "application/vnd.ms-outlook"})
_MACHINE_TEXT = (
    "message/delivery-status",
    "message/disposition-notification",
    "message/feedback-report",
    "text/rfc822",
)
_RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers")
"""Parts of a report that hold the mail it is about, or its headers."""
_REPORTS = ("message/delivery-status", "message/disposition-notification")
_RETURNED_LENGTH = 200_000
"""Bytes or characters in which the original's Message-ID is looked for."""
_SPEAKS_OF_A_MAIL = frozenset({MachineKind.bounce, MachineKind.report})
_THREAD_BYTES = 22
_STAND_INS = ("reply-to", "return-path", "sender")
_IN_ANGLES = re.compile(r"<([^<>]{1,998})>")
_ADDRESS_IN_NAME = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_MAX_WARNINGS = 50
_SPLIT_LINES = 5_000
_SPLIT_CHARACTERS = 500_000


@dataclass(frozen=True, slots=True)
class Parsed:
    """A mail taken apart, before anything is made of it."""

    headers: Headers
    body: Body
    media_type: str
    warnings: tuple[str, ...]


def read(content: bytes, original: Original, context: Context) -> Message:
    """Read a mail, whatever it looks like.

    Raises:
        ItemError: if there is not one byte of it.
    """
    if not content.strip():
        raise ItemError("empty", "The mail is empty.")
    return compose(take_apart(content), original, context)


def take_apart(content: bytes) -> Parsed:
    """Headers, texts and files of a mail."""
    warnings: list[str] = []
    root = parse(content, warnings.append)
    body = read_body(root, warnings.append)
    headers = replace(root.headers, parts=tuple(part.media_type for part in root.walk()))
    return Parsed(headers, body, "message/rfc822", tuple(warnings))


def files_of(content: bytes) -> tuple[tuple[File, Attachment], ...]:
    """The attachments of a mail with their bytes, in the order of ``Message.attachments``; to save one again."""
    body = take_apart(content).body
    return describe(body.files, body.referenced)


def compose(parsed: Parsed, original: Original, context: Context) -> Message:
    """Make the message out of what was taken apart; Outlook's own files come here, too."""
    headers, body = parsed.headers, parsed.body
    warnings = list(parsed.warnings)
    warn = warnings.append
    own = _own(context.settings.utility.mail_addresses)
    subject = next(filter(None, headers.all("subject")), "")
    sender = _sender(headers, warn)
    attachments = tuple(_attachments(body, context, warn))
    found = machine.verdict(headers, "\n".join(body.texts), own=own)
    message = Message(
        sha256=original.sha256,
        channel=original.channel,
        media_type=parsed.media_type,
        subject=subject,
        full_text="\n".join(text.strip("\n") for text in body.texts).strip(),
        sent_at=_sent_at(headers, warn),
        message_id=next(iter(_ids(headers, "message-id")), ""),
        in_reply_to=next(iter(_ids(headers, "in-reply-to")), ""),
        references=tuple(dict.fromkeys(filter(None, _answered_ids(headers, body, found)))),
        from_=sender,
        sender=headers.address("sender"),
        reply_to=_correspondents(headers, "reply-to"),
        to=_correspondents(headers, "to"),
        cc=_correspondents(headers, "cc"),
        machine=found,
        attachments=attachments,
    )
    message = _with_form(message, context, warn) or _with_split(message, own, warn)
    return replace(message, warnings=tuple(dict.fromkeys(warnings))[:_MAX_WARNINGS])


def _own(addresses: tuple[str, ...]) -> Callable[[str], bool]:
    """Tell our own addresses; ``@domain`` stands for all of a domain."""
    known = frozenset(address.lower() for address in addresses)

    def is_own(address: str) -> bool:
        address = address.strip("<> ").lower()
        return address in known or f"@{address.rpartition('@')[2]}" in known

    return is_own


def _correspondents(headers: Headers, name: str) -> tuple[Address, ...]:
    return tuple(dict.fromkeys(headers.addresses(name)))


def _sender(headers: Headers, warn: Warn) -> Address | None:
    """Who wrote: From, or what stands in for it."""
    fields = headers.encoded("from")
    if any("=?" in text and has_encoded_address(text) for text in fields):
        warn("The sender's address is encoded, which is not allowed and hides who wrote.")
    given = headers.addresses("from")
    usable = [address for address in given if "@" in address.address]
    if not usable:
        return _stand_in(headers, next(iter(given), None), warn)
    chosen = usable[0] if len(usable) == 1 else _among(usable, headers, several=len(fields) > 1, warn=warn)
    named = _ADDRESS_IN_NAME.search(chosen.name)
    if named and named[0].lower() != chosen.address.lower():
        warn(f"The sender's name shows another address ({named[0]}) than the mail has ({chosen.address}).")
    return chosen


def _among(usable: list[Address], headers: Headers, *, several: bool, warn: Warn) -> Address:
    """Of several From addresses the one that another header confirms, else the first."""
    if several:
        warn("The mail has more than one From header.")
    for name in _STAND_INS:
        confirmed = headers.address(name)
        for address in usable if confirmed else ():
            if confirmed and address.address.lower() == confirmed.address.lower():
                return address
    return usable[0]


def _stand_in(headers: Headers, given: Address | None, warn: Warn) -> Address | None:
    for name in _STAND_INS:
        found = headers.address(name)
        if found and "@" in found.address:
            warn(f"The From header has no address; the sender was taken from {name.title()}.")
            return Address((given.name or given.address if given else "") or found.name, found.address)
    warn("The mail does not say who sent it.")
    return given


def _ids(headers: Headers, name: str) -> list[str]:
    """Message identifiers, also those without angle brackets (RFC 5322, 3.6.4)."""
    text = " ".join(headers.encoded(name))
    found = [re.sub(r"\s+", "", match) for match in _IN_ANGLES.findall(text)]
    if not found:
        found = [word.strip("<>,;\"'") for word in text.split() if "@" in word or name == "message-id"]
    return [identifier[:998] for identifier in dict.fromkeys(found) if identifier]


def _answered_ids(headers: Headers, body: Body, found: Machine | None) -> Iterator[str]:
    """The thread as Outlook numbers it, References, and what a report is about; what comes later counts as nearer."""
    if thread := thread_index(headers.get("thread-index")):
        yield thread
    yield from _ids(headers, "references")
    if found is None or found.kind not in _SPEAKS_OF_A_MAIL:
        return
    for text in body.texts:
        yield machine.bounced_message_id(text[:_RETURNED_LENGTH])
    for file in body.files:
        if file.media_type.startswith(_RETURNED):
            # Our mail may be unknown here, but not the customer's that it answers.
            inner = Headers(split_block(file.content, 0, min(len(file.content), _RETURNED_LENGTH), lead=True).fields)
            for name in ("references", "in-reply-to", "message-id"):
                yield from _ids(inner, name)
        elif file.media_type.startswith(_REPORTS):
            yield machine.bounced_message_id(charsets.decode(file.content[:_RETURNED_LENGTH]).text)


def thread_index(field: str) -> str:
    """An identifier of the conversation that Outlook's Thread-Index names (MS-OXOMSG, 2.2.1.3); empty if it is none.

    Every answer copies the first 22 bytes, a time and a GUID, and adds five of its own.
    """
    try:
        index = binascii.a2b_base64(re.sub(r"\s+", "", field)[:1000])
    except ValueError:
        return ""
    return f"thread-index:{index[:_THREAD_BYTES].hex()}" if len(index) >= _THREAD_BYTES else ""


def _sent_at(headers: Headers, warn: Warn) -> dt.datetime | None:
    fields = [text for text in headers.all("date") if text]
    for text in fields:
        if (moment := parse_date(text)) is not None:
            return moment
    if fields:
        warn(f"The date in the header ({fields[0][:60]}) is none that a mail can have.")
    return None


def _attachments(body: Body, context: Context, warn: Warn) -> Iterator[Attachment]:
    """The attachments with the text that can be read of them."""
    for file, attachment in describe(body.files, body.referenced):
        if file.media_type.startswith(_MACHINE_TEXT):
            yield replace(attachment, text=charsets.decode(file.content).text.replace("\r\n", "\n").strip())
        elif attachment.inline or not file.content:
            yield attachment
        else:
            yield replace(attachment, text=_nested_text(file, attachment, context, warn))


def _nested_text(file: File, attachment: Attachment, context: Context, warn: Warn) -> str:
    name = attachment.filename or attachment.media_type
    try:
        if attachment.media_type in office.MEDIA_TYPES:
            return office.text_of(file.content, attachment.media_type)
        inner = context.nested(file.content, attachment.filename, attachment.media_type)
    except ItemError as error:
        warn(f"The attachment {name} could not be read: {error}")
        return ""
    if inner is None:
        return ""
    for warning in inner.warnings:
        warn(f"Attachment {name}: {warning}")
    further = (text for text in (other.text for other in inner.attachments) if text and text not in inner.full_text)
    heading = inner.subject if attachment.media_type in _NESTED_MAIL else ""
    return "\n\n".join(filter(None, (heading, inner.full_text, *further)))


def _with_form(message: Message, context: Context, warn: Warn) -> Message | None:
    """The customer behind one of our web forms."""
    address = message.from_.address if message.from_ else ""
    form = forms.read_form(message.full_text, address, context.settings.forms)
    if form is None or (form.guessed and message.machine and message.machine.kind is not MachineKind.own):
        return None
    if form.guessed:
        warn("The mail looks like one of a web form that is not configured; its fields were guessed.")
    customer = Address(form.name or (message.from_.name if message.from_ else ""), form.mail or address)
    return replace(
        message,
        from_=customer,
        sender=message.sender or message.from_,
        text=form.message or message.full_text,
        fields=form.fields,
        machine=None,
    )


def _with_split(message: Message, own: Callable[[str], bool], warn: Warn) -> Message:
    """New, quoted and signature; never nothing where something was written."""
    head, rest = _first_lines(message.full_text)
    split = quotes.split(head, subject=message.subject, own=own)
    text, quoted = split.text, split.quoted
    if rest and quoted.strip():
        quoted = f"{quoted}\n{rest}"
    elif rest:
        text = f"{text}\n{rest}"
    forwarded = "\n\n".join(
        attachment.text
        for attachment in message.attachments
        if attachment.media_type in _NESTED_MAIL and attachment.text
    )
    is_report = message.machine is not None
    if not text.strip() and message.full_text.strip():
        text = split.quoted if split.forwarded and split.quoted.strip() else message.full_text
    elif not text.strip() and forwarded and not is_report:
        warn("The mail itself says nothing; the mail attached to it is shown instead.")
        text = forwarded
    if forwarded and not is_report:
        quoted = "\n\n".join(filter(None, (quoted, forwarded)))
    return replace(message, text=text, quoted=quoted, signature=split.signature)


def _first_lines(text: str) -> tuple[str, str]:
    """The lines that are looked through for quotes, and the rest: nobody writes so many, only machines do."""
    if len(text) <= _SPLIT_CHARACTERS and text.count("\n") <= _SPLIT_LINES:
        return text, ""
    lines = text[:_SPLIT_CHARACTERS].split("\n")[:_SPLIT_LINES]
    head = "\n".join(lines)
    return head, text[len(head) :].lstrip("\n")
