"""What agents do: every change is an event, nothing is lost when ten write at once, lists page without gaps."""

import datetime as dt
import multiprocessing
from contextlib import closing
from typing import Any

import pytest

from models.errors import NotFoundError, RefusedError
from models.message import Channel
from models.status import Status
from tests.tickets.cases import ALARM, CHECK, NOW, filed, found, letter, mail
from tickets.store import Store, TicketFilter
from tickets.views import EventView

DAY = dt.timedelta(days=1)
LATER = NOW + DAY


def opened(store: Store, *arguments: Any, **changes: Any) -> int:
    """A ticket of a customer of its own."""
    number = len(store.tickets(limit=1000).tickets)
    return filed(
        store, mail(f"Anliegen {number}", sender_address=f"k{number}@x.example"), *arguments, **changes
    ).ticket_id


def last(store: Store, ticket_id: int) -> EventView:
    return store.ticket(ticket_id).events[-1]


def test_taking_a_case_makes_it_mine(store: Store) -> None:
    number = opened(store)
    ticket = store.take(number, "berta", LATER)
    assert (ticket.agent, ticket.status, ticket.updated_at) == ("berta", Status.assigned, LATER)
    event = last(store, number)
    assert (event.kind, event.actor, event.at) == ("taken", "berta", LATER)
    assert (event.before, event.after) == (
        {"agent": None, "status": "new"},
        {"agent": "berta", "status": "assigned"},
    )
    with pytest.raises(RefusedError, match="is with berta"):
        store.take(number, "carl", LATER)
    store.set_status(number, Status.waiting_grid, "berta", LATER)
    assert store.take(number, "berta", LATER).status is Status.waiting_grid


def test_a_closed_case_cannot_be_taken(store: Store) -> None:
    number = opened(store)
    store.close_ticket(number, "erledigt", "berta", NOW)
    with pytest.raises(RefusedError, match="'posteingang reopen 1' first"):
        store.take(number, "carl", NOW)


def test_a_note_stands_in_the_timeline_and_is_found(store: Store) -> None:
    number = opened(store)
    store.note(number, "Kundin ruft Donnerstag zurück.\x00", "berta", LATER)
    entry = store.ticket(number).entries[-1]
    assert (entry.kind, entry.author, entry.text) == ("note", "berta", "Kundin ruft Donnerstag zurück.�")
    assert (entry.message, entry.item_id, entry.received_at) == (None, None, LATER)
    assert [hit.ticket.id for hit in store.search("zurueck").hits] == [number]
    assert (last(store, number).kind, last(store, number).after) == ("note", {"entry": entry.id})
    with pytest.raises(RefusedError, match="needs words"):
        store.note(number, "  ", "berta", LATER)


def test_concerns_are_added_with_their_clocks_and_removed_with_them(store: Store, house: dict[str, Any]) -> None:
    number = opened(store, found("zaehlerstand"))
    assert store.ticket(number).ticket.safe_due is None
    ticket = store.add_concern(number, "kuendigung", "berta", LATER, **house)
    # From the receipt of the case, not from the day on which somebody noticed.
    assert (ticket.safe_due, ticket.concern) == (dt.date(2026, 1, 15), "zaehlerstand")
    store.add_concern(number, "kuendigung", "carl", LATER, **house)
    view = store.ticket(number)
    assert [(tag.concern, tag.origin) for tag in view.concerns] == [("zaehlerstand", "model"), ("kuendigung", "berta")]

    ticket = store.remove_concern(number, "kuendigung", "berta", LATER)
    view = store.ticket(number)
    assert (ticket.safe_due, view.deadlines, len(view.concerns)) == (None, (), 1)
    assert [event.kind for event in view.events] == ["opened", "concern_added", "concern_removed", "deadline_dropped"]


def test_concerns_that_cannot_be_are_refused_with_a_hint(store: Store, house: dict[str, Any]) -> None:
    number = opened(store)
    with pytest.raises(RefusedError, match="Did you mean kuendigung"):
        store.add_concern(number, "kündigung", "berta", NOW, **house)
    with pytest.raises(RefusedError, match="Known: abschlag, beschwerde"):
        store.make_primary(number, "xxxxx", "berta", NOW, **house)
    with pytest.raises(RefusedError, match="it has: abschlag"):
        store.remove_concern(number, "beschwerde", "berta", NOW)
    with pytest.raises(RefusedError, match="make another one primary first"):
        store.remove_concern(number, "abschlag", "berta", NOW)
    with pytest.raises(NotFoundError, match="no ticket #99"):
        store.take(99, "berta", NOW)


def test_a_corrected_concern_moves_the_case_to_its_queue(store: Store, house: dict[str, Any]) -> None:
    number = opened(store, found(None))
    ticket = store.make_primary(number, "beschwerde", "berta", LATER, **house)
    assert (ticket.concern, ticket.decided, ticket.confidence) == ("beschwerde", True, None)
    assert (ticket.queue, ticket.priority, ticket.status) == ("beschwerden", 2, Status.new)
    assert ticket.safe_due == dt.date(2026, 2, 5)
    assert last(store, number).before == {
        "concern": None,
        "decided": False,
        "queue": "klaerung",
        "priority": 3,
        "status": "clarification",
    }


def test_a_danger_keeps_its_priority_when_the_concern_is_corrected(store: Store, house: dict[str, Any]) -> None:
    number = opened(store, found(danger=ALARM))
    assert store.make_primary(number, "zaehlerstand", "berta", NOW, **house).priority == 0


def test_closing_meets_the_deadlines_and_reopening_lets_them_run_on(store: Store) -> None:
    number = opened(store, found("beschwerde"))
    ticket = store.close_ticket(number, "beantwortet", "berta", LATER)
    assert (ticket.status, ticket.closed_at, ticket.safe_due) == (Status.closed, LATER, None)
    assert store.ticket(number).deadlines[0].met_at == LATER
    assert last(store, number).after == {"status": "closed", "reason": "beantwortet"}
    with pytest.raises(RefusedError, match="A closed ticket cannot become closed"):
        store.close_ticket(number, "", "berta", LATER)

    ticket = store.reopen(number, "berta", LATER)
    assert (ticket.status, ticket.closed_at, ticket.safe_due) == (Status.new, None, dt.date(2026, 2, 5))
    with pytest.raises(RefusedError, match="is new, not closed"):
        store.reopen(number, "berta", LATER)


def test_an_alarm_must_be_acknowledged_by_name_before_it_can_be_closed(store: Store) -> None:
    number = opened(store, found(danger=ALARM))
    with pytest.raises(RefusedError, match="posteingang ack 1"):
        store.close_ticket(number, "", "berta", NOW)
    ticket = store.acknowledge(number, "berta", LATER)
    assert (ticket.acknowledged_by, ticket.acknowledged_at) == ("berta", LATER)
    with pytest.raises(RefusedError, match="berta has acknowledged"):
        store.acknowledge(number, "carl", LATER)
    with pytest.raises(RefusedError, match="no danger"):
        store.acknowledge(opened(store), "carl", LATER)
    assert store.close_ticket(number, "", "berta", LATER).status is Status.closed


def test_status_changes_follow_the_table(store: Store) -> None:
    number = opened(store)
    assert store.set_status(number, Status.waiting_grid, "berta", NOW).status is Status.waiting_grid
    assert store.set_status(number, Status.waiting_grid, "berta", NOW).status is Status.waiting_grid
    with pytest.raises(RefusedError, match="A waiting_grid ticket cannot become new"):
        store.set_status(number, Status.new, "berta", NOW)
    assert store.set_status(number, Status.duplicate, "berta", LATER).closed_at == LATER
    assert store.set_status(number, Status.in_progress, "berta", LATER).closed_at is None
    assert [event.kind for event in store.ticket(number).events] == ["opened", "status", "closed", "reopened"]


# Lists.


def test_lists_put_danger_first_then_the_nearest_deadline_then_priority_then_age(store: Store) -> None:
    late = opened(store, found("beschwerde"))
    soon = opened(store, found("abschlag"))
    none_low = opened(store, found("zaehlerstand"))
    none_normal = opened(store, found("sonstiges"))
    newer = opened(store, found("sonstiges"), at=LATER)
    check = opened(store, found("beschwerde", danger=CHECK))
    alarm = opened(store, found("beschwerde", danger=ALARM), at=LATER)
    seen = opened(store, found("zaehlerstand", danger=CHECK))
    store.acknowledge(seen, "berta", NOW)
    order = [alarm, check, soon, late, seen, none_normal, newer, none_low]
    assert [line.id for line in store.tickets().tickets] == order

    pages, after = [], ""
    while True:
        page = store.tickets(limit=3, after=after)
        pages.append([line.id for line in page.tickets])
        after = page.next
        if not after:
            break
    assert pages == [order[:3], order[3:6], order[6:]]
    with pytest.raises(RefusedError, match="no place in a list"):
        store.tickets(after="nonsense")


def test_filters_are_all_to_hold(store: Store, house: dict[str, Any]) -> None:
    first = opened(store, found("abschlag"))
    second = opened(store, found("kuendigung", danger=CHECK))
    third = filed(store, letter("Ich beschwere mich über die Straßenlaterne."), found("beschwerde")).ticket_id
    store.add_concern(third, "kuendigung", "berta", NOW, **house)
    store.take(second, "berta", NOW)
    store.close_ticket(first, "", "berta", NOW)

    def matching(**conditions: Any) -> list[int]:
        return sorted(line.id for line in store.tickets(TicketFilter(**conditions)).tickets)

    assert matching() == [second, third]
    assert matching(status=frozenset({Status.closed})) == [first]
    assert matching(status=frozenset(Status)) == [first, second, third]
    assert matching(queue="beschwerden") == [third]
    assert matching(concern="kuendigung") == [second, third]
    assert matching(agent="berta") == [second]
    assert matching(agent="") == [third]
    assert matching(channel=Channel.letter) == [third]
    assert matching(danger=True) == [second]
    assert matching(due_before=dt.date(2026, 1, 15)) == []
    assert matching(due_before=dt.date(2026, 1, 16)) == [second, third]
    assert matching(text="strassenlaterne") == [third]
    assert matching(text="strassenlaterne", agent="berta") == []


def test_deadlines_are_listed_by_their_safe_date(store: Store) -> None:
    complaint = opened(store, found("beschwerde", "abschlag"))
    closed = opened(store, found("abschlag"))
    store.close_ticket(closed, "", "berta", NOW)
    rows = store.deadlines()
    assert [(ticket.id, running.rule) for ticket, running in rows] == [
        (complaint, "abschlag.1"),
        (complaint, "beschwerde.1"),
    ]
    assert [running.rule for _, running in store.deadlines(dt.date(2026, 1, 31))] == ["abschlag.1"]


def test_overview_counts_what_is_open(store: Store) -> None:
    opened(store, found("abschlag"))
    opened(store, found("beschwerde", danger=ALARM))
    store.close_ticket(opened(store), "", "berta", NOW)
    counts = store.overview(dt.date(2026, 1, 10))
    assert counts.tickets == {Status.new: 2, Status.closed: 1}
    assert counts.queues == {"abrechnung": 1, "leitstelle": 1}
    # The alarm was due on the day of its receipt, the other is due on Tuesday.
    assert (counts.alarms, counts.overdue, counts.due_soon) == (1, 1, 1)


def test_a_ticket_can_be_printed_as_json(store: Store) -> None:
    number = opened(store, found("abschlag"))
    values = store.ticket(number).as_json()
    assert values["ticket"]["received_at"] == "2026-01-08T10:00:00+00:00"
    assert values["ticket"]["safe_due"] == "2026-01-13"
    assert values["entries"][0]["classification"]["primary"] == "abschlag"
    assert values["concerns"][0] == {
        "concern": "abschlag",
        "is_primary": True,
        "confidence": 0.9,
        "origin": "model",
    }


# Ten at once.


def _note_many(arguments: tuple[str, int]) -> None:
    url, agent = arguments
    with closing(Store(url)) as store:
        for number in range(5):
            store.note(1, f"Notiz {agent}.{number}", f"agent{agent}", NOW)
            store.set_status(1, Status.in_progress if number % 2 else Status.assigned, f"agent{agent}", NOW)


def _take_first(arguments: tuple[str, int]) -> list[int]:
    url, agent = arguments
    taken = []
    with closing(Store(url)) as store:
        for number in range(1, 9):
            try:
                taken.append(store.take(number, f"agent{agent}", NOW).id)
            except RefusedError:
                continue
    return taken


def test_ten_agents_writing_at_once_lose_nothing(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        number = opened(store)
        assert number == 1
    with multiprocessing.get_context("fork").Pool(10) as pool:
        pool.map(_note_many, [(database_url, agent) for agent in range(10)], chunksize=1)
    with closing(Store(database_url)) as store:
        view = store.ticket(number)
    notes = sorted(entry.text for entry in view.entries if entry.kind == "note")
    assert notes == sorted(f"Notiz {agent}.{n}" for agent in range(10) for n in range(5))
    # Each event starts where the one before it ended: no change was made on an outdated ticket.
    changes = [event for event in view.events if event.kind == "status"]
    status = "new"
    for event in changes:
        assert event.before == {"status": status}
        status = event.after["status"]
    assert view.ticket.status == status


def test_a_case_is_taken_by_exactly_one_of_ten(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        for _ in range(8):
            opened(store)
    with multiprocessing.get_context("fork").Pool(10) as pool:
        taken = pool.map(_take_first, [(database_url, agent) for agent in range(10)], chunksize=1)
    assert sorted(number for part in taken for number in part) == list(range(1, 9))
