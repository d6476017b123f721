"""The mail libraries of Python behind one function each: who wrote, subject, text, number of attachments.

Each is used as its documentation shows. For the text, plain parts count, and where there are none, HTML rendered by our
own function, the same for all; so they are judged on reading mail, not on HTML.
"""

import email
import email.header
import email.message
import email.policy
import email.utils
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ingest.readers import mail
from ingest.readers.base import Context, ReaderSettings
from ingest.readers.html import html_to_text
from models.message import Channel, Original

HEADERS = ("subject", "from", "to", "cc", "reply-to", "sender", "date", "message-id", "in-reply-to", "references")
CONTEXT = Context(ReaderSettings(), lambda _content, _name, _claimed: None)


@dataclass(frozen=True, slots=True)
class Reading:
    """What every library must tell of a mail."""

    address: str
    """Of the sender."""
    subject: str
    texts: tuple[str, ...]
    """As decoded, plain."""
    html: tuple[str, ...]
    """As decoded; of no interest where there is plain text."""
    attachments: int

    @property
    def text(self) -> str:
        """What a person reads."""
        plain = "\n".join(self.texts)
        return plain if plain.strip() else "\n".join(html_to_text(page).text for page in self.html)


Parse = Callable[[bytes], Reading]


def ours(content: bytes) -> Reading:
    """The full reading: quotes, signature and machine mails are told, too."""
    message = mail.read(content, Original("0" * 64, Channel.email), CONTEXT)
    address = message.from_.address if message.from_ else ""
    return Reading(address, message.subject, (message.full_text,), (), len(message.attachments))


def compat32(content: bytes) -> Reading:
    """The old parser of the standard library, headers decoded by hand as its documentation shows."""
    message = email.message_from_bytes(content)
    headers = {name: str(_decoded(value)) for name in HEADERS if (value := message[name]) is not None}
    plain: list[str] = []
    html: list[str] = []
    attachments = 0
    for part in message.walk():
        if part.is_multipart():
            continue
        body = part.get_payload(decode=True)
        texts = {"text/plain": plain, "text/html": html}.get(part.get_content_type())
        if texts is not None and not part.get_filename() and isinstance(body, bytes):
            texts.append(body.decode(part.get_content_charset() or "utf-8", "replace"))
        else:
            attachments += 1
    _, address = next(iter(email.utils.getaddresses(map(str, message.get_all("from", [])))), ("", ""))
    return Reading(address, headers.get("subject", ""), tuple(plain), tuple(html), attachments)


def _decoded(value: str) -> email.header.Header:
    return email.header.make_header(email.header.decode_header(value))


def modern(content: bytes) -> Reading:
    """The new parser of the standard library, with ``policy.default``."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    for name in HEADERS:
        str(message[name])
    body = message.get_body(("plain", "html"))
    text = str(body.get_content()) if isinstance(body, email.message.EmailMessage) else ""
    is_html = body is not None and body.get_content_type() == "text/html"
    attachments = 0
    for part in message.iter_attachments():
        part.get_filename()
        part.get_payload(decode=True)
        attachments += 1
    _, address = email.utils.parseaddr(str(message["from"] or ""))
    texts, html = ((), (text,)) if is_html else ((text,), ())
    return Reading(address, str(message["subject"] or ""), texts, html, attachments)


def mail_parser(content: bytes) -> Reading:
    """SpamScope's mail-parser."""
    import mailparser

    found = mailparser.parse_from_bytes(content)
    _ = (found.to, found.cc, found.reply_to, found.date, found.message_id)
    _, address = next(iter(found.from_), ("", ""))
    return Reading(
        address, str(found.subject or ""), tuple(found.text_plain), tuple(found.text_html), len(found.attachments)
    )


def imap_tools(content: bytes) -> Reading:
    """The message class of imap_tools."""
    from imap_tools import MailMessage

    found = MailMessage.from_bytes(content)
    _ = (found.to_values, found.cc_values, found.reply_to_values, found.date, found.headers)
    attachments = [(attachment.filename, attachment.payload) for attachment in found.attachments]
    return Reading(found.from_, found.subject, (found.text,), (found.html,), len(attachments))


def fast_mail_parser(content: bytes) -> Reading:
    """The parser in Rust; addresses are taken apart with the standard library, as it does not."""
    from fast_mail_parser import parse_email

    found = parse_email(content)
    _, address = email.utils.parseaddr(_first(found.headers, "from"))
    attachments = [attachment.content for attachment in found.attachments]
    return Reading(address, found.subject, tuple(found.text_plain), tuple(found.text_html), len(attachments))


def _first(headers: Mapping[str, Iterable[str]], name: str) -> str:
    return next((value for key, values in headers.items() if key.lower() == name for value in values), "")


_OTHERS = {"mailparser": mail_parser, "imap_tools": imap_tools, "fast_mail_parser": fast_mail_parser}


def installed() -> tuple[Parse, ...]:
    """Ours, the standard library, and of the others what is installed (extra ``bench``)."""
    others = (parse for module, parse in _OTHERS.items() if importlib.util.find_spec(module))
    return (ours, compat32, modern, *others)
