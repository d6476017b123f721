"""What the store gives: frozen values, never live rows. And what lists are asked for with."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from models.classification import Check, Classification, DangerLevel
from models.deadline import DeadlineKind
from models.message import Channel, MachineKind, Message, ReceivedFrom
from models.serial import classification_to_json, message_to_json
from models.status import ItemState, Status


class View:
    """A frozen value that `--json` can print."""

    __slots__ = ()

    def as_json(self) -> dict[str, Any]:
        """Every field by its name; times in ISO 8601."""
        return {field.name: _to_json(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]


def _to_json(value: Any) -> Any:
    match value:
        case View():
            return value.as_json()
        case Message():
            return message_to_json(value)
        case Classification():
            return classification_to_json(value)
        case dt.date():
            return value.isoformat()
        case tuple() | frozenset():
            return [_to_json(inner) for inner in value]
        case Mapping():
            return {str(key): _to_json(inner) for key, inner in value.items()}
        case _:
            return value


@dataclass(frozen=True, slots=True)
class Snippet(View):
    """The surroundings of a hit in the entry's own words, on one line."""

    text: str
    hits: tuple[tuple[int, int], ...]
    """Offsets into ``text``: start and end of each hit. Empty if it is in a number, a name or an attachment."""


@dataclass(frozen=True, slots=True)
class ClaimedItem(View):
    """An accepted item that this process may work on until its lease runs out."""

    id: int
    sha256: str
    channel: Channel
    name: str
    received_at: dt.datetime
    received_from: ReceivedFrom
    attempts: int
    """Claims so far, this one included."""
    lease_until: dt.datetime


@dataclass(frozen=True, slots=True)
class SightingView(View):
    """Where an item was seen."""

    source: str
    place: str
    uidvalidity: int
    uid: int
    name: str
    seen_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ItemView(View):
    """An item with all that is known of it."""

    id: int
    sha256: str
    size: int
    channel: Channel
    name: str
    received_at: dt.datetime
    received_from: ReceivedFrom
    accepted_at: dt.datetime
    state: ItemState
    attempts: int
    reason: str
    message: str
    detail: str
    done_at: dt.datetime | None
    ticket_id: int | None
    """Where it was filed."""
    sightings: tuple[SightingView, ...] = ()


@dataclass(frozen=True, slots=True)
class Filed(View):
    """What became of a message."""

    ticket_id: int
    new: bool
    """It opened this ticket."""
    danger: DangerLevel | None = None
    """What this message raised; None if it was filed before."""


@dataclass(frozen=True, slots=True)
class RunView(View):
    """One reading of a source."""

    source: str
    started_at: dt.datetime
    ended_at: dt.datetime
    seen: int
    accepted: int
    exit_code: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class SourceDay(View):
    """What one source brought on one day, and what became of it. ``seen`` is the sum of the rest."""

    source: str
    day: dt.date
    seen: int
    filed: int
    set_aside: int
    ignored: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Counts(View):
    """The state of the house in numbers."""

    waiting: int
    oldest_waiting: dt.datetime | None
    """When the oldest item that waits was accepted."""
    set_aside: int
    oldest_set_aside: dt.datetime | None
    tickets: Mapping[Status, int]
    queues: Mapping[str, int]
    """Open tickets by queue."""
    alarms: int
    """Open tickets with a danger that nobody has acknowledged."""
    overdue: int
    """Open tickets whose safe date has passed."""
    due_soon: int
    """Open tickets whose safe date is today or within three days."""
    runs: tuple[RunView, ...]
    """The last run of each source."""


@dataclass(frozen=True, slots=True)
class TicketSummary(View):
    """A ticket as a line of a list."""

    id: int
    subject: str
    status: Status
    concern: str | None
    confidence: float | None
    decided: bool
    queue: str
    priority: int
    agent: str | None
    channel: Channel
    language: str
    customer_name: str
    customer_address: str
    danger: DangerLevel | None
    danger_reason: str
    acknowledged_by: str | None
    acknowledged_at: dt.datetime | None
    received_at: dt.datetime
    updated_at: dt.datetime
    closed_at: dt.datetime | None
    safe_due: dt.date | None
    legal_due: dt.date | None
    follow_up_on: dt.date | None
    follow_up_reason: str


@dataclass(frozen=True, slots=True)
class EntryView(View):
    """A mail, letter or note of a ticket."""

    id: int
    item_id: int | None
    kind: str
    """``email``, ``letter`` or ``note``."""
    author: str
    address: str
    subject: str
    text: str
    full_text: str
    message_id: str
    in_reply_to: str
    machine: MachineKind | None
    received_at: dt.datetime
    message: Message | None
    """None for a note."""
    classification: Classification | None


@dataclass(frozen=True, slots=True)
class ConcernView(View):
    """A concern of a ticket."""

    concern: str
    is_primary: bool
    confidence: float | None
    origin: str
    """``model``, ``danger`` or the login of the agent."""


@dataclass(frozen=True, slots=True)
class MentionView(View):
    """An identifier found in an entry."""

    entry_id: int
    kind: str
    text: str
    value: str
    check: Check
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DeadlineView(View):
    """A period running, or met, on a ticket."""

    rule: str
    concern: str
    kind: DeadlineKind
    legal_basis: str
    verified: bool
    starts_on: dt.date
    legal_due: dt.date
    safe_due: dt.date
    met_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class EventView(View):
    """Something that happened."""

    id: int
    at: dt.datetime
    actor: str
    item_id: int | None
    kind: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LinkView(View):
    """Another ticket that has to do with this one."""

    ticket_id: int
    reason: str
    subject: str
    status: Status


@dataclass(frozen=True, slots=True)
class TicketView(View):
    """All of a ticket, each part oldest first."""

    ticket: TicketSummary
    entries: tuple[EntryView, ...]
    concerns: tuple[ConcernView, ...]
    """The primary first."""
    mentions: tuple[MentionView, ...]
    deadlines: tuple[DeadlineView, ...]
    """The earliest safe date first."""
    events: tuple[EventView, ...]
    links: tuple[LinkView, ...]


@dataclass(frozen=True, slots=True)
class TicketFilter(View):
    """Which tickets; every condition that is set must hold."""

    status: frozenset[Status] = frozenset()
    """Empty for the open ones."""
    queue: str = ""
    concern: str = ""
    """Primary or further."""
    agent: str | None = None
    """Empty for tickets that nobody has taken."""
    channel: Channel | None = None
    danger: bool = False
    """Only with a danger, acknowledged or not."""
    due_before: dt.date | None = None
    """Safe date before this day."""
    text: str = ""
    """As for search: in any entry."""


@dataclass(frozen=True, slots=True)
class TicketPage(View):
    """One page of a list."""

    tickets: tuple[TicketSummary, ...]
    next: str
    """What to ask the next page with; empty on the last."""


@dataclass(frozen=True, slots=True)
class Hit(View):
    """A ticket that was found, with the entry that was filed last of those that hit."""

    ticket: TicketSummary
    entry_id: int
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class HitPage(View):
    """One page of what was found."""

    hits: tuple[Hit, ...]
    next: str
    """What to ask the next page with; empty on the last."""
