"""One transaction from a message to its ticket: all of it or nothing, once or never."""

import datetime as dt
import multiprocessing
import os
import signal
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import event

from models.classification import Check, DangerLevel, Mention, Score
from models.errors import NotFoundError
from models.message import Address, Attachment, Channel, MachineKind, Message
from models.status import ItemState, Status
from tests.tickets.cases import (
    ALARM,
    ANNA,
    CHECK,
    NOW,
    accepted,
    file_item,
    filed,
    found,
    letter,
    mail,
)
from tickets.store import Store, TicketFilter
from tickets.views import ConcernView, EventView, LinkView, TicketView

DAY = dt.timedelta(days=1)
IBAN = Mention("iban", "DE02 1203 0000 0000 2020 51", "DE02120300000000202051", Check.valid, 9, 36)


def kinds(view: TicketView) -> list[str]:
    return [happened.kind for happened in view.events]


def events_of(view: TicketView, kind: str) -> list[EventView]:
    return [happened for happened in view.events if happened.kind == kind]


def test_a_message_becomes_a_ticket_with_all_that_was_found(store: Store) -> None:
    message = mail(
        subject="Abschlag senken",
        references=("old@kunde.example",),
        attachments=(Attachment("zähler.jpg", "image/jpeg", 10, "0" * 64, inline=False, text="Stand 4711"),),
    )
    classification = found("abschlag", "zaehlerstand", mentions=(IBAN,))
    result = filed(store, message, classification)
    assert (result.new, result.danger) == (True, None)
    view = store.ticket(result.ticket_id)
    ticket = view.ticket
    assert (ticket.status, ticket.concern, ticket.confidence, ticket.decided) == (Status.new, "abschlag", 0.9, True)
    assert (ticket.queue, ticket.priority, ticket.agent) == ("abrechnung", 3, None)
    assert (ticket.subject, ticket.customer_name, ticket.customer_address) == ("Abschlag senken", "Anna Schmidt", ANNA)
    assert (ticket.received_at, ticket.language, ticket.channel) == (NOW, "de", Channel.email)
    # Thursday and three business days.
    assert (ticket.safe_due, ticket.legal_due) == (dt.date(2026, 1, 13), dt.date(2026, 1, 13))
    (entry,) = view.entries
    assert (entry.message, entry.classification) == (message, classification)
    assert (entry.kind, entry.author, entry.message_id) == ("email", "Anna Schmidt", message.message_id)
    assert view.concerns == (
        ConcernView("abschlag", is_primary=True, confidence=0.9, origin="model"),
        ConcernView("zaehlerstand", is_primary=False, confidence=0.6, origin="model"),
    )
    assert [(mention.kind, mention.value, mention.check) for mention in view.mentions] == [
        ("iban", "DE02120300000000202051", Check.valid)
    ]
    assert [(running.rule, running.safe_due) for running in view.deadlines] == [("abschlag.1", dt.date(2026, 1, 13))]
    (opened,) = view.events
    assert (opened.kind, opened.actor, opened.item_id) == ("opened", "intake", entry.item_id)
    assert opened.after["queue"] == "abrechnung"
    assert entry.item_id is not None
    item = store.item(entry.item_id)
    assert (item.state, item.ticket_id, item.done_at) == (ItemState.filed, ticket.id, NOW)


def test_filing_twice_changes_nothing(store: Store) -> None:
    item_id, message = accepted(store), mail()
    first = file_item(store, item_id, message, found())
    before = store.ticket(first.ticket_id)
    second = file_item(store, item_id, message, found(), at=NOW + DAY)
    assert (second.ticket_id, second.new, second.danger) == (first.ticket_id, False, None)
    assert store.ticket(first.ticket_id) == before


def test_filing_what_was_never_accepted_is_refused(store: Store) -> None:
    with pytest.raises(NotFoundError):
        file_item(store, 99, mail(), found())


def test_a_suggestion_is_routed_like_a_decision_and_marked_as_one(store: Store) -> None:
    ticket = store.ticket(filed(store, mail(), found(decided=False)).ticket_id).ticket
    assert (ticket.status, ticket.concern, ticket.queue, ticket.decided) == (
        Status.new,
        "abschlag",
        "abrechnung",
        False,
    )


def test_what_nobody_could_decide_goes_to_clarification_with_its_ranking(store: Store) -> None:
    ranking = (Score("abschlag", 0.3), Score("kuendigung", 0.2))
    view = store.ticket(filed(store, mail(), found(None, ranking=ranking)).ticket_id)
    assert (view.ticket.status, view.ticket.concern) == (Status.clarification, None)
    assert (view.ticket.queue, view.ticket.priority) == ("klaerung", 3)
    assert view.concerns == ()
    assert view.entries[0].classification is not None
    assert view.entries[0].classification.ranking == ranking


def test_concern_of_an_older_taxonomy_stays_readable(store: Store) -> None:
    ticket = store.ticket(filed(store, mail(), found("abgeschafft")).ticket_id).ticket
    assert (ticket.concern, ticket.status, ticket.queue) == ("abgeschafft", Status.clarification, "klaerung")


def test_an_alarm_stands_above_everything_and_keeps_what_else_was_asked(store: Store) -> None:
    filed(store, mail(sender_address="x@y.example"), found("kuendigung"))
    result = filed(store, mail(), found("abschlag", danger=ALARM))
    assert result.danger is DangerLevel.alarm
    view = store.ticket(result.ticket_id)
    ticket = view.ticket
    assert (ticket.concern, ticket.queue, ticket.priority) == ("notfall_gefahr", "leitstelle", 0)
    assert (ticket.danger, ticket.danger_reason) == (DangerLevel.alarm, "Gasgeruch im Hausflur")
    assert [(tag.concern, tag.is_primary, tag.origin) for tag in view.concerns] == [
        ("notfall_gefahr", True, "danger"),
        ("abschlag", False, "model"),
    ]
    assert kinds(view) == ["opened", "danger"]
    assert store.tickets().tickets[0].id == ticket.id
    assert [line.id for line in store.alarms()] == [ticket.id]


def test_a_danger_to_check_keeps_its_concern_and_rises(store: Store) -> None:
    ticket = store.ticket(filed(store, mail(), found("abschlag", danger=CHECK)).ticket_id).ticket
    assert (ticket.concern, ticket.danger, ticket.priority) == ("abschlag", DangerLevel.check, 1)
    assert store.alarms() == ()


def test_danger_is_filed_even_where_no_model_took_part(store: Store) -> None:
    ticket = store.ticket(filed(store, mail(), found(None, danger=ALARM, ranking=())).ticket_id).ticket
    assert (ticket.concern, ticket.status) == ("notfall_gefahr", Status.new)


def test_a_letter_without_subject_is_called_by_its_first_words(store: Store) -> None:
    message = letter("\n\n  Kündigung meines Vertrags \nHiermit kündige ich …")
    assert store.ticket(filed(store, message).ticket_id).ticket.subject == "Kündigung meines Vertrags"


def test_what_no_database_takes_is_stored_all_the_same(store: Store) -> None:
    odd = "Zähler\x00stand \udcff 4711"
    message = mail(
        odd,
        subject=odd,
        message_id="a\x00b" * 600,
        in_reply_to="c\x00d",
        from_=Address(odd, "anna\x00@kunde.example"),
        to=(Address(odd, odd),),
    )
    classification = found("abschlag", danger=ALARM, mentions=(Mention("iban", odd, odd * 100, Check.invalid, 0, 3),))
    view = store.ticket(filed(store, message, classification).ticket_id)
    assert view.entries[0].text == "Zähler�stand � 4711"
    assert store.search("stand 4711").hits[0].ticket.id == view.ticket.id
    again = filed(store, mail(in_reply_to="a\x00b" * 600, from_=Address("", "anna\x00@kunde.example")), found())
    assert again.ticket_id == view.ticket.id


# Further messages on a ticket.


def reply(to: Message, text: str = "Und noch etwas zu meinem Schreiben von gestern.", **changes: Any) -> Message:
    values = {"in_reply_to": to.message_id, "references": (to.message_id,), "subject": f"Re: {to.subject}"}
    return mail(text, **{**values, **changes})


def test_a_reply_joins_with_its_mentions_and_further_concerns(store: Store) -> None:
    first = mail()
    opened = filed(store, first)
    joined = filed(store, reply(first), found("kuendigung", mentions=(IBAN,)), at=NOW + DAY)
    assert (joined.ticket_id, joined.new) == (opened.ticket_id, False)
    view = store.ticket(opened.ticket_id)
    assert [entry.received_at for entry in view.entries] == [NOW, NOW + DAY]
    # The first decision stands; the new concern is added with a clock of its own from its own receipt.
    assert [(tag.concern, tag.is_primary) for tag in view.concerns] == [("abschlag", True), ("kuendigung", False)]
    assert view.ticket.queue == "abrechnung"
    assert [(d.rule, d.starts_on) for d in view.deadlines] == [
        ("abschlag.1", dt.date(2026, 1, 8)),
        ("kuendigung.1", dt.date(2026, 1, 9)),
    ]
    assert len(view.mentions) == 1
    assert view.ticket.updated_at == NOW + DAY
    assert kinds(view) == ["opened", "message", "concern_added"]


def test_a_reply_decides_what_was_unclear(store: Store) -> None:
    first = mail()
    opened = filed(store, first, found(None))
    filed(store, reply(first), found("kuendigung"))
    view = store.ticket(opened.ticket_id)
    assert (view.ticket.concern, view.ticket.queue) == ("kuendigung", "vertragsservice")
    assert (view.ticket.status, view.ticket.decided) == (Status.new, True)
    assert [running.rule for running in view.deadlines] == ["kuendigung.1"]


def test_what_an_agent_decided_stays(store: Store, house: dict[str, Any]) -> None:
    first = mail()
    ticket_id = filed(store, first, found("abschlag", "zaehlerstand", decided=False)).ticket_id
    store.make_primary(ticket_id, "beschwerde", "berta", NOW, **house)
    store.remove_concern(ticket_id, "zaehlerstand", "berta", NOW)
    filed(store, reply(first), found("kuendigung", "zaehlerstand"))
    view = store.ticket(ticket_id)
    assert (view.ticket.concern, view.ticket.queue, view.ticket.decided) == ("beschwerde", "beschwerden", True)
    assert [(tag.concern, tag.origin) for tag in view.concerns] == [
        ("beschwerde", "berta"),
        ("abschlag", "model"),
        ("kuendigung", "model"),
    ]


def test_danger_in_a_later_mail_lifts_the_ticket(store: Store) -> None:
    first = mail()
    ticket_id = filed(store, first).ticket_id
    result = filed(store, reply(first), found(None, danger=ALARM), at=NOW + DAY)
    assert (result.ticket_id, result.danger) == (ticket_id, DangerLevel.alarm)
    view = store.ticket(ticket_id)
    assert (view.ticket.danger, view.ticket.priority, view.ticket.concern) == (DangerLevel.alarm, 0, "notfall_gefahr")
    assert view.ticket.queue == "leitstelle"
    assert events_of(view, "danger")[0].before == {"danger": None, "priority": 3, "acknowledged_by": None}


def test_a_new_danger_must_be_acknowledged_anew_and_leaves_the_agents_decision(
    store: Store, house: dict[str, Any]
) -> None:
    first = mail()
    ticket_id = filed(store, first, found(danger=CHECK)).ticket_id
    store.acknowledge(ticket_id, "berta", NOW)
    store.make_primary(ticket_id, "beschwerde", "berta", NOW, **house)
    filed(store, reply(first), found(None, danger=ALARM))
    view = store.ticket(ticket_id)
    assert (view.ticket.danger, view.ticket.acknowledged_by) == (DangerLevel.alarm, None)
    assert (view.ticket.concern, view.ticket.priority) == ("beschwerde", 0)
    assert "notfall_gefahr" in [tag.concern for tag in view.concerns]


@pytest.mark.parametrize("waiting", [Status.waiting_customer, Status.answered, Status.follow_up])
def test_an_answer_ends_the_waiting(store: Store, waiting: Status) -> None:
    first = mail()
    ticket_id = filed(store, first).ticket_id
    store.set_status(ticket_id, waiting, "berta", NOW)
    filed(store, reply(first))
    assert store.ticket(ticket_id).ticket.status is Status.new

    store.take(ticket_id, "berta", NOW)
    store.set_status(ticket_id, waiting, "berta", NOW)
    filed(store, reply(first))
    ticket = store.ticket(ticket_id).ticket
    assert (ticket.status, ticket.agent) == (Status.assigned, "berta")


def test_a_reply_reopens_what_was_closed_lately_and_its_clock_starts_anew(store: Store) -> None:
    first = mail()
    ticket_id = filed(store, first).ticket_id
    store.close_ticket(ticket_id, "erledigt", "berta", NOW)
    filed(store, reply(first), at=NOW + 30 * DAY)
    view = store.ticket(ticket_id)
    assert (view.ticket.status, view.ticket.closed_at) == (Status.new, None)
    assert [(d.starts_on, d.met_at) for d in view.deadlines] == [(dt.date(2026, 2, 7), None)]
    assert kinds(view) == ["opened", "closed", "message", "reopened", "deadline_restarted"]


def test_a_reply_to_what_was_closed_long_ago_opens_a_linked_ticket(store: Store) -> None:
    first = mail()
    old = filed(store, first).ticket_id
    store.close_ticket(old, "erledigt", "berta", NOW)
    result = filed(store, reply(first), at=NOW + 31 * DAY)
    assert result.new
    assert store.ticket(old).ticket.status is Status.closed
    assert store.ticket(result.ticket_id).links == (LinkView(old, "reply", "Abschlag", Status.closed),)
    assert store.ticket(old).links == (LinkView(result.ticket_id, "reply", "Re: Abschlag", Status.new),)


# Machines.


@pytest.mark.parametrize("machine", [MachineKind.auto_reply, MachineKind.report])
def test_an_auto_reply_with_a_thread_is_seen_there_and_wakes_nobody(store: Store, machine: MachineKind) -> None:
    first = mail()
    ticket_id = filed(store, first).ticket_id
    store.close_ticket(ticket_id, "erledigt", "berta", NOW)
    away = reply(first, machine=machine, sender_address="abwesend@kunde.example")
    result = filed(store, away, found("kuendigung"), at=NOW + 100 * DAY)
    assert (result.ticket_id, result.new) == (ticket_id, False)
    view = store.ticket(ticket_id)
    assert (view.ticket.status, len(view.entries)) == (Status.closed, 2)
    assert [tag.concern for tag in view.concerns] == ["abschlag"]
    assert events_of(view, "message")[0].after["machine"] == machine


@pytest.mark.parametrize("machine", [MachineKind.auto_reply, MachineKind.report])
def test_an_auto_reply_without_a_thread_opens_no_case_and_stays_visible(store: Store, machine: MachineKind) -> None:
    result = filed(store, mail(machine=machine), found("kuendigung"))
    view = store.ticket(result.ticket_id)
    assert (view.ticket.status, view.ticket.closed_at) == (Status.closed, NOW)
    assert (view.ticket.concern, view.ticket.safe_due, view.concerns, view.deadlines) == (None, None, (), ())
    assert events_of(view, "opened")[0].after["machine"] == machine
    assert store.tickets().tickets == ()
    assert [line.id for line in store.tickets(TicketFilter(frozenset({Status.closed}))).tickets] == [view.ticket.id]


def test_an_auto_reply_that_speaks_of_danger_is_a_case(store: Store) -> None:
    result = filed(store, mail(machine=MachineKind.auto_reply), found(None, danger=ALARM))
    assert store.ticket(result.ticket_id).ticket.status is Status.new


def test_a_bounce_finds_the_ticket_whose_mail_bounced_and_wakes_it(store: Store) -> None:
    first = mail()
    ticket_id = filed(store, first).ticket_id
    store.set_status(ticket_id, Status.answered, "berta", NOW)
    bounce = mail(
        "Delivery failed", machine=MachineKind.bounce, sender_address="mailer-daemon@mx.example",
        references=(first.message_id,), subject="Undelivered Mail",
    )  # fmt: skip
    assert filed(store, bounce, found("kuendigung")).ticket_id == ticket_id
    view = store.ticket(ticket_id)
    assert view.ticket.status is Status.new
    assert [tag.concern for tag in view.concerns] == ["abschlag"]


def test_a_bounce_of_nothing_we_know_is_for_clarification(store: Store) -> None:
    ticket = store.ticket(filed(store, mail(machine=MachineKind.bounce)).ticket_id).ticket
    assert (ticket.status, ticket.queue) == (Status.clarification, "klaerung")


@pytest.mark.parametrize(("machine", "status"), [(MachineKind.list, Status.new), (MachineKind.own, Status.answered)])
def test_a_customer_behind_a_mailing_list_is_heard_and_our_own_copy_is_not(
    store: Store, machine: MachineKind, status: Status
) -> None:
    first = mail()
    ticket_id = filed(store, first).ticket_id
    store.set_status(ticket_id, Status.answered, "berta", NOW)
    filed(store, reply(first, machine=machine))
    assert store.ticket(ticket_id).ticket.status is status


def test_a_newsletter_is_worked_on_last(store: Store) -> None:
    ticket = store.ticket(filed(store, mail(machine=MachineKind.list), found("kuendigung")).ticket_id).ticket
    assert (ticket.status, ticket.priority) == (Status.new, 4)


# Duplicates.


def test_the_same_wording_from_the_same_sender_is_proposed_as_a_duplicate(store: Store) -> None:
    first = filed(store, mail()).ticket_id
    by_mail = filed(store, mail(subject="Nochmals"), at=NOW + 13 * DAY)
    by_letter = filed(store, letter(), at=NOW + DAY)
    assert (by_mail.new, by_letter.new) == (True, True)
    assert [(link.ticket_id, link.reason) for link in store.ticket(by_mail.ticket_id).links] == [
        (first, "duplicate"),
        (by_letter.ticket_id, "duplicate"),
    ]


@pytest.mark.parametrize(
    ("message", "days"),
    [
        (mail(sender_address="bernd@kunde.example"), 1),
        (mail(), 15),
        (mail("Danke!"), 1),
        (mail(machine=MachineKind.list), 1),
    ],
    ids=["another sender", "long ago", "too short to tell", "a newsletter"],
)
def test_no_duplicate(store: Store, message: Message, days: int) -> None:
    filed(store, mail())
    filed(store, mail("Danke!"))
    result = filed(store, message, at=NOW + days * DAY)
    assert store.ticket(result.ticket_id).links == ()


# Cost, death, and others at the same time.


def test_a_mail_costs_at_most_25_statements(store: Store) -> None:
    statements: list[str] = []
    event.listen(store._engine, "before_cursor_execute", lambda *values: statements.append(values[2]))
    first = mail(references=tuple(f"r{n}@x.example" for n in range(50)))
    rich = found("beschwerde", "kuendigung", "abschlag", danger=CHECK, mentions=(IBAN,) * 40)
    new, joining = accepted(store), accepted(store)
    statements.clear()
    file_item(store, new, first, rich)
    opening = len(statements)
    statements.clear()
    file_item(store, joining, reply(first, "Hallo", subject="Re: [PE-1] x"), rich)
    assert max(opening, len(statements)) <= 25


def _file_and_die(url: str, item_id: int, after: int) -> None:
    """File, and be killed before the statement with this number."""
    store = Store(url)
    left = after

    def count(*_values: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(store._engine, "before_cursor_execute", count)
    event.listen(store._engine, "commit", count)
    file_item(store, item_id, _MESSAGE, _RICH)


_MESSAGE = mail(subject="Re: [PE-1] Abschlag", references=("x@y.example",))
_RICH = found("beschwerde", "abschlag", danger=ALARM, mentions=(IBAN,))


def test_a_kill_between_any_two_statements_leaves_nothing_half(database_url: str) -> None:
    context = multiprocessing.get_context("fork")
    with closing(Store(database_url)) as store:
        item_id = accepted(store)
    exit_codes: list[int | None] = []
    while 0 not in exit_codes:
        child = context.Process(target=_file_and_die, args=(database_url, item_id, len(exit_codes)))
        child.start()
        child.join()
        exit_codes.append(child.exitcode)
        with closing(Store(database_url)) as store:
            done = child.exitcode == 0
            assert store.item(item_id).state is (ItemState.filed if done else ItemState.accepted)
            assert len(store.tickets().tickets) == done
            assert store.unaccounted() == ()
            assert len(store.search("abschlag").hits) == done
    assert set(exit_codes) == {0, -signal.SIGKILL}
    assert len(exit_codes) > 10
    with closing(Store(database_url)) as store:
        view = store.ticket(store.tickets().tickets[0].id)
        assert (len(view.entries), len(view.concerns), len(view.mentions), kinds(view)) == (
            1,
            3,
            1,
            ["opened", "danger"],
        )


def _file_part(arguments: tuple[str, list[tuple[int, Message]]]) -> list[int]:
    url, part = arguments
    with closing(Store(url)) as store:
        return [file_item(store, item_id, message, found()).ticket_id for item_id, message in part]


def test_replies_filed_at_once_by_several_processes_make_one_ticket_a_thread(database_url: str) -> None:
    threads = []
    for number in range(8):
        root = mail(subject=f"Thema {number}")
        threads.append([root, *(reply(root, f"Antwort {n} zu {number}") for n in range(3))])
    with closing(Store(database_url)) as store:
        numbered = [[(accepted(store), message) for message in thread] for thread in threads]
    # Each process gets one message of every thread, all at once, the replies too.
    parts = [(database_url, [thread[place] for thread in numbered]) for place in range(4)]
    with multiprocessing.get_context("fork").Pool(4) as pool:
        tickets = pool.map(_file_part, parts)
    assert [len(set(thread)) for thread in zip(*tickets, strict=True)] == [1] * 8


def test_one_item_filed_by_several_processes_is_filed_once(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        work = [(accepted(store), mail(f"Nummer {n}")) for n in range(10)]
    with multiprocessing.get_context("fork").Pool(3) as pool:
        tickets = pool.map(_file_part, [(database_url, work)] * 3)
    assert tickets[0] == tickets[1] == tickets[2]
    with closing(Store(database_url)) as store:
        assert len(store.tickets().tickets) == 10
