"""Accept, the first step of a message's way: bytes to the archive, one transaction, and only then is the source told.

Nothing here parses or is slow, so one bad mail never blocks the next. From the commit on the item is ours.
"""

import contextlib
import datetime as dt
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from ingest.archive.base import Archive
from ingest.sources.base import Place, Source
from models.errors import PosteingangError, TemporaryError
from models.message import RawItem, Stored

_SEVERITY = (os.EX_OK, os.EX_DATAERR, os.EX_TEMPFAIL, os.EX_NOPERM, os.EX_CONFIG, os.EX_SOFTWARE)

_ARCHIVE_FAILURES = 10
"""So many in a row mean that the disk is full or gone: to fetch the other thousands of mails would be for nothing."""


@dataclass(frozen=True, slots=True)
class Received:
    """What one run took from a source."""

    seen: int = 0
    """What the source gave."""
    accepted: int = 0
    """New items."""
    repeated: int = 0
    """The same bytes as an earlier item; only the new sighting was noted."""
    failures: tuple[str, ...] = ()
    """Sentences; whatever they speak of still lies in its source."""
    exit_code: int = os.EX_OK


class Intake(Protocol):
    """What accept needs of the store."""

    def known(self, source: str, place: Place) -> frozenset[tuple[int, str]]:
        """(uid, name) of every sighting of this source in this place."""
        ...

    def accept(self, raw: RawItem, stored: Stored, *, now: dt.datetime) -> bool:
        """Commit the item and its sighting in one transaction; either may be there already.

        Returns:
            True if the item is new, False if the same bytes were accepted before.

        Raises:
            TemporaryError: if the database is not to be had; nothing was committed.
        """
        ...

    def record_run(self, source: str, received: Received, *, started_at: dt.datetime, ended_at: dt.datetime) -> None:
        """Write to the journal how the run of a source went."""
        ...


@dataclass(slots=True)
class _Tally:
    """Counts that grow while a source is read."""

    seen: int = 0
    accepted: int = 0
    repeated: int = 0
    failures: tuple[str, ...] = ()
    exit_code: int = os.EX_OK
    archive_failures: int = 0
    """In a row."""

    def taken(self, *, is_new: bool) -> None:
        self.accepted += is_new
        self.repeated += not is_new

    def failed(self, error: PosteingangError, *, subject: str = "") -> None:
        self.failures += (f"{subject}{error}",)
        self.exit_code = worst([self.exit_code, error.exit_code])

    def received(self) -> Received:
        return Received(self.seen, self.accepted, self.repeated, self.failures, self.exit_code)


def worst(exit_codes: Iterable[int]) -> int:
    """The exit code that matters most: 70, 78, 77, 75, 65, 0; one that is none of these counts as 70.

    >>> worst([0, 75, 77])
    77
    """
    return max(exit_codes, key=lambda code: _SEVERITY.index(code) if code in _SEVERITY else len(_SEVERITY), default=0)


def receive(
    source: Source,
    *,
    archive: Archive,
    intake: Intake,
    now: Callable[[], dt.datetime],
    on_item: Callable[[RawItem], None] = lambda _raw: None,
    step: Callable[[str], None] = lambda _name: None,
) -> Received:
    """Accept everything new in a source. What goes wrong stands in the result; nothing is raised for it.

    Args:
        source: where the items come from.
        archive: keeps the bytes.
        intake: keeps items and sightings.
        now: the time, aware.
        on_item: told of each item before it is fetched.
        step: told ``archived``, ``accepted`` and ``finished`` after the steps of an item; tests kill the process there.
    """
    tally = _Tally()

    def known(place: Place) -> frozenset[tuple[int, str]]:
        return intake.known(source.name, place)

    try:
        with _closing(source.items(known)) as items:
            for raw in items:
                tally.seen += 1
                on_item(raw)
                stored = _archived(raw, archive, tally)
                if stored is None:
                    continue
                step("archived")
                tally.taken(is_new=intake.accept(raw, stored, now=now()))
                step("accepted")
                _finish(source, raw, tally)
                step("finished")
    except PosteingangError as error:
        tally.failed(error)
    return tally.received()


def receive_all(
    sources: Iterable[Source],
    *,
    archive: Archive,
    intake: Intake,
    now: Callable[[], dt.datetime],
    on_item: Callable[[RawItem], None] = lambda _raw: None,
    step: Callable[[str], None] = lambda _name: None,
) -> dict[str, Received]:
    """Accept from one source after the other; one that fails does not stop the next. Results by name of the source."""
    results = {}
    for source in sources:
        started_at = now()
        result = receive(source, archive=archive, intake=intake, now=now, on_item=on_item, step=step)
        results[source.name] = result
        try:
            intake.record_run(source.name, result, started_at=started_at, ended_at=now())
        except PosteingangError as error:
            codes = [result.exit_code, error.exit_code]
            results[source.name] = replace(result, failures=(*result.failures, str(error)), exit_code=worst(codes))
    return results


def total(results: Mapping[str, Received]) -> Received:
    """All results as one: counts added, failures under the name of their source, the worst exit code."""
    return Received(
        seen=sum(result.seen for result in results.values()),
        accepted=sum(result.accepted for result in results.values()),
        repeated=sum(result.repeated for result in results.values()),
        failures=tuple(f"{name}: {failure}" for name, result in results.items() for failure in result.failures),
        exit_code=worst(result.exit_code for result in results.values()),
    )


@contextlib.contextmanager
def _closing(items: Iterator[RawItem]) -> Iterator[Iterator[RawItem]]:
    """Close a generator in the end: read halfway, it keeps its connection and its lock."""
    try:
        yield items
    finally:
        if isinstance(items, Generator):
            items.close()


def _archived(raw: RawItem, archive: Archive, tally: _Tally) -> Stored | None:
    """Bring the bytes to the archive; None if that failed for this item and the next may be tried.

    Raises:
        TemporaryError: if the archive has failed too often in a row.
    """
    broken: list[PosteingangError] = []

    def chunks() -> Iterator[bytes]:
        try:
            yield from raw.chunks()
        except PosteingangError as error:
            broken.append(error)
            raise

    try:
        stored = archive.put(chunks())
    except PosteingangError as error:
        if broken:
            tally.failed(broken[0])
            return None
        tally.failed(error, subject=f"{raw.place} {raw.name or raw.uid}: ")
        tally.archive_failures += 1
        if tally.archive_failures >= _ARCHIVE_FAILURES:
            raise TemporaryError(f"Given up after {_ARCHIVE_FAILURES} failures of the archive in a row.") from error
        return None
    tally.archive_failures = 0
    return stored


def _finish(source: Source, raw: RawItem, tally: _Tally) -> None:
    """Tell the source; if it fails the item is ours all the same, and the source's next run tidies up."""
    try:
        source.finish(raw)
    except PosteingangError as error:
        tally.failed(error)
