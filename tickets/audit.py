"""The history: every change is an event in the same transaction as the change. Events are only ever added."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from models.tables import Event
from tickets.rows import storable, storable_json

INTAKE = "intake"
"""Actor of what the program does by itself."""


@dataclass(frozen=True, slots=True)
class By:
    """Who does something, when, and because of what."""

    actor: str
    """Login of the agent, or ``intake``."""
    at: dt.datetime
    """Aware."""
    item_id: int | None = None
    """The item whose arrival is the cause."""


def record(
    session: Session,
    by: By,
    kind: str,
    ticket_id: int | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add an event.

    Args:
        session: the transaction of the change itself.
        by: who, when, because of what.
        kind: a slug such as ``closed``; what it needs to say stands in ``before`` and ``after``.
        ticket_id: the ticket; None for an event of an item alone.
        before: the values that changed, as they were.
        after: the same, as they are now.
    """
    session.add(
        Event(
            at=by.at,
            actor=storable(by.actor, 100),
            ticket_id=ticket_id,
            item_id=by.item_id,
            kind=kind,
            before=storable_json(dict(before or {})),
            after=storable_json(dict(after or {})),
        )
    )
