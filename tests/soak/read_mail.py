"""Reads one mail as the product does, and tells what must never be: ``python -m tests.soak.read_mail FILE``."""

import json
import sys
import time
from pathlib import Path

from ingest.readers import archives, mail, outlook
from ingest.readers.base import Context, Read, ReaderSettings
from models.errors import ItemError
from models.message import Channel, Message, Original
from models.serial import message_to_json

LONGEST = 2.0
"""Seconds of CPU a mail may take."""
READERS: dict[str, Read] = {
    "message/rfc822": mail.read,
    "application/zip": archives.read,
    "application/vnd.ms-outlook": outlook.read,
}


def nested(content: bytes, name: str, claimed: str) -> Message | None:
    """As the caller bounds it: what lies inside is read, but nothing in there."""
    flat = Context(ReaderSettings(), lambda _content, _name, _claimed: None)
    read = READERS.get(claimed)
    return read(content, Original("", Channel.email, name), flat) if read else None


def check(content: bytes, longest: float = LONGEST) -> None:
    """Read a mail and make of it what is stored.

    Raises:
        AssertionError: if it took too long, or shows nothing where something was written.
    """
    started = time.process_time()
    try:
        message = mail.read(content, Original("0" * 64, Channel.email), Context(ReaderSettings(), nested))
    except ItemError:
        message = Message("", Channel.email, "message/rfc822")
    json.dumps(message_to_json(message), ensure_ascii=False).encode("utf-8")
    assert message.text.strip() or not message.full_text, "something was written, so something is shown"
    assert (taken := time.process_time() - started) <= longest, f"the mail took {taken:.1f} s"


if __name__ == "__main__":
    check(b"Subject: warm up\n\nx")
    check(Path(sys.argv[1]).read_bytes())
