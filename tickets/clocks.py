"""The periods that run on a ticket, and the date that the office works to."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from models.classification import Taxonomy
from models.deadline import Deadline
from models.tables import DeadlineRow, Ticket
from tickets.audit import By, record
from tickets.due import NOT_OURS, Calendar, deadlines
from tickets.rows import insert_all, number


@dataclass(frozen=True, slots=True)
class House:
    """What is the house's own: its concerns, its working days, where its days begin, how long replies reopen."""

    taxonomy: Taxonomy
    calendar: Calendar
    zone: dt.tzinfo
    reopen_days: int


def start(
    session: Session, ticket: Ticket, concerns: Iterable[str], received_at: dt.datetime, house: House, by: By
) -> None:
    """Set the periods of these concerns running; one that runs goes on, one that was met starts anew.

    Args:
        session: the transaction.
        ticket: locked, with its number.
        concerns: keys; unknown ones have no periods.
        received_at: receipt of the message that brought them, aware.
        house: its concerns and calendar.
        by: who or what is the cause.
    """
    rows = _rows(session, ticket)
    present = {row.rule: row for row in rows}
    new: list[DeadlineRow] = []
    starts_on = received_at.astimezone(house.zone).date()
    for key in concerns:
        concern = house.taxonomy.concerns.get(key)
        for deadline in deadlines(concern.deadlines if concern else (), starts_on, house.calendar):
            row = present.get(deadline.rule.key)
            if row is None:
                new.append(_row(ticket, key, deadline))
            elif row.met_at is not None:
                _restart(session, row, deadline, by)
    insert_all(session, new)
    _work_to(ticket, rows + new)


def drop(session: Session, ticket: Ticket, concern: str, by: By) -> None:
    """Take away the running periods of a concern that was a mistake; what was met stays as history."""
    kept: list[DeadlineRow] = []
    for row in _rows(session, ticket):
        if row.concern == concern and row.met_at is None:
            record(session, by, "deadline_dropped", ticket.id, before=_told(row))
            session.delete(row)
        else:
            kept.append(row)
    _work_to(ticket, kept)


def meet(session: Session, ticket: Ticket, at: dt.datetime) -> None:
    """Everything that runs is met: the ticket is being closed."""
    for row in _rows(session, ticket):
        if row.met_at is None:
            row.met_at = at
    _work_to(ticket, ())


def resume(session: Session, ticket: Ticket) -> None:
    """Let run again what the closing had met: it was a mistake."""
    rows = _rows(session, ticket)
    for row in rows:
        if row.met_at is not None and row.met_at == ticket.closed_at:
            row.met_at = None
    _work_to(ticket, rows)


def _rows(session: Session, ticket: Ticket) -> list[DeadlineRow]:
    return list(
        session.exec(select(DeadlineRow).where(DeadlineRow.ticket_id == ticket.id).order_by(col(DeadlineRow.id)))
    )


def _row(ticket: Ticket, concern: str, deadline: Deadline) -> DeadlineRow:
    rule = deadline.rule
    return DeadlineRow(
        ticket_id=number(ticket),
        rule=rule.key,
        concern=concern,
        kind=rule.kind,
        legal_basis=rule.legal_basis,
        verified=rule.verified,
        starts_on=deadline.starts_on,
        legal_due=deadline.legal_due,
        safe_due=deadline.safe_due,
    )


def _restart(session: Session, row: DeadlineRow, deadline: Deadline, by: By) -> None:
    before = _told(row)
    row.starts_on, row.legal_due, row.safe_due = deadline.starts_on, deadline.legal_due, deadline.safe_due
    row.met_at = None
    record(session, by, "deadline_restarted", row.ticket_id, before, _told(row))


def _told(row: DeadlineRow) -> dict[str, str | None]:
    return {
        "rule": row.rule,
        "starts_on": row.starts_on.isoformat(),
        "legal_due": row.legal_due.isoformat(),
        "safe_due": row.safe_due.isoformat(),
        "met_at": row.met_at.isoformat() if row.met_at else None,
    }


def _work_to(ticket: Ticket, rows: Sequence[DeadlineRow]) -> None:
    """Keep on the ticket the earliest safe date of what runs, and the legal date that belongs to it."""
    running = [(row.safe_due, row.legal_due) for row in rows if row.met_at is None and row.kind not in NOT_OURS]
    ticket.safe_due, ticket.legal_due = min(running, default=(None, None))
