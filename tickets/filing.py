"""Files an understood message: finds its ticket or opens one. One transaction; a second time changes nothing."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlmodel import Session, select

from models.classification import Classification, Danger, DangerLevel, Taxonomy
from models.errors import NotFoundError, RefusedError
from models.message import MachineKind, Message
from models.serial import classification_to_json, message_to_json
from models.status import OPEN, WOKEN, ItemState, Status
from models.tables import Entry, Event, Item, Link, MentionRow, ThreadId, Ticket, TicketConcern, Wording
from tickets import clocks, duplicates, matching, search
from tickets.audit import INTAKE, By, record
from tickets.clocks import House
from tickets.rows import insert_all, number, storable, storable_json
from tickets.views import Filed

MODEL, DANGER = "model", "danger"
"""Origins of a concern that no agent has set."""

AT_ONCE, VERY_HIGH, NORMAL, LOW = 0, 1, 3, 4

SILENT: frozenset[MachineKind] = frozenset({MachineKind.auto_reply, MachineKind.report})
"""Nobody wants anything: with its thread it stays visible, alone it lies on a ticket that is closed at once, where
search finds it and a wrong verdict can be reopened. Ignoring the item would hide it."""

LESS_URGENT: frozenset[MachineKind] = frozenset({MachineKind.list, MachineKind.own})
"""A wrong verdict on these would hide a customer, so they are worked on like others, only last."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A message on its way into a ticket."""

    item_id: int
    received_at: dt.datetime
    message: Message
    classification: Classification
    mark: str
    """Its fingerprint."""
    wording: tuple[int, ...]
    """Keys of its wording."""

    @property
    def machine(self) -> MachineKind | None:
        """What sort of machine wrote it."""
        return self.message.machine.kind if self.message.machine else None

    @property
    def silent(self) -> bool:
        """Nobody needs to act on it; a danger always needs somebody."""
        return self.machine in SILENT and self.classification.danger is None

    @property
    def wakes(self) -> bool:
        """It ends a ticket's waiting: somebody answered, or our mail did not arrive."""
        return self.speaks or self.machine is MachineKind.bounce or self.classification.danger is not None

    @property
    def speaks(self) -> bool:
        """A person wrote it, or may have: list headers hang on many a customer's mail."""
        return self.machine in (None, MachineKind.list)


@dataclass(frozen=True, slots=True)
class _Route:
    """Where a new ticket goes."""

    status: Status
    concern: str | None
    confidence: float | None
    decided: bool
    queue: str
    priority: int


def file(
    session: Session, item_id: int, message: Message, classification: Classification, house: House, now: dt.datetime
) -> Filed:
    """File the message of an item.

    Args:
        session: the transaction.
        item_id: number of the accepted item; what was set aside may be filed by hand.
        message: what was read.
        classification: what was found in it.
        house: its concerns, calendar and rules.
        now: aware.

    Raises:
        NotFoundError: if there is no such item.
        RefusedError: if a person decided to ignore it.
    """
    item = session.get(Item, item_id, with_for_update=True)
    if item is None:
        raise NotFoundError(f"There is no item {item_id}.")
    filed_before = session.exec(select(Entry.ticket_id).where(Entry.item_id == item_id)).first()
    if filed_before is not None:
        return Filed(filed_before, new=False)
    if item.state is ItemState.ignored:
        raise RefusedError(
            f"Item {item_id} is ignored: {item.message} 'posteingang quarantine retry' takes it up again."
        )
    by = By(INTAKE, now, item_id)
    mark, wording = matching.fingerprint(message), duplicates.keys(message)
    arrival = _Arrival(item_id, item.received_at, message, classification, mark, wording)
    matching.lock_thread(session, message)
    match = matching.find(session, message, item.received_at, house.reopen_days)
    ticket = match.ticket or _open(session, arrival, match.links, house, by)
    if match.ticket is not None:
        _join(session, ticket, arrival, match.reason, house, by)
    _add_entry(session, number(ticket), arrival)
    item.state, item.lease_until, item.done_at = ItemState.filed, None, now
    danger = classification.danger.level if classification.danger else None
    return Filed(number(ticket), new=match.ticket is None, danger=danger)


def _open(session: Session, arrival: _Arrival, links: Iterable[tuple[int, str]], house: House, by: By) -> Ticket:
    """Open a ticket for a message that belongs to none."""
    message, danger = arrival.message, arrival.classification.danger
    sender = matching.correspondent(message)
    route = _route(arrival, house.taxonomy)
    ticket = Ticket(
        subject=storable(_subject(message)),
        channel=message.channel,
        language=arrival.classification.language[:8],
        customer_name=sender.name,
        customer_address=sender.address,
        danger=danger.level if danger else None,
        danger_reason=storable(danger.reason) if danger else "",
        received_at=arrival.received_at,
        updated_at=by.at,
        closed_at=by.at if route.status not in OPEN else None,
        **asdict(route),
    )
    doubles = duplicates.find(session, message, arrival.wording, arrival.received_at)
    session.add(ticket)
    session.flush()
    after = {**asdict(route), "channel": message.channel.value, "machine": arrival.machine}
    record(session, by, "opened", ticket.id, after=after)
    _link(session, ticket, dict.fromkeys([*links, *((double, "duplicate") for double in doubles)]), by)
    if danger:
        record(session, by, "danger", ticket.id, after=_told(danger))
    if not arrival.silent:
        concerns = _tag_new(session, ticket, arrival)
        clocks.start(session, ticket, concerns, arrival.received_at, house, by)
    return ticket


def _route(arrival: _Arrival, taxonomy: Taxonomy) -> _Route:
    """Where the ticket of a message goes. A suggestion is routed like a decision; the ticket shows which it is."""
    found, danger = arrival.classification, arrival.classification.danger
    if danger is not None and danger.level is DangerLevel.alarm:
        return _Route(Status.new, taxonomy.danger, None, True, taxonomy.concerns[taxonomy.danger].queue, AT_ONCE)
    if arrival.silent:
        return _Route(Status.closed, None, None, False, taxonomy.clarification, LOW)
    concern = taxonomy.concerns.get(found.primary or "")
    priority = LOW if arrival.machine in LESS_URGENT else concern.priority if concern else NORMAL
    if danger is not None:
        priority = min(priority, VERY_HIGH)
    if concern is None or arrival.machine is MachineKind.bounce:
        return _Route(Status.clarification, found.primary, _confidence(found), False, taxonomy.clarification, priority)
    return _Route(Status.new, concern.key, _confidence(found), found.decided, concern.queue, priority)


def _confidence(found: Classification) -> float | None:
    scores = (*found.concerns, *found.ranking)
    return next((score.confidence for score in scores if score.concern == found.primary), None)


def _tag_new(session: Session, ticket: Ticket, arrival: _Arrival) -> list[str]:
    """Give a new ticket its concerns, the primary first."""
    scores = {score.concern: score.confidence for score in arrival.classification.concerns}
    keys = dict.fromkeys(key for key in (ticket.concern, arrival.classification.primary, *scores) if key)
    alarm = ticket.concern if ticket.danger is DangerLevel.alarm else None
    rows = [
        TicketConcern(
            ticket_id=number(ticket),
            concern=key[:100],
            is_primary=key == ticket.concern,
            confidence=ticket.confidence if key == ticket.concern else scores.get(key),
            origin=DANGER if key == alarm else MODEL,
        )
        for key in keys
    ]
    insert_all(session, rows)
    return list(keys)


def _join(session: Session, ticket: Ticket, arrival: _Arrival, reason: str, house: House, by: By) -> None:
    """Take a further message into a ticket. What an agent decided stays."""
    record(session, by, "message", ticket.id, after={"by": reason, "machine": arrival.machine})
    if arrival.wakes and ticket.status in WOKEN:
        _wake(session, ticket, by)
    ticket.updated_at = by.at
    rows = list(session.exec(select(TicketConcern).where(TicketConcern.ticket_id == ticket.id)))
    if arrival.classification.danger:
        _raise_danger(session, ticket, arrival.classification.danger, house.taxonomy, rows, by)
    if arrival.speaks:
        _learn(session, ticket, arrival.classification, house.taxonomy, rows, by)
    if ticket.status in OPEN and (arrival.speaks or arrival.classification.danger):
        brought = {score.concern for score in arrival.classification.concerns}
        concerns = [row.concern for row in rows if row.is_primary or row.concern in brought]
        clocks.start(session, ticket, concerns, arrival.received_at, house, by)


def _wake(session: Session, ticket: Ticket, by: By) -> None:
    before = {"status": ticket.status.value}
    kind = "status" if ticket.status in OPEN else "reopened"
    ticket.status = Status.assigned if ticket.agent else Status.new
    ticket.closed_at = None
    record(session, by, kind, ticket.id, before, {"status": ticket.status.value})


def _raise_danger(
    session: Session, ticket: Ticket, danger: Danger, taxonomy: Taxonomy, rows: list[TicketConcern], by: By
) -> None:
    """Lift the ticket above the others; it must be acknowledged anew, whoever acknowledged an earlier danger."""
    before = {"danger": ticket.danger, "priority": ticket.priority, "acknowledged_by": ticket.acknowledged_by}
    ticket.danger = DangerLevel.alarm if DangerLevel.alarm in (ticket.danger, danger.level) else DangerLevel.check
    ticket.danger_reason = storable(danger.reason)
    ticket.acknowledged_by = ticket.acknowledged_at = None
    ticket.priority = min(ticket.priority, AT_ONCE if danger.level is DangerLevel.alarm else VERY_HIGH)
    record(session, by, "danger", ticket.id, before, {**_told(danger), "priority": ticket.priority})
    if danger.level is DangerLevel.alarm and taxonomy.danger not in {row.concern for row in rows}:
        rows.append(TicketConcern(ticket_id=number(ticket), concern=taxonomy.danger, origin=DANGER))
        session.add(rows[-1])
        if _is_open_to_change(rows):
            _make_primary(session, ticket, taxonomy.danger, rows, taxonomy, by)
            ticket.decided, ticket.confidence = True, None


def _learn(
    session: Session,
    ticket: Ticket,
    found: Classification,
    taxonomy: Taxonomy,
    rows: list[TicketConcern],
    by: By,
) -> None:
    """Add the concerns of a further message, unless an agent took them off; decide the primary if nobody has."""
    present = {row.concern for row in rows}
    scores = {score.concern: score.confidence for score in found.concerns if score.concern not in present}
    if scores:
        for key in _taken_off(session, ticket):
            scores.pop(key, None)
    for key, confidence in scores.items():
        rows.append(TicketConcern(ticket_id=number(ticket), concern=key[:100], confidence=confidence, origin=MODEL))
        session.add(rows[-1])
        record(session, by, "concern_added", ticket.id, after={"concern": key, "confidence": confidence})
    better = ticket.concern is None or (found.decided and not ticket.decided)
    if better and found.primary in {row.concern for row in rows} and _is_open_to_change(rows):
        _make_primary(session, ticket, found.primary or "", rows, taxonomy, by)
        ticket.decided, ticket.confidence = found.decided, _confidence(found)


def _taken_off(session: Session, ticket: Ticket) -> Iterable[str]:
    """Concerns that agents have removed from the ticket."""
    removed = select(Event.before).where(Event.ticket_id == ticket.id, Event.kind == "concern_removed")
    return [str(before.get("concern")) for before in session.exec(removed)]


def _is_open_to_change(rows: Iterable[TicketConcern]) -> bool:
    """Whether no agent has decided on the primary concern."""
    return all(row.origin in (MODEL, DANGER) for row in rows if row.is_primary)


def _make_primary(
    session: Session, ticket: Ticket, key: str, rows: list[TicketConcern], taxonomy: Taxonomy, by: By
) -> None:
    before = {"concern": ticket.concern, "queue": ticket.queue, "priority": ticket.priority}
    for row in rows:
        row.is_primary = row.concern == key
    ticket.concern = key
    concern = taxonomy.concerns.get(key)
    # A case that somebody works on does not slip from his list into another tray.
    if concern is not None and ticket.agent is None:
        ticket.queue = concern.queue
        ticket.priority = min(ticket.priority, concern.priority)
        if ticket.status is Status.clarification:
            ticket.status = Status.new
    after = {"concern": ticket.concern, "queue": ticket.queue, "priority": ticket.priority}
    record(session, by, "concern_primary", ticket.id, before, after)


def _link(session: Session, ticket: Ticket, links: Iterable[tuple[int, str]], by: By) -> None:
    for other, reason in links:
        session.add(Link(ticket_id=number(ticket), other_id=other, reason=reason))
        record(session, by, "linked", ticket.id, after={"ticket": other, "reason": reason})


def _add_entry(session: Session, ticket_id: int, arrival: _Arrival) -> None:
    """The message itself, what is looked up in it, and what finds it."""
    message, found = arrival.message, arrival.classification
    sender = matching.correspondent(message)
    entry = Entry(
        ticket_id=ticket_id,
        item_id=arrival.item_id,
        kind=message.channel.value,
        author=sender.name,
        address=sender.address,
        subject=storable(message.subject),
        text=storable(message.text),
        full_text=storable(message.full_text),
        message_id=matching.own_id(message),
        in_reply_to=storable(message.in_reply_to, matching.LONGEST_ID),
        machine=arrival.machine,
        fingerprint=arrival.mark,
        received_at=arrival.received_at,
        message=storable_json(message_to_json(message)),
        classification=storable_json(classification_to_json(found)),
    )
    session.add(entry)
    session.flush()
    own = matching.own_id(message)
    names = dict.fromkeys(name for name in (own, *matching.thread_ids(message)) if name)
    insert_all(session, [ThreadId(entry_id=number(entry), message_id=name, own=name == own) for name in names])
    insert_all(session, [Wording(entry_id=number(entry), key=key) for key in arrival.wording])
    mentions = [
        MentionRow(
            entry_id=number(entry),
            ticket_id=ticket_id,
            kind=mention.kind[:50],
            text=storable(mention.text),
            value=storable(mention.value, 500),
            check=mention.check,
            start=mention.start,
            end=mention.end,
        )
        for mention in found.mentions
    ]
    insert_all(session, mentions)
    attached = [text for file in message.attachments for text in (file.filename, file.text)]
    numbers = [mention.value for mention in found.mentions]
    body = message.full_text or message.text
    search.add(session, number(entry), [message.subject, sender.name, sender.address, body, *attached, *numbers])


def _subject(message: Message) -> str:
    """The subject, else the first words of the text: letters often have no subject line."""
    lines = (line.strip() for line in (message.subject, *(message.text or message.full_text).splitlines()))
    return next((line for line in lines if line), "")[:200]


def _told(danger: Danger) -> dict[str, str]:
    return {"danger": danger.level.value, "reason": danger.reason, "passage": danger.passage}
