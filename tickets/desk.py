"""What agents do with a ticket. Every change locks the ticket first and leaves an event in the same transaction."""

import difflib
from typing import Any

from sqlmodel import Session, col, select

from models.classification import Concern, DangerLevel, Taxonomy
from models.errors import NotFoundError, RefusedError
from models.status import OPEN, Status, check_transition
from models.tables import Entry, Ticket, TicketConcern
from tickets import clocks, search
from tickets.audit import By, record
from tickets.clocks import House
from tickets.rows import number, storable


def take(session: Session, ticket_id: int, by: By) -> None:
    """The agent makes the case his own.

    Raises:
        RefusedError: if another agent has it, or it is closed.
    """
    ticket = locked(session, ticket_id)
    if ticket.agent not in (None, by.actor):
        raise RefusedError(f"Ticket #{ticket_id} is with {ticket.agent}.")
    if ticket.status not in OPEN:
        raise RefusedError(f"Ticket #{ticket_id} is {ticket.status}; 'posteingang reopen {ticket_id}' first.")
    started = ticket.status in (Status.new, Status.clarification)
    _change(session, ticket, by, "taken", agent=by.actor, status=Status.assigned if started else ticket.status)


def note(session: Session, ticket_id: int, text: str, by: By) -> int:
    """Add a note; gives the entry's number.

    Raises:
        RefusedError: if it is empty.
    """
    ticket = locked(session, ticket_id)
    if not text.strip():
        raise RefusedError("A note needs words.")
    entry = Entry(ticket_id=ticket_id, kind="note", author=by.actor, text=storable(text), received_at=by.at)
    session.add(entry)
    session.flush()
    search.add(session, number(entry), [text])
    ticket.updated_at = by.at
    record(session, by, "note", ticket_id, after={"entry": entry.id})
    return number(entry)


def add_concern(session: Session, ticket_id: int, concern: str, house: House, by: By) -> None:
    """Add a further concern, with its periods from the receipt of the case; there already: nothing happens.

    Raises:
        RefusedError: if the taxonomy has no such concern.
    """
    _known(concern, house.taxonomy)
    ticket = locked(session, ticket_id)
    if any(row.concern == concern for row in _concerns(session, ticket)):
        return
    session.add(TicketConcern(ticket_id=ticket_id, concern=concern, origin=by.actor))
    record(session, by, "concern_added", ticket_id, after={"concern": concern})
    _start(session, ticket, concern, house, by)


def remove_concern(session: Session, ticket_id: int, concern: str, by: By) -> None:
    """Take a further concern off, and its running periods.

    Raises:
        RefusedError: if the ticket does not have it, or it is the primary one.
    """
    ticket = locked(session, ticket_id)
    rows = _concerns(session, ticket)
    row = next((row for row in rows if row.concern == concern), None)
    if row is None:
        has = ", ".join(row.concern for row in rows) or "none"
        raise RefusedError(f"Ticket #{ticket_id} does not have the concern {concern}; it has: {has}.")
    if row.is_primary:
        raise RefusedError(f"{concern} is the primary concern of #{ticket_id}; make another one primary first.")
    session.delete(row)
    ticket.updated_at = by.at
    record(session, by, "concern_removed", ticket_id, before={"concern": concern, "origin": row.origin})
    clocks.drop(session, ticket, concern, by)


def make_primary(session: Session, ticket_id: int, concern: str, house: House, by: By) -> None:
    """Decide what the case is about: it goes to the concern's queue with its priority.

    The former primary concern stays as a further one, with its periods; if it was a mistake, it is to be removed.

    Raises:
        RefusedError: if the taxonomy has no such concern.
    """
    entry = _known(concern, house.taxonomy)
    ticket = locked(session, ticket_id)
    rows = _concerns(session, ticket)
    chosen = next((row for row in rows if row.concern == concern), None)
    if chosen is None:
        chosen = TicketConcern(ticket_id=ticket_id, concern=concern)
        session.add(chosen)
    for row in rows:
        row.is_primary = False
    chosen.is_primary, chosen.origin, chosen.confidence = True, by.actor, None
    _change(
        session,
        ticket,
        by,
        "concern_primary",
        concern=concern,
        confidence=None,
        decided=True,
        queue=entry.queue,
        priority=min(ticket.priority, entry.priority) if ticket.danger else entry.priority,
        status=_decided_status(ticket),
    )
    _start(session, ticket, concern, house, by)


def _decided_status(ticket: Ticket) -> Status:
    if ticket.status is not Status.clarification:
        return ticket.status
    return Status.assigned if ticket.agent else Status.new


def close(session: Session, ticket_id: int, reason: str, by: By) -> None:
    """End the case; its periods are met.

    Raises:
        RefusedError: if it is closed, or nobody has acknowledged its danger.
    """
    ticket = locked(session, ticket_id)
    _end(session, ticket, Status.closed, reason, by)


def reopen(session: Session, ticket_id: int, by: By) -> None:
    """Take up a closed case again; the periods that the closing had met run on.

    Raises:
        RefusedError: if it is open.
    """
    ticket = locked(session, ticket_id)
    if ticket.status in OPEN:
        raise RefusedError(f"Ticket #{ticket_id} is {ticket.status}, not closed.")
    _resume(session, ticket, Status.assigned if ticket.agent else Status.new, by)


def set_status(session: Session, ticket_id: int, status: Status, by: By) -> None:
    """Put a case into another state.

    Raises:
        RefusedError: if it may not go there from its present state; says where it may.
    """
    ticket = locked(session, ticket_id)
    if status is ticket.status:
        return
    if status not in OPEN:
        _end(session, ticket, status, "", by)
    elif ticket.status not in OPEN:
        _resume(session, ticket, status, by)
    else:
        check_transition(ticket.status, status)
        _change(session, ticket, by, "status", status=status)


def acknowledge(session: Session, ticket_id: int, by: By) -> None:
    """Say by name that a person has seen the danger and acts.

    Raises:
        RefusedError: if there is none, or somebody has.
    """
    ticket = locked(session, ticket_id)
    if ticket.danger is None:
        raise RefusedError(f"Ticket #{ticket_id} speaks of no danger.")
    if ticket.acknowledged_by is not None:
        raise RefusedError(f"{ticket.acknowledged_by} has acknowledged the danger of #{ticket_id} already.")
    ticket.acknowledged_at = by.at
    _change(session, ticket, by, "acknowledged", acknowledged_by=by.actor)


def locked(session: Session, ticket_id: int) -> Ticket:
    """The ticket, which nobody else changes until the transaction ends.

    Raises:
        NotFoundError: if there is none.
    """
    ticket = session.get(Ticket, ticket_id, with_for_update=True)
    if ticket is None:
        raise NotFoundError(f"There is no ticket #{ticket_id}. 'posteingang list' shows the tickets.")
    return ticket


def _end(session: Session, ticket: Ticket, status: Status, reason: str, by: By) -> None:
    check_transition(ticket.status, status)
    if ticket.danger is DangerLevel.alarm and ticket.acknowledged_by is None:
        raise RefusedError(f"First somebody must take the alarm: 'posteingang ack {ticket.id}'.")
    clocks.meet(session, ticket, by.at)
    ticket.closed_at = by.at
    _change(session, ticket, by, "closed", reason=reason, status=status)


def _resume(session: Session, ticket: Ticket, status: Status, by: By) -> None:
    check_transition(ticket.status, status)
    clocks.resume(session, ticket)
    ticket.closed_at = None
    _change(session, ticket, by, "reopened", status=status)


def _start(session: Session, ticket: Ticket, concern: str, house: House, by: By) -> None:
    ticket.updated_at = by.at
    if ticket.status in OPEN:
        clocks.start(session, ticket, [concern], ticket.received_at, house, by)


def _change(session: Session, ticket: Ticket, by: By, kind: str, *, reason: str = "", **values: Any) -> None:
    """Set columns of the ticket and record what they were."""
    changed = {name: value for name, value in values.items() if getattr(ticket, name) != value}
    before = {name: getattr(ticket, name) for name in changed}
    for name, value in changed.items():
        setattr(ticket, name, value)
    ticket.updated_at = by.at
    record(session, by, kind, ticket.id, before, {**changed, **({"reason": reason} if reason else {})})


def _concerns(session: Session, ticket: Ticket) -> list[TicketConcern]:
    rows = select(TicketConcern).where(TicketConcern.ticket_id == ticket.id).order_by(col(TicketConcern.id))
    return list(session.exec(rows))


def _known(key: str, taxonomy: Taxonomy) -> Concern:
    if key in taxonomy.concerns:
        return taxonomy.concerns[key]
    near = difflib.get_close_matches(key, taxonomy.concerns, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(taxonomy.concerns))}."
    raise RefusedError(f"There is no concern {key}. {hint}")
