import datetime as dt
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.archive.files import FileArchive
from ingest.receive import Received, receive, receive_all, total, worst
from ingest.sources.base import Finding, Known, Place
from models.errors import ConfigError, LoginError, PosteingangError, TemporaryError
from models.message import Channel, RawItem, ReceivedFrom, Stored
from tests.memory_intake import MemoryIntake

NOW = dt.datetime(2026, 1, 15, 8, tzinfo=dt.UTC)


class ListSource:
    """A mailbox as a list; an error in it is raised in its turn."""

    def __init__(
        self, *mails: bytes | PosteingangError, name: str = "post", end: PosteingangError | None = None
    ) -> None:
        self.name = name
        self.finished: list[int] = []
        self.is_open = False
        self._mails = mails
        self._end = end

    def items(self, known: Known) -> Iterator[RawItem]:
        self.is_open = True
        try:
            for uid, mail in enumerate(self._mails, 1):
                if (uid, "") not in known(Place("INBOX", 7)):
                    yield self._raw(uid, mail)
            if self._end:
                raise self._end
        finally:
            self.is_open = False

    def finish(self, item: RawItem) -> None:
        if self._mails[item.uid - 1] == b"sticky":
            raise TemporaryError("Mail cannot be moved.")
        self.finished.append(item.uid)

    def present(self) -> Iterator[tuple[Place, int, str]]:
        yield from ()

    def check(self) -> Iterator[Finding]:
        yield from ()

    def _raw(self, uid: int, mail: bytes | PosteingangError) -> RawItem:
        def chunks() -> Iterator[bytes]:
            if isinstance(mail, PosteingangError):
                yield b"half of "
                raise mail
            yield mail

        return RawItem(self.name, "INBOX", "", 7, uid, Channel.email, NOW, ReceivedFrom.internaldate, chunks)


class BrokenIntake(MemoryIntake):
    """A database that is down."""

    def accept(self, raw: RawItem, stored: Stored, *, now: dt.datetime) -> bool:
        raise TemporaryError("The database is locked.")


def take(source: ListSource, archive: FileArchive, intake: MemoryIntake) -> Received:
    return receive(source, archive=archive, intake=intake, now=lambda: NOW)


def test_steps_come_in_the_order_that_loses_nothing(archive: FileArchive, intake: MemoryIntake) -> None:
    source = ListSource(b"eins", b"zwei")
    told: list[str] = []

    def step(name: str) -> None:
        told.append(f"{name}: {len(list(archive.digests()))} {len(intake.items)} {len(source.finished)}")

    seen: list[int] = []
    receive(
        source, archive=archive, intake=intake, now=lambda: NOW, on_item=lambda raw: seen.append(raw.uid), step=step
    )
    assert told == [
        "archived: 1 0 0",
        "accepted: 1 1 0",
        "finished: 1 1 1",
        "archived: 2 1 1",
        "accepted: 2 2 1",
        "finished: 2 2 2",
    ]
    assert seen == [1, 2]
    assert take(source, archive, intake) == Received()


def test_one_bad_mail_blocks_no_other(archive: FileArchive, intake: MemoryIntake) -> None:
    source = ListSource(b"eins", TemporaryError("Mail 2 broke off."), b"drei", b"eins")
    result = take(source, archive, intake)
    assert result == Received(seen=4, accepted=2, repeated=1, failures=("Mail 2 broke off.",), exit_code=75)
    assert source.finished == [1, 3, 4]


def test_a_mail_that_cannot_be_moved_is_accepted_all_the_same(archive: FileArchive, intake: MemoryIntake) -> None:
    result = take(ListSource(b"sticky", b"zwei"), archive, intake)
    assert result == Received(seen=2, accepted=2, failures=("Mail cannot be moved.",), exit_code=75)


def test_a_database_that_is_down_stops_the_run_and_nothing_is_finished(archive: FileArchive) -> None:
    source = ListSource(b"eins", b"zwei")
    result = take(source, archive, BrokenIntake())
    assert result == Received(seen=1, failures=("The database is locked.",), exit_code=75)
    assert source.finished == []
    assert not source.is_open


@pytest.mark.parametrize("killed_after", ["archived", "accepted", "finished"])
def test_a_run_that_dies_between_two_steps_loses_nothing_and_doubles_nothing(
    archive: FileArchive, intake: MemoryIntake, killed_after: str
) -> None:
    source = ListSource(b"eins", b"zwei")

    def step(name: str) -> None:
        if name == killed_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        receive(source, archive=archive, intake=intake, now=lambda: NOW, step=step)
    assert not source.is_open
    result = take(source, archive, intake)
    assert result.exit_code == 0
    assert sorted(raw.uid for raw in intake.items.values()) == [1, 2]
    assert len(intake.sightings) == len(list(archive.digests())) == 2


def test_a_mail_too_large_for_the_disk_is_told_clearly_and_the_smaller_ones_go_on(
    archive: FileArchive, intake: MemoryIntake
) -> None:
    source = ListSource(b"klein", b"x" * 200_000, b"auch klein")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        result = take(source, archive, intake)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (result.seen, result.accepted, result.exit_code) == (3, 2, os.EX_TEMPFAIL)
    sentence = "cannot store or give back an original: the file is larger than the system allows; raise the limit."
    assert result.failures == (f"INBOX 2: The archive {archive.root} {sentence}",)
    assert source.finished == [1, 3]
    assert not list((archive.root / "tmp").iterdir())
    assert take(source, archive, intake) == Received(seen=1, accepted=1)


def test_a_full_disk_ends_the_run_before_thousands_of_mails_are_fetched_for_nothing(
    archive: FileArchive, intake: MemoryIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_descriptor: int, _chunk: bytes) -> int:
        raise OSError(28, "No space left on device")

    source = ListSource(*[b"%d" % number for number in range(100)])
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        result = take(source, archive, intake)
    assert (result.seen, result.accepted, len(result.failures), result.exit_code) == (10, 0, 11, 75)
    assert "the disk is full; make room" in result.failures[0]
    assert source.finished == []
    assert take(source, archive, intake) == Received(seen=100, accepted=100)


def test_a_source_that_fails_stops_no_other_and_the_worst_exit_code_wins(
    archive: FileArchive, intake: MemoryIntake
) -> None:
    sources = [
        ListSource(b"eins", name="a", end=TemporaryError("Server away.")),
        ListSource(name="b", end=LoginError("Password refused.")),
        ListSource(b"zwei", name="c"),
    ]
    results = receive_all(sources, archive=archive, intake=intake, now=lambda: NOW)
    assert results == {
        "a": Received(seen=1, accepted=1, failures=("Server away.",), exit_code=75),
        "b": Received(failures=("Password refused.",), exit_code=77),
        "c": Received(seen=1, accepted=1),
    }
    assert total(results) == Received(
        seen=2, accepted=2, failures=("a: Server away.", "b: Password refused."), exit_code=77
    )
    assert intake.runs == list(results.items())


def test_a_journal_that_cannot_be_written_is_a_failure_of_that_run(archive: FileArchive) -> None:
    class NoJournal(MemoryIntake):
        def record_run(
            self, source: str, received: Received, *, started_at: dt.datetime, ended_at: dt.datetime
        ) -> None:
            raise TemporaryError("The database is locked.")

    results = receive_all([ListSource(b"x")], archive=archive, intake=NoJournal(), now=lambda: NOW)
    assert results == {
        "post": Received(seen=1, accepted=1, failures=("The database is locked.",), exit_code=75),
    }


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], 0),
        ([0, 65], 65),
        ([65, 75], 75),
        ([75, 77], 77),
        ([77, 78], 78),
        ([78, 70], 70),
        ([70, 0], 70),
        ([75, 66], 66),
    ],
)
def test_the_worst_exit_code(codes: list[int], expected: int) -> None:
    assert worst(codes) == expected


def test_errors_of_a_source_are_results_and_never_raised(archive: FileArchive, intake: MemoryIntake) -> None:
    assert take(ListSource(end=ConfigError("No such mailbox.")), archive, intake) == Received(
        failures=("No such mailbox.",), exit_code=os.EX_CONFIG
    )


def test_the_archive_is_not_touched_where_there_is_nothing_new(tmp_path: Path, intake: MemoryIntake) -> None:
    take(ListSource(), FileArchive(tmp_path / "none"), intake)
    assert not (tmp_path / "none").exists()
