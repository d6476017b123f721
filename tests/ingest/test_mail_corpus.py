"""Every mail under tests/data/mail that has expected values from the structure's side."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.readers import archives, mail
from ingest.readers.base import Context, Read, ReaderSettings
from models.message import Address, Channel, Message, Original

CORPUS = Path(__file__).parent.parent / "data" / "mail"
THEMES = ("words", "senders", "headers", "dates", "charsets", "bodies", "transfer", "attachments", "wrapped")
MAILS = sorted(path for theme in THEMES for path in (CORPUS / theme).glob("*.eml"))


READERS: dict[str, Read] = {"message/rfc822": mail.read, "application/zip": archives.read}


def nested(content: bytes, name: str, claimed: str) -> Message | None:
    """Mails and archives inside; documents are the letter reader's matter."""
    read_nested = READERS.get(claimed)
    return read_nested(content, Original("", Channel.email, name), CONTEXT) if read_nested else None


CONTEXT = Context(ReaderSettings(), nested)


def read(content: bytes) -> Message:
    return mail.read(content, Original("0" * 64, Channel.email), CONTEXT)


def shape(message: Message) -> dict[str, Any]:
    return {
        "from": message.from_ and {"name": message.from_.name, "address": message.from_.address},
        "subject": message.subject,
        "full_text": message.full_text,
        "attachments": [
            {"filename": file.filename, "media_type": file.media_type, "sha256": file.sha256, "inline": file.inline}
            for file in message.attachments
        ],
    }


def pairs(addresses: tuple[Address, ...]) -> list[list[str]]:
    return [[address.name, address.address] for address in addresses]


OPTIONAL: dict[str, Callable[[Message], Any]] = {
    "date": lambda message: message.sent_at and message.sent_at.isoformat(),
    "message_id": lambda message: message.message_id,
    "in_reply_to": lambda message: message.in_reply_to,
    "references": lambda message: list(message.references),
    "to": lambda message: pairs(message.to),
    "cc": lambda message: pairs(message.cc),
    "reply_to": lambda message: pairs(message.reply_to),
}


@pytest.mark.parametrize("path", MAILS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_mail_is_read_as_its_expected_values_say(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    message = read(path.read_bytes())
    assert shape(message) == {name: expected[name] for name in ("from", "subject", "full_text", "attachments")}
    for name, value in OPTIONAL.items():
        if name in expected:
            assert value(message) == expected[name], name
    for part in expected.get("warnings", ()):
        assert any(part in warning for warning in message.warnings), message.warnings
    for part in expected.get("attachment_text", ()):
        assert any(part in file.text for file in message.attachments)
    assert expected.get("text_contains", "") in message.text
    assert expected.get("quoted_contains", "") in message.quoted
    if message.full_text:
        assert message.text.strip(), "something was written, so something is shown"


def test_there_are_mails_of_every_theme() -> None:
    assert {path.parent.name for path in MAILS} == set(THEMES)
    assert len(MAILS) >= 150


def test_ordinary_mails_give_no_warnings() -> None:
    for name in ("bodies/alternative", "words/utf8_q", "attachments/logo_and_photo", "wrapped/smime_opaque"):
        assert read((CORPUS / f"{name}.eml").read_bytes()).warnings == ()
