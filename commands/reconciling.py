"""The proof that nothing is lost: what lies in the sources, what was seen, and what became of it, side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from commands.checks import PROBE
from commands.state import State
from commands.wiring import build_archive, build_sources
from models.catalogue import _, plural
from models.errors import PosteingangError

if TYPE_CHECKING:
    from ingest.sources.base import Place, Source
    from tickets.views import SourceDay


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Seen = filed + set aside + ignored + waiting by source and day, and what does not fit."""

    days: "tuple[SourceDay, ...]"
    gaps: tuple[str, ...]
    """What is lost or contradicts itself; none, or something is wrong."""
    notes: tuple[str, ...]
    """What has its reason: mail not fetched yet, items that wait."""
    unasked: tuple[str, ...]
    """Sources that could not be asked: for these nothing is proved."""


def reconcile_all(state: State) -> Reconciliation:
    """Compare sources, archive and database."""
    unasked: list[str] = []
    notes = list(_notes(state, unasked))
    return Reconciliation(state.store.journal(), tuple(_gaps(state)), tuple(notes), tuple(unasked))


def _gaps(state: State) -> Iterator[str]:
    """Rows without their original, originals without their row, and items whose state and tickets disagree."""
    # An ingest may be running: a row that is there by now has its original, an original that was there has its row.
    before = state.store.digests()
    kept = frozenset(build_archive(state.config).digests())
    for digest in sorted(before - kept):
        yield _("The original {digest} is missing in the archive.").format(digest=digest)
    for digest in sorted(kept - state.store.digests() - {sha256(PROBE).hexdigest()}):
        yield _(
            "The archive has the original {digest}, the database does not know it. Run 'posteingang ingest'; if it is "
            "named again, the database is older than the archive: restore a newer one."
        ).format(digest=digest)
    for item in state.store.unaccounted():
        yield _("Item {number} is neither filed, set aside, ignored nor waiting.").format(number=item)


def _notes(state: State, unasked: list[str]) -> Iterator[str]:
    """What still lies in the sources and was not accepted yet, and what waits to be read."""
    waiting = state.store.waiting()
    if waiting:
        yield waiting_sentence(waiting)
    for source in build_sources(state.config):
        try:
            count = _not_accepted(state, source)
        except PosteingangError as error:
            unasked.append(_("{source} could not be asked: {error}").format(source=source.name, error=error))
            continue
        if count:
            yield plural(
                "{count} message in {source} has not been accepted yet.",
                "{count} messages in {source} have not been accepted yet.",
                count,
            ).replace("{source}", source.name)


def waiting_sentence(count: int) -> str:
    """How many items are accepted and still to be read."""
    return plural(
        "{count} item is accepted and waits for the next 'posteingang ingest'.",
        "{count} items are accepted and wait for the next 'posteingang ingest'.",
        count,
    )


def _not_accepted(state: State, source: "Source") -> int:
    known: dict[Place, frozenset[tuple[int, str]]] = {}
    count = 0
    for place, uid, name in source.present():
        if place not in known:
            known[place] = state.store.known(source.name, place)
        count += (uid, name) not in known[place]
    return count
