"""Every table of the database, nothing else. Rows are built from typed values in ``tickets``; tables do not validate.

All times are aware and UTC; enumerations are stored as their value, a string. Everything that somebody may need to
prove later (items, sightings, entries, events) is only ever added to.
"""

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy import Enum as SqlEnum
from sqlmodel import Field, SQLModel

from models.classification import Check, DangerLevel
from models.deadline import DeadlineKind
from models.message import Channel, MachineKind, ReceivedFrom
from models.status import ItemState, Status


class UtcDateTime(TypeDecorator[dt.datetime]):
    """Aware datetimes, kept in UTC on both databases; SQLite has no zones, so they are put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """Refuse naive times; the database gets UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"A time without a zone cannot be stored: {value!r}.")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """Give back UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def _enum(kind: type[StrEnum]) -> SqlEnum:
    """Store the value, not the member's name, in a plain string column."""
    return SqlEnum(kind, native_enum=False, length=32, values_callable=lambda members: [m.value for m in members])


# SQLite numbers rows by itself only in an INTEGER primary key; PostgreSQL wants 64 bits.
_BigId = BigInteger().with_variant(Integer(), "sqlite")


def _id() -> Any:
    return Field(default=None, sa_column=Column(_BigId, primary_key=True, autoincrement=True))


class Item(SQLModel, table=True):
    """One mail or scan that was accepted: the truth about how far it got."""

    id: int | None = _id()
    sha256: str = Field(max_length=64, unique=True)
    size: int = Field(sa_type=BigInteger)
    channel: Channel = Field(sa_type=_enum(Channel))
    name: str = ""
    received_at: dt.datetime = Field(sa_type=UtcDateTime)
    received_from: ReceivedFrom = Field(sa_type=_enum(ReceivedFrom))
    accepted_at: dt.datetime = Field(sa_type=UtcDateTime)
    state: ItemState = Field(default=ItemState.accepted, sa_type=_enum(ItemState))
    lease_until: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    lease_owner: str = Field(default="", max_length=200)
    """Process that works on it (``ingest/ownership.py``); empty if it did not say."""
    attempts: int = 0
    reason: str = ""
    """Slug of why it was set aside or ignored."""
    message: str = Field(default="", sa_type=Text)
    """The sentence for the agent."""
    detail: str = Field(default="", sa_type=Text)
    """Traceback for the administrator."""
    done_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (Index("ix_item_work", "state", "channel", "id"),)


class Sighting(SQLModel, table=True):
    """One place where an item was seen. The same bytes in two mailboxes are one item with two sightings."""

    id: int | None = _id()
    item_id: int = Field(foreign_key="item.id", index=True, sa_type=BigInteger)
    source: str = Field(max_length=100)
    place: str = Field(max_length=500)
    uidvalidity: int = Field(default=0, sa_type=BigInteger)
    uid: int = Field(default=0, sa_type=BigInteger)
    name: str = Field(default="", max_length=500)
    """Claimed file name, unique in its folder; empty for mail."""
    size: int = Field(sa_type=BigInteger)
    received_at: dt.datetime = Field(sa_type=UtcDateTime)
    received_from: ReceivedFrom = Field(sa_type=_enum(ReceivedFrom))
    seen_at: dt.datetime = Field(sa_type=UtcDateTime)

    __table_args__ = (UniqueConstraint("source", "place", "uidvalidity", "uid", "name", name="uq_sighting"),)


class Ticket(SQLModel, table=True):
    """A case of the back office."""

    id: int | None = _id()
    subject: str = Field(sa_type=Text)
    status: Status = Field(default=Status.new, index=True, sa_type=_enum(Status))
    concern: str | None = Field(default=None, max_length=100, index=True)
    """Primary concern; None while nobody has decided. Unknown keys of an older taxonomy stay readable."""
    confidence: float | None = None
    decided: bool = False
    """The classifier was sure enough, or a person decided."""
    queue: str = Field(max_length=100, index=True)
    priority: int = Field(default=3, index=True)
    agent: str | None = Field(default=None, max_length=100, index=True)
    channel: Channel = Field(sa_type=_enum(Channel))
    language: str = Field(default="", max_length=8)
    customer_name: str = ""
    customer_address: str = Field(default="", index=True)
    """E-mail address the case belongs to, lower case; empty for letters."""
    danger: DangerLevel | None = Field(default=None, index=True, sa_type=_enum(DangerLevel))
    danger_reason: str = Field(default="", sa_type=Text)
    acknowledged_by: str | None = Field(default=None, max_length=100)
    acknowledged_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    received_at: dt.datetime = Field(index=True, sa_type=UtcDateTime)
    """Receipt of the first message."""
    updated_at: dt.datetime = Field(sa_type=UtcDateTime)
    closed_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    safe_due: dt.date | None = Field(default=None, index=True)
    """The earliest safe date of its running deadlines."""
    legal_due: dt.date | None = None
    """The legal date that belongs to safe_due."""
    follow_up_on: dt.date | None = Field(default=None, index=True)
    follow_up_reason: str = ""


class Entry(SQLModel, table=True):
    """One mail, letter or note in the timeline of a ticket."""

    id: int | None = _id()
    ticket_id: int = Field(foreign_key="ticket.id", index=True, sa_type=BigInteger)
    item_id: int | None = Field(default=None, foreign_key="item.id", unique=True, sa_type=BigInteger)
    """UNIQUE: an item is filed once, whoever tries."""
    kind: str = Field(max_length=16)
    """``email``, ``letter`` or ``note``."""
    author: str = ""
    """Display name of the sender, or the agent's login for a note."""
    address: str = ""
    subject: str = Field(default="", sa_type=Text)
    text: str = Field(default="", sa_type=Text)
    full_text: str = Field(default="", sa_type=Text)
    message_id: str = Field(default="", max_length=998, index=True)
    in_reply_to: str = Field(default="", max_length=998)
    machine: MachineKind | None = Field(default=None, sa_type=_enum(MachineKind))
    fingerprint: str = Field(default="", max_length=64)
    """SHA-256 of the letters and digits of the text: tells whether two mails of one Message-ID are the same. Empty
    where the text is too short to tell."""
    received_at: dt.datetime = Field(sa_type=UtcDateTime)
    message: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """The whole normalised message as ``posteingang read --json`` prints it."""
    classification: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """The whole classification with the model's name, version and corpus hash."""


class ThreadId(SQLModel, table=True):
    """A Message-ID that an entry has or refers to: what replies are matched by, in whatever order they arrive."""

    __tablename__ = "thread_id"

    id: int | None = _id()
    entry_id: int = Field(foreign_key="entry.id", index=True, sa_type=BigInteger)
    message_id: str = Field(max_length=998, index=True)
    own: bool = False
    """It is the entry's own Message-ID, not one of References or In-Reply-To."""


class Wording(SQLModel, table=True):
    """A key that entries of nearly the same wording share: how a letter finds the mail that says the same."""

    id: int | None = _id()
    entry_id: int = Field(foreign_key="entry.id", index=True, sa_type=BigInteger)
    key: int = Field(index=True, sa_type=BigInteger)


class TicketConcern(SQLModel, table=True):
    """A concern of a ticket, and who said so."""

    id: int | None = _id()
    ticket_id: int = Field(foreign_key="ticket.id", index=True, sa_type=BigInteger)
    concern: str = Field(max_length=100, index=True)
    is_primary: bool = False
    confidence: float | None = None
    origin: str = Field(default="model", max_length=100)
    """``model``, ``danger`` or the login of the agent."""

    __table_args__ = (UniqueConstraint("ticket_id", "concern", name="uq_ticket_concern"),)


class MentionRow(SQLModel, table=True):
    """An identifier found in an entry; what matching and export look up."""

    __tablename__ = "mention"

    id: int | None = _id()
    entry_id: int = Field(foreign_key="entry.id", index=True, sa_type=BigInteger)
    ticket_id: int = Field(foreign_key="ticket.id", index=True, sa_type=BigInteger)
    kind: str = Field(max_length=50)
    text: str = Field(sa_type=Text)
    value: str = Field(max_length=500)
    check: Check = Field(sa_type=_enum(Check))
    start: int = 0
    end: int = 0

    __table_args__ = (Index("ix_mention_value", "kind", "value"),)


class DeadlineRow(SQLModel, table=True):
    """A period running on a ticket, with the rule that gave it."""

    __tablename__ = "deadline"

    id: int | None = _id()
    ticket_id: int = Field(foreign_key="ticket.id", index=True, sa_type=BigInteger)
    rule: str = Field(max_length=100)
    concern: str = Field(max_length=100)
    kind: DeadlineKind = Field(sa_type=_enum(DeadlineKind))
    legal_basis: str = ""
    verified: bool = False
    starts_on: dt.date
    legal_due: dt.date
    safe_due: dt.date = Field(index=True)
    met_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (UniqueConstraint("ticket_id", "rule", name="uq_deadline"),)


class Link(SQLModel, table=True):
    """Two tickets that have to do with each other."""

    id: int | None = _id()
    ticket_id: int = Field(foreign_key="ticket.id", index=True, sa_type=BigInteger)
    other_id: int = Field(foreign_key="ticket.id", index=True, sa_type=BigInteger)
    reason: str = Field(max_length=50)
    """``reply``, ``quoted_number``, ``duplicate``, ``same_thread``."""

    __table_args__ = (UniqueConstraint("ticket_id", "other_id", "reason", name="uq_link"),)


class Event(SQLModel, table=True):
    """Something that happened: who, before, after. Only ever added to; the database refuses the rest."""

    id: int | None = _id()
    at: dt.datetime = Field(sa_type=UtcDateTime)
    actor: str = Field(max_length=100)
    """Login of the agent, or ``intake``."""
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True, sa_type=BigInteger)
    item_id: int | None = Field(default=None, foreign_key="item.id", index=True, sa_type=BigInteger)
    kind: str = Field(max_length=50)
    before: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    after: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class Run(SQLModel, table=True):
    """When a source was last asked and how it went; what `status` shows."""

    id: int | None = _id()
    source: str = Field(max_length=100, index=True)
    started_at: dt.datetime = Field(sa_type=UtcDateTime)
    ended_at: dt.datetime = Field(sa_type=UtcDateTime)
    seen: int = 0
    accepted: int = 0
    exit_code: int = 0
    message: str = Field(default="", sa_type=Text)
