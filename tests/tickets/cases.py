"""A small house and messages for it, so that a test shows only what matters to it."""

import datetime as dt
import hashlib
import itertools
from typing import Any

from models.classification import Classification, Concern, Danger, DangerLevel, MarketRole, Queue, Score, Taxonomy
from models.deadline import DeadlineKind, DeadlineRule, Start, Unit
from models.message import Address, Channel, Machine, MachineKind, Message, RawItem, ReceivedFrom, Stored
from models.status import ItemState
from tickets.due import calendar_for
from tickets.store import Store
from tickets.views import Filed, ItemView

NOW = dt.datetime(2026, 1, 8, 10, 0, tzinfo=dt.UTC)
"""A Thursday."""
LEASE = dt.timedelta(minutes=30)
NW = calendar_for("NW")

_numbers = itertools.count(1)


def rule(key: str, amount: int, unit: Unit, **changes: Any) -> DeadlineRule:
    """A verified duty to answer that starts with the receipt."""
    values: dict[str, Any] = {
        "start": Start.receipt,
        "event": "zugang",
        "kind": DeadlineKind.statutory_reply,
        "legal_basis": "EnWG 111a(1)",
        "verified": True,
    }
    return DeadlineRule(key=key, amount=amount, unit=unit, **{**values, **changes})


def concern(key: str, queue: str, priority: int, *rules: DeadlineRule) -> Concern:
    """A concern without neighbours."""
    return Concern(key, key.title(), key.title(), "…", queue, MarketRole.lieferant, priority, rules)


_CONCERNS = (
    concern("notfall_gefahr", "leitstelle", 0, rule("notfall_gefahr.1", 0, Unit.hours)),
    concern("beschwerde", "beschwerden", 2, rule("beschwerde.1", 4, Unit.weeks)),
    concern(
        "kuendigung",
        "vertragsservice",
        2,
        rule("kuendigung.1", 1, Unit.weeks, legal_basis="EnWG 41b(1)"),
        rule("kuendigung.2", 0, Unit.days, condition="grundversorgung"),
    ),
    concern("widerruf", "vertragsservice", 2, rule("widerruf.1", 14, Unit.days, start=Start.other)),
    concern("abschlag", "abrechnung", 3, rule("abschlag.1", 3, Unit.business_days)),
    concern("zaehlerstand", "messwesen", 4),
    concern("sonstiges", "klaerung", 3),
)
_QUEUES = {item.queue for item in _CONCERNS}

TAXONOMY = Taxonomy(
    concerns={item.key: item for item in _CONCERNS},
    queues={key: Queue(key, key.title(), key.title(), MarketRole.alle) for key in _QUEUES},
    default="sonstiges",
    danger="notfall_gefahr",
    clarification="klaerung",
)

ANNA = "anna@kunde.example"
TEXT = "Guten Tag, bitte senken Sie meinen Abschlag auf 80 Euro im Monat, ich verbrauche weniger als früher."


def mail(text: str = TEXT, **changes: Any) -> Message:
    """A mail from Anna to us."""
    sender = changes.pop("sender_address", ANNA)
    machine = changes.pop("machine", None)
    values: dict[str, Any] = {
        "sha256": "",
        "channel": Channel.email,
        "media_type": "message/rfc822",
        "subject": "Abschlag",
        "text": text,
        "full_text": text,
        "message_id": f"m{next(_numbers)}@kunde.example",
        "from_": Address("Anna Schmidt", sender),
        "to": (Address("", "service@stadtwerke.example"),),
        "machine": Machine(machine, "test") if isinstance(machine, MachineKind) else None,
    }
    return Message(**{**values, **changes})


def letter(text: str = TEXT, **changes: Any) -> Message:
    """A letter from Anna."""
    values: dict[str, Any] = {
        "sha256": "",
        "channel": Channel.letter,
        "media_type": "application/pdf",
        "text": text,
        "full_text": text,
        "from_": Address("Anna Schmidt", ""),
    }
    return Message(**{**values, **changes})


def found(primary: str | None = "abschlag", *further: str, **changes: Any) -> Classification:
    """A classification that is sure of its primary concern."""
    scores = tuple(Score(key, 0.9 if key == primary else 0.6) for key in (primary, *further) if key)
    values: dict[str, Any] = {"decided": primary is not None, "concerns": scores, "ranking": scores, "language": "de"}
    return Classification(primary=primary, **{**values, **changes})


ALARM = Danger(DangerLevel.alarm, "Gasgeruch im Hausflur", "riecht nach Gas")
CHECK = Danger(DangerLevel.check, "Gasgeruch, aber vergangen", "roch gestern nach Gas")


def raw(**changes: Any) -> RawItem:
    """Something new in the mailbox."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "source": "mailbox",
        "place": "INBOX",
        "name": "",
        "uidvalidity": 1,
        "uid": number,
        "channel": Channel.email,
        "received_at": NOW,
        "received_from": ReceivedFrom.internaldate,
        "chunks": lambda: iter(()),
    }
    return RawItem(**{**values, **changes})


def stored(name: str = "") -> Stored:
    """Bytes in the archive, new ones unless named."""
    return Stored(hashlib.sha256((name or f"#{next(_numbers)}").encode()).hexdigest(), 1000)


def accepted(store: Store, **changes: Any) -> int:
    """Accept something new and give its item's number."""
    bytes_stored = stored()
    assert store.accept(raw(**changes), bytes_stored, now=NOW)
    return next(item.id for item in all_items(store) if item.sha256 == bytes_stored.sha256)


def all_items(store: Store) -> list[ItemView]:
    """Every item in whatever state."""
    return [item for state in ItemState for item in store.quarantine(state)]


def filed(
    store: Store,
    message: Message,
    classification: Classification | None = None,
    *,
    at: dt.datetime = NOW,
) -> Filed:
    """Accept and file a message that was received at ``at``."""
    item_id = accepted(store, received_at=at, channel=message.channel)
    return file_item(store, item_id, message, classification or found(), at=at)


def file_item(
    store: Store, item_id: int, message: Message, classification: Classification, *, at: dt.datetime = NOW
) -> Filed:
    """File with this house's concerns and days."""
    return store.file(item_id, message, classification, taxonomy=TAXONOMY, calendar=NW, now=at)
