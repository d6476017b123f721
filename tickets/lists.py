"""What agents and programs are shown: lists with filters, one ticket in full, what a search found, counts."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Date, Integer, String, case, func, literal, tuple_
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlmodel import Session, and_, col, or_, select

from models.classification import DangerLevel
from models.errors import NotFoundError, RefusedError
from models.serial import classification_from_json, message_from_json
from models.status import OPEN, ItemState, Status
from models.tables import (
    DeadlineRow,
    Entry,
    Event,
    Item,
    Link,
    MentionRow,
    Run,
    Sighting,
    Ticket,
    TicketConcern,
    UtcDateTime,
)
from tickets import search
from tickets.due import NOT_OURS
from tickets.rows import number
from tickets.views import (
    ConcernView,
    Counts,
    DeadlineView,
    EntryView,
    EventView,
    Hit,
    HitPage,
    LinkView,
    MentionView,
    RunView,
    SourceDay,
    TicketFilter,
    TicketPage,
    TicketSummary,
    TicketView,
)

SOON = dt.timedelta(days=3)
"""Deadlines this near are on the day's list."""

_V = TypeVar("_V")

_NEVER = dt.date.max


def tickets(session: Session, wanted: TicketFilter, limit: int, after: str) -> TicketPage:
    """One page of a list: dangers first, then by safe date, priority and receipt.

    Args:
        session: the transaction.
        wanted: which tickets.
        limit: of the page.
        after: ``next`` of the page before; empty for the first.

    Raises:
        RefusedError: if ``after`` is none of ours.
    """
    query = select(Ticket).where(*_conditions(session, wanted, wanted.status or OPEN))
    if after:
        query = query.where(tuple_(*_order()) > tuple_(*_place(after)))
    found = session.exec(query.order_by(*_order()).limit(limit + 1)).all()
    page = found[:limit]
    return TicketPage(tuple(summary(ticket) for ticket in page), _cursor(page[-1]) if len(found) > limit else "")


def _order() -> tuple[SQLCoreOperations[Any], ...]:
    """What tickets are sorted by; the number makes the order complete, so that pages neither skip nor repeat."""
    waiting = col(Ticket.acknowledged_by).is_(None)
    rank = case(
        (and_(col(Ticket.danger) == DangerLevel.alarm, waiting), 0),
        (and_(col(Ticket.danger).is_not(None), waiting), 1),
        else_=2,
    )
    due = func.coalesce(col(Ticket.safe_due), literal(_NEVER, Date))
    return (rank, due, col(Ticket.priority), col(Ticket.received_at), col(Ticket.id))


def _cursor(ticket: Ticket) -> str:
    rank = 2
    if ticket.danger is not None and ticket.acknowledged_by is None:
        rank = 0 if ticket.danger is DangerLevel.alarm else 1
    due = (ticket.safe_due or _NEVER).isoformat()
    return f"{rank}~{due}~{ticket.priority}~{ticket.received_at.isoformat()}~{ticket.id}"


def _place(cursor: str) -> tuple[ColumnElement[Any], ...]:
    try:
        rank, due, priority, received_at, ticket_id = cursor.split("~")
        return (
            literal(int(rank), Integer),
            literal(dt.date.fromisoformat(due), Date),
            literal(int(priority), Integer),
            literal(dt.datetime.fromisoformat(received_at), UtcDateTime),
            literal(int(ticket_id), Integer),
        )
    except ValueError:
        raise RefusedError(f"'{cursor}' is no place in a list; take it from 'next' of the page before.") from None


def _conditions(session: Session, wanted: TicketFilter, status: Iterable[Status]) -> list[ColumnElement[bool]]:
    """The filter as conditions; no status means all."""
    further = select(TicketConcern.ticket_id).where(TicketConcern.concern == wanted.concern)
    possible: list[tuple[object, ColumnElement[bool]]] = [
        (status, col(Ticket.status).in_(list(status))),
        (wanted.queue, col(Ticket.queue) == wanted.queue),
        (wanted.concern, or_(col(Ticket.concern) == wanted.concern, col(Ticket.id).in_(further))),
        (wanted.agent, col(Ticket.agent) == wanted.agent),
        (wanted.agent == "", col(Ticket.agent).is_(None)),
        (wanted.channel, col(Ticket.channel) == wanted.channel),
        (wanted.danger, col(Ticket.danger).is_not(None)),
        (wanted.due_before, col(Ticket.safe_due) < (wanted.due_before or _NEVER)),
    ]
    conditions = [condition for is_wanted, condition in possible if is_wanted]
    if wanted.text:
        conditions.append(search.containing(session, wanted.text))
    return conditions


def find(session: Session, query: str, wanted: TicketFilter, limit: int, after: str) -> HitPage:
    """One page of what has all terms of the query, closed or not, the latest entry first, each ticket once.

    Raises:
        RefusedError: if there is nothing to look for.
    """
    latest = func.max(col(Entry.id))
    grouped = (
        select(Entry.ticket_id, latest)
        .join(Ticket)
        .where(search.entry_containing(session, query), *_conditions(session, wanted, wanted.status))
        .group_by(col(Entry.ticket_id))
        .order_by(latest.desc())
        .limit(limit + 1)
    )
    if after:
        if not after.isdigit():
            raise RefusedError(f"'{after}' is no place in a list; take it from 'next' of the page before.")
        grouped = grouped.having(latest < int(after))
    found = session.exec(grouped).all()
    page = [entry_id for _, entry_id in found[:limit]]
    rows = session.exec(select(Entry, Ticket).join(Ticket).where(col(Entry.id).in_(page)))
    hits = {entry.id: _hit(entry, ticket, query) for entry, ticket in rows}
    return HitPage(tuple(hits[entry_id] for entry_id in page), str(page[-1]) if len(found) > limit else "")


def _hit(entry: Entry, ticket: Ticket, query: str) -> Hit:
    text = f"{entry.subject}\n{entry.full_text or entry.text}"
    return Hit(summary(ticket), number(entry), search.snippet(text, query))


def deadlines(session: Session, until: dt.date | None, limit: int) -> tuple[tuple[TicketSummary, DeadlineView], ...]:
    """The running periods of open tickets, the earliest safe date first; not those that are the customer's to keep."""
    running = (
        select(DeadlineRow, Ticket)
        .join(Ticket)
        .where(col(DeadlineRow.met_at).is_(None), col(Ticket.status).in_(OPEN))
        .where(col(DeadlineRow.kind).not_in(NOT_OURS))
        .order_by(col(DeadlineRow.safe_due), col(DeadlineRow.id))
        .limit(limit)
    )
    if until is not None:
        running = running.where(DeadlineRow.safe_due <= until)
    return tuple((summary(ticket), _view(DeadlineView, row)) for row, ticket in session.exec(running))


def ticket(session: Session, ticket_id: int) -> TicketView:
    """All of a ticket.

    Raises:
        NotFoundError: if there is none.
    """
    row = session.get(Ticket, ticket_id)
    if row is None:
        raise NotFoundError(f"There is no ticket #{ticket_id}. 'posteingang list' shows the tickets.")
    entries = _of(session, Entry, ticket_id, col(Entry.received_at), col(Entry.id))
    concerns = _of(session, TicketConcern, ticket_id, col(TicketConcern.is_primary).desc(), col(TicketConcern.id))
    mentions = _of(session, MentionRow, ticket_id, col(MentionRow.id))
    running = _of(session, DeadlineRow, ticket_id, col(DeadlineRow.safe_due), col(DeadlineRow.id))
    events = _of(session, Event, ticket_id, col(Event.id))
    return TicketView(
        ticket=summary(row),
        entries=tuple(_entry(entry) for entry in entries),
        concerns=tuple(_view(ConcernView, concern) for concern in concerns),
        mentions=tuple(_view(MentionView, mention) for mention in mentions),
        deadlines=tuple(_view(DeadlineView, deadline) for deadline in running),
        events=tuple(_view(EventView, event) for event in events),
        links=_links(session, ticket_id),
    )


def _of(session: Session, table: Any, ticket_id: int, *order: SQLCoreOperations[Any]) -> Sequence[Any]:
    return session.exec(select(table).where(table.ticket_id == ticket_id).order_by(*order)).all()


def _links(session: Session, ticket_id: int) -> tuple[LinkView, ...]:
    """Links in both directions."""
    other = case((col(Link.ticket_id) == ticket_id, col(Link.other_id)), else_=col(Link.ticket_id))
    linked = (
        select(Ticket, Link.reason)
        .join(Link, col(Ticket.id) == other)
        .where(or_(col(Link.ticket_id) == ticket_id, col(Link.other_id) == ticket_id))
        .order_by(col(Link.id))
    )
    return tuple(LinkView(number(row), reason, row.subject, row.status) for row, reason in session.exec(linked))


def summary(ticket: Ticket) -> TicketSummary:
    """The ticket as a line of a list."""
    return _view(TicketSummary, ticket)


def _entry(entry: Entry) -> EntryView:
    values = {field.name: getattr(entry, field.name) for field in fields(EntryView)}
    values["message"] = message_from_json(entry.message) if entry.message else None
    values["classification"] = classification_from_json(entry.classification) if entry.classification else None
    return EntryView(**values)


def _view(view: type[_V], row: Any) -> _V:
    return view(**{field.name: getattr(row, field.name) for field in fields(view)})  # type: ignore[arg-type]


def alarms(session: Session) -> tuple[TicketSummary, ...]:
    """Open tickets with an alarm that nobody has acknowledged, oldest first."""
    raised = (
        select(Ticket)
        .where(Ticket.danger == DangerLevel.alarm, col(Ticket.acknowledged_by).is_(None))
        .where(col(Ticket.status).in_(OPEN))
        .order_by(col(Ticket.id))
    )
    return tuple(summary(ticket) for ticket in session.exec(raised))


def waiting(session: Session) -> int:
    """How many items are accepted and neither filed, set aside nor ignored."""
    return _count(session, Item, Item.state == ItemState.accepted)


def overview(session: Session, today: dt.date) -> Counts:
    """The state of the house.

    Args:
        session: the transaction.
        today: in the house's time zone.
    """
    oldest = func.min(col(Item.accepted_at), type_=UtcDateTime)
    items = session.exec(select(Item.state, func.count(), oldest).group_by(col(Item.state))).all()
    counts = {state: (count, since) for state, count, since in items}
    waiting_items, set_aside = (counts.get(state, (0, None)) for state in (ItemState.accepted, ItemState.set_aside))
    is_open = col(Ticket.status).in_(OPEN)
    by_status = session.exec(select(Ticket.status, func.count()).group_by(col(Ticket.status))).all()
    by_queue = session.exec(select(Ticket.queue, func.count()).where(is_open).group_by(col(Ticket.queue))).all()
    due = col(Ticket.safe_due)
    unseen = and_(col(Ticket.danger).is_not(None), col(Ticket.acknowledged_by).is_(None))
    return Counts(
        waiting=waiting_items[0],
        oldest_waiting=waiting_items[1],
        set_aside=set_aside[0],
        oldest_set_aside=set_aside[1],
        tickets={Status(status): count for status, count in by_status},
        queues=dict(by_queue),
        alarms=_count(session, Ticket, is_open, unseen),
        overdue=_count(session, Ticket, is_open, due < today),
        due_soon=_count(session, Ticket, is_open, due.between(today, today + SOON)),
        runs=_last_runs(session),
    )


def _count(session: Session, table: Any, *conditions: ColumnElement[bool] | bool) -> int:
    return session.exec(select(func.count()).select_from(table).where(*conditions)).one()


def _last_runs(session: Session) -> tuple[RunView, ...]:
    last = select(func.max(col(Run.id))).group_by(col(Run.source))
    rows = session.exec(select(Run).where(col(Run.id).in_(last)).order_by(col(Run.source)))
    return tuple(_view(RunView, row) for row in rows)


def journal(session: Session, zone: dt.tzinfo) -> tuple[SourceDay, ...]:
    """What every source brought on every day of the house's zone, and what became of it, in order."""
    hour = _hour(session)
    rows = session.exec(
        select(Sighting.source, hour, Item.state, func.count())
        .join(Item)
        .group_by(col(Sighting.source), hour, col(Item.state))
    )
    days: dict[tuple[str, dt.date], dict[ItemState, int]] = {}
    for source, started, state, count in rows:
        day = dt.datetime.fromisoformat(f"{started}:00+00:00").astimezone(zone).date()
        found = days.setdefault((source, day), dict.fromkeys(ItemState, 0))
        found[ItemState(state)] += count
    return tuple(
        SourceDay(
            source=source,
            day=day,
            seen=sum(found.values()),
            filed=found[ItemState.filed],
            set_aside=found[ItemState.set_aside],
            ignored=found[ItemState.ignored],
            waiting=found[ItemState.accepted],
        )
        for (source, day), found in sorted(days.items())
    )


def _hour(session: Session) -> ColumnElement[str]:
    """The hour of UTC in which an item was seen, as ``2026-11-22 10``: our days begin on whole hours."""
    seen_at = col(Sighting.seen_at)
    if session.get_bind().dialect.name == "sqlite":
        return func.strftime("%Y-%m-%d %H", seen_at, type_=String)
    return func.to_char(func.timezone("UTC", seen_at), "YYYY-MM-DD HH24", type_=String)


def unaccounted(session: Session) -> tuple[int, ...]:
    """Items that are filed by their state and on no ticket, or the other way round; none, or something is wrong."""
    odd = (
        select(Item.id)
        .join(Entry, isouter=True)
        .where(col(Entry.id).is_(None) == (Item.state == ItemState.filed))
        .order_by(col(Item.id))
    )
    return tuple(found for found in session.exec(odd) if found is not None)
