"""States of a ticket: every one can be left, and a forbidden step says what is allowed."""

import pytest

from models.errors import RefusedError
from models.status import OPEN, TRANSITIONS, Status, check_transition


def test_every_state_has_a_way_on_and_a_closed_ticket_only_one_back() -> None:
    assert set(TRANSITIONS) == set(Status)
    assert all(TRANSITIONS.values())
    assert Status.closed not in OPEN
    check_transition(Status.new, Status.closed)
    check_transition(Status.closed, Status.in_progress)


def test_a_forbidden_step_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(RefusedError, match="A closed ticket cannot become answered, only: assigned, in_progress, new"):
        check_transition(Status.closed, Status.answered)
