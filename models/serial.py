"""Messages and classifications as JSON and back: the stable form that `read`, `classify` and the database share."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

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

Json = dict[str, Any]


def message_to_json(message: Message) -> Json:
    """Every field of a message in the order that `posteingang read --json` prints."""
    return {
        "sha256": message.sha256,
        "channel": message.channel.value,
        "media_type": message.media_type,
        "message_id": message.message_id,
        "in_reply_to": message.in_reply_to,
        "references": list(message.references),
        "from": _address_to_json(message.from_),
        "sender": _address_to_json(message.sender),
        "reply_to": [_address_to_json(address) for address in message.reply_to],
        "to": [_address_to_json(address) for address in message.to],
        "cc": [_address_to_json(address) for address in message.cc],
        "subject": message.subject,
        "date": message.sent_at.isoformat() if message.sent_at else None,
        "text": message.text,
        "quoted": message.quoted,
        "signature": message.signature,
        "full_text": message.full_text,
        "machine": {"kind": message.machine.kind.value, "reason": message.machine.reason} if message.machine else None,
        "attachments": [_attachment_to_json(attachment) for attachment in message.attachments],
        "pages": [page_to_json(page) for page in message.pages],
        "documents": [{"pages": list(document.pages), "reason": document.reason} for document in message.documents],
        "fields": [list(pair) for pair in message.fields],
        "warnings": list(message.warnings),
    }


def message_from_json(values: Mapping[str, Any]) -> Message:
    """Undo ``message_to_json``."""
    machine = values["machine"]
    return Message(
        sha256=values["sha256"],
        channel=Channel(values["channel"]),
        media_type=values["media_type"],
        message_id=values["message_id"],
        in_reply_to=values["in_reply_to"],
        references=tuple(values["references"]),
        from_=_address_from_json(values["from"]),
        sender=_address_from_json(values["sender"]),
        reply_to=_addresses(values["reply_to"]),
        to=_addresses(values["to"]),
        cc=_addresses(values["cc"]),
        subject=values["subject"],
        sent_at=dt.datetime.fromisoformat(values["date"]) if values["date"] else None,
        text=values["text"],
        quoted=values["quoted"],
        signature=values["signature"],
        full_text=values["full_text"],
        machine=Machine(MachineKind(machine["kind"]), machine["reason"]) if machine else None,
        attachments=tuple(Attachment(**attachment) for attachment in values["attachments"]),
        pages=tuple(page_from_json(page) for page in values["pages"]),
        documents=tuple(Document(tuple(document["pages"]), document["reason"]) for document in values["documents"]),
        fields=tuple((label, value) for label, value in values["fields"]),
        warnings=tuple(values["warnings"]),
    )


def page_from_json(values: Mapping[str, Any]) -> Page:
    """Undo the page's part of ``message_to_json``."""
    return Page(**{**values, "source": TextSource(values["source"])})


def classification_to_json(classification: Classification) -> Json:
    """Every field of a classification in the order that `posteingang classify --json` prints."""
    danger = classification.danger
    model = classification.model
    return {
        "primary": classification.primary,
        "concerns": [_score_to_json(score) for score in classification.concerns],
        "ranking": [_score_to_json(score) for score in classification.ranking],
        "decided": classification.decided,
        "danger": danger.level.value if danger else None,
        "danger_reason": danger.reason if danger else "",
        "danger_passage": danger.passage if danger else "",
        "language": classification.language,
        "mentions": [
            {
                "kind": mention.kind,
                "text": mention.text,
                "value": mention.value,
                "check": mention.check.value,
                "start": mention.start,
                "end": mention.end,
            }
            for mention in classification.mentions
        ],
        "evidence": [{"text": piece.text, "weight": round(piece.weight, 4)} for piece in classification.evidence],
        "model": {"name": model.name, "version": model.version, "corpus_sha256": model.corpus_sha256}
        if model
        else None,
    }


def classification_from_json(values: Mapping[str, Any]) -> Classification:
    """Undo ``classification_to_json``, but for the digits that rounding took."""
    return Classification(
        primary=values["primary"],
        concerns=tuple(Score(**score) for score in values["concerns"]),
        ranking=tuple(Score(**score) for score in values["ranking"]),
        decided=values["decided"],
        danger=Danger(DangerLevel(values["danger"]), values["danger_reason"], values["danger_passage"])
        if values["danger"]
        else None,
        language=values["language"],
        mentions=tuple(Mention(**{**mention, "check": Check(mention["check"])}) for mention in values["mentions"]),
        evidence=tuple(Evidence(**piece) for piece in values["evidence"]),
        model=ModelVersion(**values["model"]) if values["model"] else None,
    )


def _score_to_json(score: Score) -> Json:
    return {"concern": score.concern, "confidence": round(score.confidence, 4)}


def _address_to_json(address: Address | None) -> Json | None:
    return {"name": address.name, "address": address.address} if address else None


def _address_from_json(values: Mapping[str, str] | None) -> Address | None:
    return Address(values["name"], values["address"]) if values else None


def _addresses(values: list[Mapping[str, str]]) -> tuple[Address, ...]:
    return tuple(Address(value["name"], value["address"]) for value in values)


def _attachment_to_json(attachment: Attachment) -> Json:
    return {
        "filename": attachment.filename,
        "media_type": attachment.media_type,
        "size": attachment.size,
        "sha256": attachment.sha256,
        "inline": attachment.inline,
        "text": attachment.text,
    }


def page_to_json(page: Page) -> Json:
    """A page as it stands in the message's ``pages``."""
    return {
        "number": page.number,
        "text": page.text,
        "source": page.source.value,
        "confidence": page.confidence,
        "rotation": page.rotation,
        "skew": page.skew,
        "dpi": page.dpi,
        "blank": page.blank,
    }
