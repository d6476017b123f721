"""The database as the rest of the program sees it: short methods, one transaction each, frozen values out.

The only module that opens a session. What happens inside a transaction stands in the modules it delegates to.
"""

import datetime as dt
from collections.abc import Callable
from functools import cached_property, partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from models.classification import Classification, Taxonomy
from models.config import Threads
from models.message import Channel, Message, RawItem, Stored
from models.status import ItemState, Status
from models.tables import Ticket
from tickets import database, desk, filing, intake, lists
from tickets.audit import By
from tickets.clocks import House
from tickets.due import Calendar
from tickets.views import (
    ClaimedItem,
    Counts,
    DeadlineView,
    Filed,
    HitPage,
    ItemView,
    SourceDay,
    TicketFilter,
    TicketPage,
    TicketSummary,
    TicketView,
)

__all__ = ["ClaimedItem", "Filed", "Store", "TicketFilter", "migrate"]

TRIES = 5
"""How often a transaction is run that another one was in the way of."""

_T = TypeVar("_T")
_BERLIN = ZoneInfo("Europe/Berlin")
_ALL = TicketFilter()


def migrate(url: str) -> str:
    """Create the database's tables, or bring them to this version's revision; gives the revision.

    Raises:
        ConfigError: if the database cannot be created or was written by a newer version.
        TemporaryError: if it is unreachable.
    """
    # Nothing else may cost the time that importing Alembic takes.
    from tickets.migrations.upgrade import upgrade

    parsed = database.parse_url(url)
    if parsed.drivername == "sqlite":
        database.create_file(parsed)
    engine = database.open_engine(parsed)
    try:
        with database.errors_explained(parsed), engine.begin() as connection:
            upgrade(connection)
            return database.revision(connection)
    finally:
        engine.dispose()


class Store:
    """Items, tickets and their history. May be used by several threads; every process opens its own."""

    def __init__(self, url: str, *, zone: dt.tzinfo = _BERLIN, threads: Threads = Threads()) -> None:  # noqa: B008 - frozen
        """Connect to nothing yet.

        Args:
            url: as SQLAlchemy writes it; SQLite or PostgreSQL.
            zone: where the house's days begin and end.
            threads: how long a closed case takes replies.

        Raises:
            ConfigError: if the URL is wrong or its driver is missing.
        """
        self._url = database.parse_url(url)
        self._engine = database.open_engine(self._url)
        self._reader = database.for_reading(self._engine)
        self._zone = zone
        self._threads = threads
        self._checked = False

    @cached_property
    def description(self) -> str:
        """The database and where it is, without its password."""
        return self._url.render_as_string(hide_password=True)

    def check(self) -> None:
        """Make sure that the database is there and has our schema.

        Raises:
            TemporaryError: if it is unreachable.
            ConfigError: if it is missing or has another revision.
        """
        self._checked = False
        self._read(lambda _session: None)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    # Intake: from a source to an item on its way.

    def known(self, source: str, place: intake.Place) -> frozenset[tuple[int, str]]:
        """(uid, name) of everything that was accepted before from this place of this source."""
        return self._read(lambda session: intake.known(session, source, place))

    def accept(self, raw: RawItem, stored: Stored, *, now: dt.datetime) -> bool:
        """Take over an item whose bytes lie in the archive; True if the bytes are new. Again changes nothing."""
        return self._write(lambda session: intake.accept(session, raw, stored, now))

    def record_run(
        self, source: str, received: intake.Received, *, started_at: dt.datetime, ended_at: dt.datetime
    ) -> None:
        """Remember how a source was read."""
        self._write(
            lambda session: intake.record_run(session, source, received, started_at=started_at, ended_at=ended_at)
        )

    def claim(
        self, now: dt.datetime, lease: dt.timedelta, channel: Channel | None = None, *, owner: str = ""
    ) -> ClaimedItem | None:
        """The next accepted item, mails before letters; nobody else gets it until ``now + lease``."""
        return self._write(lambda session: intake.claim(session, now, lease, owner, channel))

    def claim_item(self, item_id: int, now: dt.datetime, lease: dt.timedelta, *, owner: str = "") -> ClaimedItem | None:
        """This item; None if it is done or another process works on it. Raises NotFoundError."""
        return self._write(lambda session: intake.claim_item(session, item_id, now, lease, owner))

    def release(self, item_id: int) -> None:
        """Give a claimed item back that could not be worked on for reasons that are not its own."""
        self._write(lambda session: intake.release(session, item_id))

    def release_owned(self, owner: str) -> None:
        """Give back everything that a process held that is dead."""
        self._write(lambda session: intake.release_owned(session, owner))

    def file(
        self,
        item_id: int,
        message: Message,
        classification: Classification,
        *,
        taxonomy: Taxonomy,
        calendar: Calendar,
        now: dt.datetime,
    ) -> Filed:
        """File an item's message on its ticket, or on a new one; twice changes nothing.

        Raises:
            NotFoundError: if there is no such item.
            RefusedError: if a person decided to ignore it.
        """
        house = self._house(taxonomy, calendar)
        return self._write(lambda session: filing.file(session, item_id, message, classification, house, now))

    def set_aside(self, item_id: int, reason: str, message: str, detail: str, now: dt.datetime) -> bool:
        """Put an item into quarantine, with a slug, a sentence and a traceback; False if it is done already."""
        return self._write(lambda session: intake.set_aside(session, item_id, (reason, message, detail), now))

    def ignore(self, item_id: int, reason: str, who: str, now: dt.datetime) -> None:
        """A person decides that an item of the quarantine is nothing for us. Raises NotFoundError, RefusedError."""
        self._write(lambda session: intake.ignore(session, item_id, reason, By(who, now)))

    def retry(self, item_id: int, who: str, now: dt.datetime) -> None:
        """Put an item of the quarantine back on its way. Raises NotFoundError, RefusedError."""
        self._write(lambda session: intake.retry(session, item_id, By(who, now)))

    def quarantine(self, state: ItemState = ItemState.set_aside) -> tuple[ItemView, ...]:
        """What was set aside, oldest first, or the items in another state."""
        return self._read(lambda session: intake.items(session, state))

    def item(self, item_id: int) -> ItemView:
        """One item and where it was seen. Raises NotFoundError."""
        return self._read(lambda session: intake.item(session, item_id))

    # State and proof.

    def waiting(self) -> int:
        """How many items are accepted and neither filed, set aside nor ignored."""
        return self._read(lists.waiting)

    def overview(self, today: dt.date) -> Counts:
        """What waits, what was set aside, tickets by state and queue, alarms, deadlines, last runs."""
        return self._read(lambda session: lists.overview(session, today))

    def journal(self) -> tuple[SourceDay, ...]:
        """What every source brought on every day, and what became of it."""
        return self._read(lambda session: lists.journal(session, self._zone))

    def digests(self) -> frozenset[str]:
        """The SHA-256 of every item: what the archive must have."""
        return self._read(lambda session: frozenset(intake.digests(session)))

    def unaccounted(self) -> tuple[int, ...]:
        """Items whose state and tickets disagree; none, or something is wrong."""
        return self._read(lists.unaccounted)

    # The desk.

    def tickets(self, wanted: TicketFilter = _ALL, *, limit: int = 50, after: str = "") -> TicketPage:
        """A page of tickets, dangers first, then by safe date, priority, receipt. Raises RefusedError."""
        return self._read(lambda session: lists.tickets(session, wanted, limit, after))

    def search(self, query: str, wanted: TicketFilter = _ALL, *, limit: int = 20, after: str = "") -> HitPage:
        """A page of tickets with all terms of the query, closed ones too, latest first. Raises RefusedError."""
        return self._read(lambda session: lists.find(session, query, wanted, limit, after))

    def ticket(self, ticket_id: int) -> TicketView:
        """All of a ticket. Raises NotFoundError."""
        return self._read(lambda session: lists.ticket(session, ticket_id))

    def alarms(self) -> tuple[TicketSummary, ...]:
        """Open tickets with an alarm that nobody has acknowledged."""
        return self._read(lists.alarms)

    def deadlines(
        self, until: dt.date | None = None, *, limit: int = 200
    ) -> tuple[tuple[TicketSummary, DeadlineView], ...]:
        """Running periods of open tickets, the earliest safe date first."""
        return self._read(lambda session: lists.deadlines(session, until, limit))

    def take(self, ticket_id: int, who: str, now: dt.datetime) -> TicketSummary:
        """The agent makes the case his own."""
        return self._change(ticket_id, partial(desk.take, by=By(who, now)))

    def note(self, ticket_id: int, text: str, who: str, now: dt.datetime) -> TicketSummary:
        """Add a note."""
        return self._change(ticket_id, partial(desk.note, text=text, by=By(who, now)))

    def add_concern(
        self, ticket_id: int, concern: str, who: str, now: dt.datetime, *, taxonomy: Taxonomy, calendar: Calendar
    ) -> TicketSummary:
        """Add a further concern and its periods."""
        house = self._house(taxonomy, calendar)
        return self._change(ticket_id, partial(desk.add_concern, concern=concern, house=house, by=By(who, now)))

    def remove_concern(self, ticket_id: int, concern: str, who: str, now: dt.datetime) -> TicketSummary:
        """Take a further concern off, and its running periods."""
        return self._change(ticket_id, partial(desk.remove_concern, concern=concern, by=By(who, now)))

    def make_primary(
        self, ticket_id: int, concern: str, who: str, now: dt.datetime, *, taxonomy: Taxonomy, calendar: Calendar
    ) -> TicketSummary:
        """Decide what the case is about."""
        house = self._house(taxonomy, calendar)
        return self._change(ticket_id, partial(desk.make_primary, concern=concern, house=house, by=By(who, now)))

    def close_ticket(self, ticket_id: int, reason: str, who: str, now: dt.datetime) -> TicketSummary:
        """End the case; its periods are met."""
        return self._change(ticket_id, partial(desk.close, reason=reason, by=By(who, now)))

    def reopen(self, ticket_id: int, who: str, now: dt.datetime) -> TicketSummary:
        """Take up a closed case again."""
        return self._change(ticket_id, partial(desk.reopen, by=By(who, now)))

    def set_status(self, ticket_id: int, status: Status, who: str, now: dt.datetime) -> TicketSummary:
        """Put a case into another state."""
        return self._change(ticket_id, partial(desk.set_status, status=status, by=By(who, now)))

    def acknowledge(self, ticket_id: int, who: str, now: dt.datetime) -> TicketSummary:
        """Say by name that a person acts on the danger."""
        return self._change(ticket_id, partial(desk.acknowledge, by=By(who, now)))

    # Transactions.

    def _house(self, taxonomy: Taxonomy, calendar: Calendar) -> House:
        return House(taxonomy, calendar, self._zone, self._threads.reopen_days)

    def _change(self, ticket_id: int, operation: Callable[[Session, int], object]) -> TicketSummary:
        """Run an operation of the desk and give the ticket as it is afterwards.

        Raises:
            NotFoundError: if there is no such ticket.
            RefusedError: if it is not allowed; says what is.
        """

        def work(session: Session) -> TicketSummary:
            operation(session, ticket_id)
            return lists.summary(session.get_one(Ticket, ticket_id))

        return self._write(work)

    def _read(self, work: Callable[[Session], _T]) -> _T:
        """Run a transaction that sees one moment and waits for nobody."""
        with database.errors_explained(self._url):
            return self._run(self._reader, work)

    def _write(self, work: Callable[[Session], _T]) -> _T:
        """Run a transaction, all of it or nothing; again from the start if another one was in the way."""
        tries = TRIES
        with database.errors_explained(self._url):
            while True:
                try:
                    return self._run(self._engine, work)
                except DBAPIError as error:
                    tries -= 1
                    if tries == 0 or not database.is_race(error):
                        raise

    def _run(self, engine: Engine, work: Callable[[Session], _T]) -> _T:
        if not self._checked:
            database.require_file(self._url)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            if not self._checked:
                database.check_schema(session.connection())
                self._checked = True
            return work(session)
