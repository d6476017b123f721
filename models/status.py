"""States of items and tickets, and which may follow which: data, looked up and never branched over."""

from enum import StrEnum

from models.errors import RefusedError


class ItemState(StrEnum):
    """Where an accepted item is on its way."""

    accepted = "accepted"
    filed = "filed"
    set_aside = "set_aside"
    ignored = "ignored"


class Status(StrEnum):
    """Where a ticket is in its life."""

    new = "new"
    assigned = "assigned"
    in_progress = "in_progress"
    waiting_customer = "waiting_customer"
    waiting_internal = "waiting_internal"
    waiting_grid = "waiting_grid"
    follow_up = "follow_up"
    """Wiedervorlage: comes back on its date."""
    answered = "answered"
    closed = "closed"
    clarification = "clarification"
    """Klärung: nobody knows yet whose it is."""
    duplicate = "duplicate"


OPEN: frozenset[Status] = frozenset(Status) - {Status.closed, Status.duplicate}

REOPENED: frozenset[Status] = frozenset({Status.new, Status.assigned, Status.in_progress})

_WORK = frozenset(
    {
        Status.assigned,
        Status.in_progress,
        Status.waiting_customer,
        Status.waiting_internal,
        Status.waiting_grid,
        Status.follow_up,
        Status.answered,
        Status.closed,
        Status.clarification,
        Status.duplicate,
    }
)

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.new: _WORK,
    Status.assigned: _WORK | {Status.new},
    Status.in_progress: _WORK | {Status.new},
    Status.waiting_customer: _WORK | {Status.new},
    Status.waiting_internal: _WORK,
    Status.waiting_grid: _WORK,
    Status.follow_up: _WORK | {Status.new},
    Status.answered: _WORK | {Status.new},
    Status.clarification: _WORK | {Status.new},
    Status.closed: REOPENED,
    Status.duplicate: REOPENED,
}

WOKEN: frozenset[Status] = frozenset(
    {Status.waiting_customer, Status.answered, Status.follow_up, Status.closed, Status.duplicate}
)
"""States that a customer's next message ends: the case goes back to its agent, or to the new ones if it has none."""


def check_transition(current: Status, wanted: Status) -> None:
    """Raise RefusedError unless a ticket may go from ``current`` to ``wanted``."""
    if wanted not in TRANSITIONS[current]:
        allowed = ", ".join(sorted(TRANSITIONS[current]))
        raise RefusedError(f"A {current} ticket cannot become {wanted}, only: {allowed}.")
