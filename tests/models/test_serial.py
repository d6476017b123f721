"""Messages and classifications survive the way to JSON and back whole."""

import datetime as dt
import json

from models.classification import (
    Check,
    Classification,
    Danger,
    DangerLevel,
    Evidence,
    Mention,
    ModelVersion,
    Score,
)
from models.message import (
    Address,
    Attachment,
    Channel,
    Document,
    Machine,
    MachineKind,
    Message,
    Page,
    TextSource,
)
from models.serial import classification_from_json, classification_to_json, message_from_json, message_to_json

MESSAGE = Message(
    sha256="ab" * 32,
    channel=Channel.letter,
    media_type="application/pdf",
    subject="Zählerstand",
    text="Stand 123\n",
    quoted="> alt",
    signature="E. Muster",
    full_text="Stand 123\n> alt\nE. Muster",
    sent_at=dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC),
    message_id="a@b",
    in_reply_to="c@d",
    references=("c@d",),
    from_=Address("Erika Muster", "erika@example.org"),
    sender=Address("", "office@example.org"),
    reply_to=(Address("", "r@example.org"),),
    to=(Address("", "t@example.org"),),
    cc=(Address("", "c@example.org"),),
    machine=Machine(MachineKind.auto_reply, "Auto-Submitted"),
    attachments=(Attachment("a.pdf", "application/pdf", 3, "cd" * 32, inline=False, text="x"),),
    pages=(Page(1, "Stand 123", TextSource.ocr, 0.97, 180, -0.4, 300, blank=False),),
    documents=(Document((1,), "one file"),),
    fields=(("Name", "Erika"),),
    warnings=("odd",),
)


def test_a_message_comes_back_as_it_was() -> None:
    assert message_from_json(json.loads(json.dumps(message_to_json(MESSAGE)))) == MESSAGE
    bare = Message("", Channel.email, "message/rfc822")
    assert message_from_json(json.loads(json.dumps(message_to_json(bare)))) == bare


def test_the_keys_of_a_message_are_the_published_ones_in_their_order() -> None:
    assert list(message_to_json(MESSAGE)) == [
        *("sha256", "channel", "media_type", "message_id", "in_reply_to", "references", "from", "sender", "reply_to"),
        *("to", "cc", "subject", "date", "text", "quoted", "signature", "full_text", "machine", "attachments", "pages"),
        *("documents", "fields", "warnings"),
    ]


def test_a_classification_comes_back_as_it_was() -> None:
    classification = Classification(
        primary="umzug",
        concerns=(Score("umzug", 0.9),),
        ranking=(Score("umzug", 0.9), Score("kuendigung", 0.05)),
        decided=True,
        danger=Danger(DangerLevel.check, "past tense", "roch nach Gas"),
        language="de",
        mentions=(Mention("betrag", "5 Euro", "5.00", Check.unchecked, 3, 9),),
        evidence=(Evidence("ziehen aus", 0.5),),
        model=ModelVersion("concerns", "1", "ef" * 32),
    )
    assert classification_from_json(json.loads(json.dumps(classification_to_json(classification)))) == classification
    bare = Classification(None)
    assert classification_from_json(classification_to_json(bare)) == bare
