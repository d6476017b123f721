"""Items on their way to a ticket: accepted once, claimed by one process at a time, never lost between the two."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

from sqlmodel import Session, SQLModel, col, or_, select

from models.errors import NotFoundError, RefusedError
from models.message import Channel, RawItem, Stored
from models.status import ItemState
from models.tables import Entry, Item, Run, Sighting
from tickets.audit import INTAKE, By, record
from tickets.rows import number, storable
from tickets.views import ClaimedItem, ItemView, SightingView

MAX_ATTEMPTS = 3
"""An item whose lease ran out this often has killed its process each time: it is set aside, not tried for ever."""

CRASHED = "crashed"


class Place(Protocol):
    """A mailbox in one of its lives, or a folder."""

    @property
    def name(self) -> str:
        """Mailbox or folder."""
        ...

    @property
    def uidvalidity(self) -> int:
        """UIDVALIDITY (RFC 3501, 2.3.1.1); 0 for folders."""
        ...


class Received(Protocol):
    """How a source was read."""

    @property
    def seen(self) -> int:
        """What the source gave."""
        ...

    @property
    def accepted(self) -> int:
        """New items."""
        ...

    @property
    def failures(self) -> tuple[str, ...]:
        """Sentences about what went wrong."""
        ...

    @property
    def exit_code(self) -> int:
        """As of sysexits.h."""
        ...


def known(session: Session, source: str, place: Place) -> frozenset[tuple[int, str]]:
    """(uid, name) of everything of the place that was accepted before."""
    seen = select(Sighting.uid, Sighting.name).where(
        Sighting.source == source, Sighting.place == place.name, Sighting.uidvalidity == place.uidvalidity
    )
    return frozenset(session.exec(seen))


def accept(session: Session, raw: RawItem, stored: Stored, now: dt.datetime) -> bool:
    """Take over an item whose bytes lie in the archive; again changes nothing.

    Returns:
        Whether the bytes are new. The same bytes from another place are one item with two sightings.
    """
    name = storable(raw.name, 500)
    values = {
        "sha256": stored.sha256,
        "size": stored.size,
        "channel": raw.channel,
        "name": name,
        "received_at": raw.received_at,
        "received_from": raw.received_from,
        "accepted_at": now,
        "state": ItemState.accepted,
        "attempts": 0,
        "reason": "",
        "message": "",
        "detail": "",
    }
    new_id = _insert_if_absent(session, Item, values, ("sha256",))
    item_id = new_id or session.exec(select(Item.id).where(Item.sha256 == stored.sha256)).one()
    sighting = {
        "item_id": item_id,
        "source": raw.source,
        "place": storable(raw.place, 500),
        "uidvalidity": raw.uidvalidity,
        "uid": raw.uid,
        "name": name,
        "size": stored.size,
        "received_at": raw.received_at,
        "received_from": raw.received_from,
        "seen_at": now,
    }
    place = ("source", "place", "uidvalidity", "uid", "name")
    if _insert_if_absent(session, Sighting, sighting, place) is None and new_id is not None:
        # A server that gives out a UID twice in one UIDVALIDITY: the bytes are kept all the same, and it is told.
        seen = {"source": raw.source, "place": raw.place, "uidvalidity": raw.uidvalidity, "uid": raw.uid, "name": name}
        record(session, By(INTAKE, now, new_id), "sighting_reused", None, after=seen)
    return new_id is not None


def _insert_if_absent(
    session: Session, row: type[SQLModel], values: Mapping[str, Any], unique: Sequence[str]
) -> int | None:
    """Insert unless the unique key is taken, by whomever; the new row's number, or None."""
    # The same words, a module for each database; the engine has loaded the one that it needs.
    dialect = import_module(f"sqlalchemy.dialects.{session.get_bind().dialect.name}")
    table = SQLModel.metadata.tables[str(row.__tablename__)]
    statement = dialect.insert(table).values(**values).on_conflict_do_nothing(index_elements=unique)
    inserted: int | None = session.connection().execute(statement.returning(table.c.id)).scalar_one_or_none()
    return inserted


def claim(
    session: Session, now: dt.datetime, lease: dt.timedelta, owner: str, channel: Channel | None
) -> ClaimedItem | None:
    """The next item to be worked on, mails before letters, the oldest first; None if there is none.

    An item whose lease ran out is given again, until it has done so ``MAX_ATTEMPTS`` times.
    """
    waiting = select(Item).where(
        Item.state == ItemState.accepted, or_(col(Item.lease_until).is_(None), col(Item.lease_until) < now)
    )
    if channel is not None:
        waiting = waiting.where(Item.channel == channel)
    first = waiting.order_by(col(Item.channel), col(Item.id)).limit(1).with_for_update(skip_locked=True)
    while (item := session.exec(first).first()) is not None:
        if item.attempts < MAX_ATTEMPTS:
            return _lease(item, now + lease, owner)
        sentence = f"Reading it ended its process {item.attempts} times without a word."
        _put(session, item, ItemState.set_aside, (CRASHED, sentence, ""), By(INTAKE, now, item.id))
        session.flush()
    return None


def claim_item(session: Session, item_id: int, now: dt.datetime, lease: dt.timedelta, owner: str) -> ClaimedItem | None:
    """Claim this item; None if it is done, or another process works on it."""
    item = _locked(session, item_id)
    if item.state is not ItemState.accepted or (item.lease_until is not None and item.lease_until >= now):
        return None
    return _lease(item, now + lease, owner)


def _lease(item: Item, until: dt.datetime, owner: str) -> ClaimedItem:
    item.lease_until = until
    item.lease_owner = storable(owner, 200)
    item.attempts += 1
    return ClaimedItem(
        number(item), item.sha256, item.channel, item.name, item.received_at, item.received_from, item.attempts, until
    )


def release(session: Session, item_id: int) -> None:
    """Give an item back that could not be worked on for reasons that are not its own; the attempt does not count."""
    item = _locked(session, item_id)
    if item.state is ItemState.accepted and item.lease_until is not None:
        item.lease_until = None
        item.attempts = max(0, item.attempts - 1)


def release_owned(session: Session, owner: str) -> None:
    """Give back what a process held that is dead; the attempts count, because it may have died of the item."""
    held = select(Item).where(Item.state == ItemState.accepted, Item.lease_owner == owner).with_for_update()
    for item in session.exec(held):
        item.lease_until = None
        item.lease_owner = ""


def set_aside(session: Session, item_id: int, why: tuple[str, str, str], now: dt.datetime) -> bool:
    """Put an item into quarantine, unless it is done already.

    Args:
        session: the transaction.
        item_id: number of the item.
        why: reason (a slug), sentence for the agent, detail for the administrator.
        now: aware.
    """
    item = _locked(session, item_id)
    if item.state is not ItemState.accepted:
        return False
    _put(session, item, ItemState.set_aside, why, By(INTAKE, now, item_id))
    return True


def ignore(session: Session, item_id: int, reason: str, by: By) -> None:
    """A person decides that an item of the quarantine is nothing for us.

    Raises:
        NotFoundError: if there is no such item.
        RefusedError: if it is not in quarantine, or no reason is given.
    """
    item = _locked(session, item_id)
    if item.state is not ItemState.set_aside:
        raise RefusedError(f"Item {item_id} is {_spoken(item.state)}; only what was set aside can be ignored.")
    if not reason.strip():
        raise RefusedError(f"To ignore item {item_id}, say why.")
    _put(session, item, ItemState.ignored, (item.reason, reason, item.detail), by)


def retry(session: Session, item_id: int, by: By) -> None:
    """Put an item that was set aside or ignored back on its way, as if it had just come.

    Raises:
        NotFoundError: if there is no such item.
        RefusedError: if it is filed, or on its way already.
    """
    item = _locked(session, item_id)
    if item.state not in (ItemState.set_aside, ItemState.ignored):
        raise RefusedError(f"Item {item_id} is {_spoken(item.state)}; only what was set aside can be tried again.")
    _put(session, item, ItemState.accepted, ("", "", ""), by)
    item.attempts = 0
    item.done_at = None


def _put(session: Session, item: Item, state: ItemState, why: tuple[str, str, str], by: By) -> None:
    before = {"state": item.state.value, "reason": item.reason, "message": item.message}
    item.reason, item.message, item.detail = storable(why[0], 100), storable(why[1]), storable(why[2])
    item.state = state
    item.lease_until = None
    item.done_at = by.at
    after = {"state": state.value, "reason": item.reason, "message": item.message}
    record(session, By(by.actor, by.at, item.id), state.value, None, before, after)


def _spoken(state: ItemState) -> str:
    return "on its way" if state is ItemState.accepted else state.value.replace("_", " ")


def _locked(session: Session, item_id: int) -> Item:
    item = session.get(Item, item_id, with_for_update=True)
    if item is None:
        raise NotFoundError(f"There is no item {item_id}. 'posteingang quarantine list' shows what was set aside.")
    return item


def items(session: Session, state: ItemState) -> tuple[ItemView, ...]:
    """All items in a state, oldest first, without their sightings."""
    found = select(Item, Entry.ticket_id).join(Entry, isouter=True).where(Item.state == state).order_by(col(Item.id))
    return tuple(_view(item, ticket_id) for item, ticket_id in session.exec(found))


def item(session: Session, item_id: int) -> ItemView:
    """One item with its sightings.

    Raises:
        NotFoundError: if there is none.
    """
    found = select(Item, Entry.ticket_id).join(Entry, isouter=True).where(Item.id == item_id)
    row = session.exec(found).first()
    if row is None:
        raise NotFoundError(f"There is no item {item_id}. 'posteingang quarantine list' shows what was set aside.")
    sightings = session.exec(select(Sighting).where(Sighting.item_id == item_id).order_by(col(Sighting.id)))
    return _view(*row, tuple(_sighting_view(sighting) for sighting in sightings))


def digests(session: Session) -> Iterator[str]:
    """The SHA-256 of every item: what the archive must have."""
    return iter(session.exec(select(Item.sha256)))


def record_run(
    session: Session, source: str, received: Received, *, started_at: dt.datetime, ended_at: dt.datetime
) -> None:
    """Remember how a source was read."""
    session.add(
        Run(
            source=source,
            started_at=started_at,
            ended_at=ended_at,
            seen=received.seen,
            accepted=received.accepted,
            exit_code=received.exit_code,
            message=storable("\n".join(received.failures)),
        )
    )


def _view(item: Item, ticket_id: int | None, sightings: tuple[SightingView, ...] = ()) -> ItemView:
    return ItemView(
        id=number(item),
        sha256=item.sha256,
        size=item.size,
        channel=item.channel,
        name=item.name,
        received_at=item.received_at,
        received_from=item.received_from,
        accepted_at=item.accepted_at,
        state=item.state,
        attempts=item.attempts,
        reason=item.reason,
        message=item.message,
        detail=item.detail,
        done_at=item.done_at,
        ticket_id=ticket_id,
        sightings=sightings,
    )


def _sighting_view(row: Sighting) -> SightingView:
    return SightingView(row.source, row.place, row.uidvalidity, row.uid, row.name, row.seen_at)
