"""Which case a message belongs to: by its thread, by a ticket number in the subject, and never against its sender."""

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from models.message import Address, Channel, MachineKind, Message
from models.status import OPEN
from models.tables import Entry, ThreadId, Ticket
from tickets.rows import storable
from tickets.search import fold

SHORTEST_FINGERPRINT = 40
"""Characters, folded: "Danke!" twice is no duplicate."""
MOST_REFERENCES = 30
"""Of References, the first (the thread's root) and the last count; long threads carry hundreds."""
LONGEST_ID = 998
"""RFC 5322, 2.1.1: a line has no more characters."""

# Without brackets it would find PE 100, the polyethylene of gas pipes.
_TOKEN = re.compile(r"[\[(【]\s*PE\s*[-‐‑–—_:# ]?\s*(\d{1,15})\s*[\])】]", re.IGNORECASE)
_FORWARD = re.compile(
    r"^\s*(?:\[[^\]]*\]\s*)?(?:wg|wtr|fw|fwd|tr|enc|i̇lt|ilt)\s*(?:\[\d+\]|\(\d+\))?\s*:", re.IGNORECASE
)

_ANSWERS_US: frozenset[MachineKind] = frozenset(
    {MachineKind.auto_reply, MachineKind.bounce, MachineKind.report, MachineKind.own}
)
"""Machines that answer a mail of ours from whatever address they have; References proves enough."""


@dataclass(frozen=True, slots=True)
class Match:
    """Where a message belongs."""

    ticket: Ticket | None = None
    """Locked for the transaction; None for a case of its own."""
    reason: str = ""
    """``thread`` or ``number``."""
    links: tuple[tuple[int, str], ...] = ()
    """Tickets that a new case is linked to, and why."""


def token(ticket_id: int) -> str:
    """The ticket's number as it stands in the subject of what we send.

    >>> token(4711)
    '[PE-4711]'
    """
    return f"[PE-{ticket_id}]"


def quoted_numbers(subject: str) -> tuple[int, ...]:
    """Ticket numbers in a subject, however mail programs have treated the token.

    >>> quoted_numbers("AW: (pe – 4711) Rohr PE 100")
    (4711,)
    """
    return tuple(dict.fromkeys(int(digits) for digits in _TOKEN.findall(subject)))


def is_forward(subject: str) -> bool:
    """Whether the outermost prefix says that the sender passes on something: a new matter.

    >>> is_forward("WG: Rechnung"), is_forward("AW: WG: Rechnung")
    (True, False)
    """
    return _FORWARD.match(subject) is not None


def correspondent(message: Message) -> Address:
    """Who wants something of us: From, else whom answers go to, else Sender; the address in lower case."""
    address = message.from_ or next(iter(message.reply_to), None) or message.sender or Address("", "")
    return Address(storable(address.name.strip()), storable(address.address.strip().lower()))


def thread_ids(message: Message) -> tuple[str, ...]:
    """The Message-IDs that the message refers to, nearest first."""
    references = message.references
    if len(references) > MOST_REFERENCES:
        references = references[:1] + references[1 - MOST_REFERENCES :]
    found = (message.in_reply_to, *reversed(references))
    return tuple(dict.fromkeys(storable(reference, LONGEST_ID) for reference in found if reference))


def own_id(message: Message) -> str:
    """The message's own Message-ID as it is stored; empty for letters."""
    return storable(message.message_id, LONGEST_ID)


def fingerprint(message: Message) -> str:
    """What is the same in two copies of one mail; empty where too little is said."""
    folded = fold(message.text or message.full_text).replace(" ", "")
    return hashlib.sha256(folded.encode("utf-8", "replace")).hexdigest() if len(folded) >= SHORTEST_FINGERPRINT else ""


def lock_thread(session: Session, message: Message) -> None:
    """Let nobody else file into the same thread until this transaction ends, so that it gets one ticket, not two.

    SQLite has one writer anyway.
    """
    names = {*thread_ids(message), own_id(message), f"text:{fingerprint(message)}"} - {"", "text:"}
    if session.get_bind().dialect.name == "sqlite" or not names:
        return
    # In one order for everybody, against deadlocks.
    keys = sorted(
        int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:8], signed=True) for name in names
    )
    session.connection().execute(
        text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key"), {"keys": keys}
    )


def find(session: Session, message: Message, received_at: dt.datetime, reopen_days: int) -> Match:
    """Find the case that a message belongs to.

    Args:
        session: the transaction that files the message; ``lock_thread`` has been called in it.
        message: the message.
        received_at: its receipt, aware.
        reopen_days: how long after closing a case still takes replies.
    """
    by_thread = _by_thread(session, message)
    by_number = [number for number in quoted_numbers(message.subject) if number not in by_thread]
    candidates = _locked(session, [*by_thread, *by_number])
    forward = is_forward(message.subject)
    people = _participants(session, candidates)
    links: list[tuple[int, str]] = []
    for number in (*by_thread, *by_number):
        ticket = candidates.get(number)
        if ticket is None:
            continue
        threaded = number in by_thread
        if forward or not _belongs(message, ticket, people.get(number, frozenset()), threaded=threaded):
            links.append((number, "same_thread" if threaded else "quoted_number"))
        elif _takes(message, ticket, received_at, reopen_days):
            return Match(ticket, "thread" if threaded else "number")
        else:
            links.append((number, "reply"))
    return Match(links=tuple(links))


def _by_thread(session: Session, message: Message) -> tuple[int, ...]:
    """Tickets of the message's thread, the nearest first: what it answers, what answers it, what answers the same."""
    own, own_mark = own_id(message), fingerprint(message)
    wanted = [name for name in (*thread_ids(message), own) if name]
    if not wanted:
        return ()
    rows = session.exec(
        select(ThreadId.message_id, ThreadId.own, Entry.ticket_id, Entry.fingerprint)
        .join(Entry, col(ThreadId.entry_id) == col(Entry.id))
        .where(col(ThreadId.message_id).in_(wanted))
        .order_by(col(ThreadId.id))
        .limit(500)
    ).all()
    ranked = sorted(
        (wanted.index(name), not is_own, ticket_id)
        for name, is_own, ticket_id, mark in rows
        # Some programs give every mail the same Message-ID: it is the same mail only if it says the same.
        if not (name == own and is_own) or mark == own_mark
    )
    return tuple(dict.fromkeys(ticket_id for _, _, ticket_id in ranked))


def _locked(session: Session, numbers: Sequence[int]) -> dict[int, Ticket]:
    if not numbers:
        return {}
    wanted = select(Ticket).where(col(Ticket.id).in_(numbers)).order_by(col(Ticket.id)).with_for_update()
    return {ticket.id: ticket for ticket in session.exec(wanted) if ticket.id is not None}


def _participants(session: Session, tickets: Iterable[int]) -> Mapping[int, frozenset[str]]:
    """The addresses of everybody who wrote to a ticket or whom a writer took in."""
    numbers = list(tickets)
    if not numbers:
        return {}
    people: dict[int, set[str]] = {number: set() for number in numbers}
    message = col(Entry.message)
    written = select(Entry.ticket_id, Entry.address, message["to"], message["cc"]).where(
        col(Entry.ticket_id).in_(numbers), col(Entry.machine).is_(None), Entry.kind == Channel.email.value
    )
    for ticket_id, address, *taken_in in session.exec(written):
        people[ticket_id].add(address)
        people[ticket_id].update(_addresses(taken_in))
    return {number: frozenset(found - {""}) for number, found in people.items()}


def _addresses(lists: Iterable[list[dict[str, Any]] | None]) -> set[str]:
    return {str(address["address"]).lower() for addresses in lists for address in addresses or ()}


def _belongs(message: Message, ticket: Ticket, people: frozenset[str], *, threaded: bool) -> bool:
    """Whether the sender may write into this ticket: a stranger never gets a place in another customer's."""
    if threaded and message.machine is not None and message.machine.kind in _ANSWERS_US:
        return True
    sender = correspondent(message)
    if sender.address:
        return sender.address == ticket.customer_address or sender.address in people
    # A letter that quotes the number and bears the name of the ticket's customer.
    return bool(sender.name) and fold(sender.name) == fold(ticket.customer_name)


def _takes(message: Message, ticket: Ticket, received_at: dt.datetime, reopen_days: int) -> bool:
    """Whether the ticket is open, or was closed so lately that a message still belongs to it."""
    answers_us = message.machine is not None and message.machine.kind in _ANSWERS_US
    if ticket.status in OPEN or ticket.closed_at is None or answers_us:
        return True
    return received_at <= ticket.closed_at + dt.timedelta(days=reopen_days)
