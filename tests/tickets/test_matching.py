"""Which case a message belongs to, and that a stranger never gets a place in another customer's."""

import datetime as dt
from typing import Any

import pytest

from models.message import Address, MachineKind, Message
from models.status import Status
from tests.tickets.cases import ANNA, NOW, filed, letter, mail
from tickets.matching import MOST_REFERENCES, is_forward, quoted_numbers, thread_ids, token
from tickets.store import Store

STRANGER = "boese@fremd.example"


def links(store: Store, ticket_id: int) -> list[tuple[int, str]]:
    return [(link.ticket_id, link.reason) for link in store.ticket(ticket_id).links]


def other(**changes: Any) -> Message:
    """A mail with other words, so that nothing but the thread can match."""
    return mail("Hier kommt etwas ganz anderes, das noch niemand geschrieben hat, in eigenen Worten.", **changes)


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        ("Re: [PE-4711] Abschlag", (4711,)),
        ("AW: [pe 4711]", (4711,)),
        ("AW: (PE–4711)", (4711,)),
        ("[ PE - 4711 ]", (4711,)),
        ("[PE_4711] [PE-4711] [PE-12]", (4711, 12)),
        ("【PE‑4711】", (4711,)),
        ("[PE#4711]", (4711,)),
        ("Gasleitung PE 100, PE-80 und PEHD", ()),
        ("[PE-]", ()),
        ("[APE-12]", ()),
        ("[PE-12345678901234567890]", ()),
        ("4711", ()),
    ],
)
def test_ticket_numbers_are_read_however_mail_programs_treat_them(subject: str, numbers: tuple[int, ...]) -> None:
    assert quoted_numbers(subject) == numbers


def test_our_own_token_is_read_back() -> None:
    assert quoted_numbers(f"AW: {token(123456)} Ihre Anfrage") == (123456,)


@pytest.mark.parametrize(
    ("subject", "forward"),
    [
        ("WG: Rechnung", True),
        ("Fwd: Rechnung", True),
        ("FW: [PE-12] Rechnung", True),
        ("[extern] WG: Rechnung", True),
        ("TR: facture", True),
        ("AW: WG: Rechnung", False),
        ("Re: Fwd: Rechnung", False),
        ("WG-Zimmer: Strom anmelden", False),
        ("Rechnung", False),
    ],
)
def test_the_outermost_prefix_tells_a_forward(subject: str, forward: bool) -> None:
    assert is_forward(subject) is forward


def test_of_long_references_root_and_latest_count() -> None:
    names = tuple(f"{n}@x" for n in range(200))
    message = mail(references=names, in_reply_to="199@x")
    assert thread_ids(message) == (*reversed(names[-MOST_REFERENCES + 1 :]), "0@x")


def test_reply_and_later_reply_to_the_reply_stay_together(store: Store) -> None:
    first = mail()
    second = other(in_reply_to=first.message_id)
    third = other(in_reply_to=second.message_id, references=(first.message_id, second.message_id))
    assert {filed(store, message).ticket_id for message in (first, second, third)} == {1}


def test_a_reply_that_arrives_before_its_original_is_found_by_it(store: Store) -> None:
    first = mail()
    assert filed(store, other(in_reply_to=first.message_id)).ticket_id == 1
    assert filed(store, first).ticket_id == 1


def test_two_replies_to_a_mail_that_we_never_saw_are_one_case(store: Store) -> None:
    ours = "gesendet@stadtwerke.example"
    assert filed(store, mail(in_reply_to=ours)).ticket_id == 1
    assert filed(store, other(in_reply_to="x@kunde.example", references=(ours, "x@kunde.example"))).ticket_id == 1


def test_the_number_in_the_subject_is_enough_for_the_customer(store: Store) -> None:
    filed(store, mail())
    result = filed(store, other(subject="Noch etwas zu [PE-1]", sender_address="Anna@KUNDE.example"))
    assert (result.ticket_id, result.new) == (1, False)


def test_a_number_that_does_not_exist_opens_a_case(store: Store) -> None:
    assert filed(store, other(subject="[PE-999999]")).new


def test_a_stranger_who_quotes_a_number_gets_a_linked_ticket_of_his_own(store: Store) -> None:
    filed(store, mail())
    result = filed(store, other(subject="Re: [PE-1] Abschlag", sender_address=STRANGER))
    assert result.new
    assert links(store, result.ticket_id) == [(1, "quoted_number")]
    assert len(store.ticket(1).entries) == 1


def test_a_stranger_who_knows_the_message_id_gets_a_linked_ticket_of_his_own(store: Store) -> None:
    first = mail()
    filed(store, first)
    result = filed(store, other(in_reply_to=first.message_id, sender_address=STRANGER))
    assert links(store, result.ticket_id) == [(1, "same_thread")]
    # And what he wrote there makes him no participant of the first.
    assert filed(store, other(subject="[PE-1]", sender_address=STRANGER)).new


def test_whom_the_customer_took_in_belongs_to_the_case(store: Store) -> None:
    first = mail(cc=(Address("Bernd", "Bernd@Kunde.example"),))
    filed(store, first)
    assert filed(store, other(in_reply_to=first.message_id, sender_address="bernd@kunde.example")).ticket_id == 1


def test_an_automatic_answer_takes_nobody_in(store: Store) -> None:
    first = mail()
    filed(store, first)
    away = other(in_reply_to=first.message_id, machine=MachineKind.auto_reply, sender_address=STRANGER)
    assert filed(store, away).ticket_id == 1
    assert filed(store, other(subject="[PE-1]", sender_address=STRANGER)).new


def test_a_machine_with_a_quoted_number_alone_is_a_stranger_like_others(store: Store) -> None:
    filed(store, mail())
    assert filed(store, other(subject="[PE-1]", machine=MachineKind.auto_reply, sender_address=STRANGER)).new


@pytest.mark.parametrize("subject", ["WG: Abschlag", "Fwd: [PE-1] Abschlag"])
def test_a_forward_is_a_new_matter_linked_to_where_it_came_from(store: Store, subject: str) -> None:
    first = mail()
    filed(store, first)
    result = filed(store, other(subject=subject, references=(first.message_id,)))
    assert result.new
    assert links(store, result.ticket_id) == [(1, "same_thread")]


def test_the_same_mail_in_two_mailboxes_is_one_ticket(store: Store) -> None:
    # Delivered-To differs, so the bytes do; Message-ID, sender and text do not.
    message = mail()
    assert [filed(store, message).ticket_id for _ in range(2)] == [1, 1]
    assert len(store.ticket(1).entries) == 2


def test_a_program_that_gives_every_mail_the_same_message_id_mixes_nothing(store: Store) -> None:
    assert filed(store, mail(message_id="1@localhost")).ticket_id == 1
    assert filed(store, other(message_id="1@localhost")).ticket_id == 2
    assert filed(store, other(message_id="1@localhost", sender_address=STRANGER)).ticket_id == 3


def test_a_letter_that_quotes_the_number_needs_the_customers_name(store: Store) -> None:
    filed(store, mail())
    same = letter("Zu Ihrem Zeichen", subject="Ihr Zeichen [PE-1]", from_=Address("ANNA SCHMIDT", ""))
    assert filed(store, same).ticket_id == 1
    nameless = letter("Zu Ihrem Zeichen", subject="Ihr Zeichen [PE-1]", from_=None)
    result = filed(store, nameless)
    assert links(store, result.ticket_id) == [(1, "quoted_number")]


def test_the_thread_counts_more_than_the_number(store: Store) -> None:
    first, second = mail(), other()
    filed(store, first)
    filed(store, second)
    assert filed(store, other(in_reply_to=second.message_id, subject="[PE-1]")).ticket_id == 2


def test_a_message_without_sender_belongs_to_nobody(store: Store) -> None:
    first = mail()
    filed(store, first)
    result = filed(store, other(in_reply_to=first.message_id, from_=None))
    assert result.new
    assert store.ticket(result.ticket_id).ticket.customer_address == ""


def test_answers_go_to_reply_to_where_there_is_no_from(store: Store) -> None:
    result = filed(store, mail(from_=None, reply_to=(Address("Anna", ANNA),)))
    assert store.ticket(result.ticket_id).ticket.customer_address == ANNA


def test_a_duplicate_ticket_takes_a_late_reply_like_a_closed_one(store: Store) -> None:
    first = mail()
    filed(store, first)
    store.set_status(1, Status.duplicate, "berta", NOW)
    late = filed(store, other(in_reply_to=first.message_id), at=NOW + dt.timedelta(days=60))
    assert links(store, late.ticket_id) == [(1, "reply")]
    assert filed(store, other(in_reply_to=first.message_id)).ticket_id == 1
    assert store.ticket(1).ticket.status is Status.new


OUTLOOK = "thread-index:0101dab2c3d4e5f60718293a4b5c6d7e8f9001122334"


def test_an_answer_of_outlook_without_references_is_found_by_its_thread_index(store: Store) -> None:
    filed(store, mail(references=(OUTLOOK,)))
    assert filed(store, other(references=(OUTLOOK,))).ticket_id == 1
    stranger = filed(store, other(references=(OUTLOOK,), sender_address=STRANGER))
    assert links(store, stranger.ticket_id) == [(1, "same_thread")]


def test_what_is_answered_counts_more_than_the_thread_index(store: Store) -> None:
    first, second = mail(references=(OUTLOOK,)), other()
    filed(store, first)
    filed(store, second)
    assert filed(store, other(references=(OUTLOOK, second.message_id))).ticket_id == 2


def test_a_bounce_finds_the_ticket_by_the_mail_that_ours_answered(store: Store) -> None:
    first = mail()
    filed(store, first)
    ours = "antwort-17@stadtwerke.example"
    bounce = other(
        references=(first.message_id, ours), machine=MachineKind.bounce, sender_address="mailer-daemon@mx.example"
    )
    assert filed(store, bounce).ticket_id == 1
