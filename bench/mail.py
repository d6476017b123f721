"""How long reading a mail takes, beside the standard library's two parsers on the same mails.

Run with ``python -m bench.mail [FOLDER]``; the default is tests/data/mail. "Full use" of a parser is what a helpdesk
needs of it: addresses, subject, date, the text decoded, every attachment decoded. Our reading does more: it chooses,
renders HTML, splits quotes and signature, judges machine or human. Nested documents are not read on either side.
"""

import email
import email.header
import email.message
import email.policy
import email.utils
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from ingest.readers import mail
from ingest.readers.base import Context, ReaderSettings
from models.errors import ItemError
from models.message import Channel, Original

ROUNDS = 5
HEADERS = ("subject", "from", "to", "cc", "reply-to", "sender", "date", "message-id", "in-reply-to", "references")
CONTEXT = Context(ReaderSettings(), lambda _content, _name, _claimed: None)
# What the two parsers of the standard library raise on odd mails; counted, not hidden.
RAISED = (LookupError, ValueError, TypeError, AttributeError, email.errors.MessageError, RecursionError)


def ours(content: bytes) -> None:
    """The full reading."""
    mail.read(content, Original("0" * 64, Channel.email), CONTEXT)


def compat32(content: bytes) -> None:
    """The old parser, with its headers decoded by hand as its documentation shows."""
    message = email.message_from_bytes(content)
    for name in HEADERS:
        if (value := message[name]) is not None:
            str(email.header.make_header(email.header.decode_header(value)))
    email.utils.getaddresses(str(value) for value in message.get_all("from", []))
    for part in message.walk():
        if part.is_multipart():
            continue
        part.get_filename()
        body = part.get_payload(decode=True)
        if part.get_content_maintype() == "text" and isinstance(body, bytes):
            body.decode(part.get_content_charset() or "utf-8", "replace")


def modern(content: bytes) -> None:
    """The new parser with ``policy.default``."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    for name in HEADERS:
        str(message[name])
    body = message.get_body(("plain", "html"))
    if isinstance(body, email.message.EmailMessage):
        body.get_content()
    for part in message.iter_attachments():
        part.get_filename()
        part.get_payload(decode=True)


def seconds(read: Callable[[bytes], None], content: bytes) -> tuple[float, bool]:
    """The best of some rounds, and whether it raised."""
    best, raised = float("inf"), False
    for _ in range(ROUNDS):
        started = time.process_time()
        try:
            read(content)
        except (*RAISED, ItemError):
            raised = True
        best = min(best, time.process_time() - started)
    return best, raised


def peak(read: Callable[[bytes], None], contents: list[bytes]) -> int:
    """Bytes allocated at the most, over all mails."""
    tracemalloc.start()
    try:
        for content in contents:
            try:
                read(content)
            except (*RAISED, ItemError):
                continue
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def large_mail() -> bytes:
    """A mail of 8 MB: two texts and a PDF, as a customer sends a scan."""
    lines = b"\r\n".join([b"JVBERi0xLjcKJeLjz9MKMSAwIG9iago8PC9UeXBlL0NhdGFsb2c+PmVuZG9iagpKVkJFUmkx"] * 110_000)
    return (
        b"From: Petra Sommer <petra@gmx.example>\r\nSubject: Scan\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\nGuten Tag,\r\nanbei.\r\n--x\r\nContent-Type: application/pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + lines + b"\r\n--x--\r\n"
    )


def main() -> None:
    """Print the table."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "tests" / "data" / "mail"
    contents = [path.read_bytes() for path in sorted(folder.rglob("*.eml"))]
    big = large_mail()
    print(
        f"{len(contents)} mails of {sum(map(len, contents)) / len(contents):,.0f} bytes on average; times in ms of CPU"
    )
    print(f"{'':16}{'median':>8}{'mean':>8}{'longest':>9}{'raised':>8}{'peak MB':>9}{'8 MB mail':>11}{'peak MB':>9}")
    for read in (ours, compat32, modern):
        read(b"From: a@example.de\n\nwarm up")
        results = [seconds(read, content) for content in contents]
        times = [1000 * taken for taken, _ in results]
        print(
            f"{read.__name__:16}{statistics.median(times):8.2f}{statistics.mean(times):8.2f}{max(times):9.1f}"
            f"{sum(raised for _, raised in results):8}{peak(read, contents) / 2**20:9.1f}"
            f"{1000 * seconds(read, big)[0]:11.0f}{peak(read, [big]) / 2**20:9.0f}"
        )


if __name__ == "__main__":
    main()
