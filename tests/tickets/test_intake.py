"""From accepted to claimed to set aside: each item once, whoever asks, whatever dies."""

import datetime as dt
import multiprocessing
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from models.errors import NotFoundError, RefusedError, TemporaryError
from models.message import Channel, ReceivedFrom
from models.status import ItemState
from tests.tickets.cases import LEASE, NOW, accepted, all_items, file_item, found, mail, raw, stored
from tickets.intake import CRASHED, MAX_ATTEMPTS
from tickets.store import Store
from tickets.views import SightingView, SourceDay


@dataclass(frozen=True)
class Place:
    name: str = "INBOX"
    uidvalidity: int = 1


@dataclass(frozen=True)
class Received:
    seen: int = 3
    accepted: int = 2
    failures: tuple[str, ...] = ()
    exit_code: int = 0


def test_accepting_the_same_again_changes_nothing(store: Store) -> None:
    item, content = raw(), stored()
    assert [store.accept(item, content, now=NOW) for _ in range(3)] == [True, False, False]
    (only,) = all_items(store)
    assert store.item(only.id).sightings == (SightingView("mailbox", "INBOX", 1, item.uid, "", NOW),)


def test_same_bytes_in_two_mailboxes_are_one_item_seen_twice(store: Store) -> None:
    content = stored()
    assert store.accept(raw(uid=7), content, now=NOW) is True
    assert store.accept(raw(uid=9, place="Service"), content, now=NOW) is False
    (only,) = all_items(store)
    assert [(seen.place, seen.uid) for seen in store.item(only.id).sightings] == [("INBOX", 7), ("Service", 9)]


def test_a_uid_given_out_twice_loses_no_bytes(store: Store) -> None:
    assert store.accept(raw(uid=7), stored(), now=NOW) is True
    assert store.accept(raw(uid=7), stored(), now=NOW) is True
    assert store.waiting() == 2


def test_known_are_the_uids_of_this_life_of_this_mailbox_only(store: Store) -> None:
    for changes in ({"uid": 1}, {"uid": 2}, {"uid": 3, "uidvalidity": 2}, {"uid": 4, "place": "Service"}):
        store.accept(raw(**changes), stored(), now=NOW)
    store.accept(raw(uid=0, uidvalidity=0, place="scans", name="scan0001.pdf"), stored(), now=NOW)
    assert store.known("mailbox", Place()) == {(1, ""), (2, "")}
    assert store.known("mailbox", Place("scans", 0)) == {(0, "scan0001.pdf")}
    assert store.known("other", Place()) == frozenset()


def test_odd_names_are_stored_and_still_known_once(store: Store) -> None:
    item = raw(name="a\x00b\udcff" + "x" * 600, uid=0, uidvalidity=0)
    content = stored()
    assert [store.accept(item, content, now=NOW) for _ in range(2)] == [True, False]


def test_mails_are_claimed_before_letters_and_the_oldest_first(store: Store) -> None:
    scan = accepted(store, channel=Channel.letter, name="scan.pdf", received_from=ReceivedFrom.file_time)
    first, second = accepted(store), accepted(store)
    claimed = [store.claim(NOW, LEASE) for _ in range(4)]
    assert [item.id if item else None for item in claimed] == [first, second, scan, None]
    assert claimed[2] is not None
    assert (claimed[2].name, claimed[2].channel, claimed[2].attempts) == ("scan.pdf", Channel.letter, 1)
    assert claimed[2].lease_until == NOW + LEASE


def test_one_channel_can_be_claimed_alone(store: Store) -> None:
    accepted(store)
    scan = accepted(store, channel=Channel.letter)
    item = store.claim(NOW, LEASE, Channel.letter)
    assert item is not None
    assert item.id == scan
    assert store.claim(NOW, LEASE, Channel.letter) is None


def test_lease_that_ran_out_is_taken_again(store: Store) -> None:
    item_id = accepted(store)
    assert store.claim(NOW, LEASE) is not None
    assert store.claim(NOW + LEASE, LEASE) is None
    again = store.claim(NOW + LEASE + dt.timedelta(seconds=1), LEASE)
    assert again is not None
    assert (again.id, again.attempts) == (item_id, 2)


def test_released_item_is_free_at_once_and_the_attempt_does_not_count(store: Store) -> None:
    item_id = accepted(store)
    for _ in range(MAX_ATTEMPTS + 2):
        claimed = store.claim(NOW, LEASE)
        assert claimed is not None
        assert claimed.attempts == 1
        store.release(item_id)


def test_item_that_kills_every_process_is_set_aside_and_the_next_comes(store: Store) -> None:
    poison, good = accepted(store), accepted(store)
    now = NOW
    for _ in range(MAX_ATTEMPTS):
        claimed = store.claim_item(poison, now, LEASE)
        assert claimed is not None
        now += 2 * LEASE
    claimed = store.claim(now, LEASE)
    assert claimed is not None
    assert claimed.id == good
    (aside,) = store.quarantine()
    assert (aside.id, aside.reason, aside.state, aside.done_at) == (poison, CRASHED, ItemState.set_aside, now)


def test_claiming_one_item_by_number(store: Store) -> None:
    item_id = accepted(store)
    assert store.claim_item(item_id, NOW, LEASE) is not None
    assert store.claim_item(item_id, NOW, LEASE) is None
    with pytest.raises(NotFoundError, match="no item 99"):
        store.claim_item(99, NOW, LEASE)


def test_what_is_set_aside_can_be_seen_retried_and_ignored(store: Store) -> None:
    item_id = accepted(store)
    store.claim(NOW, LEASE)
    assert store.set_aside(item_id, "encrypted", "The PDF needs a password.", "Traceback …\x00", NOW) is True
    assert store.set_aside(item_id, "bug", "Too late.", "", NOW) is False
    (aside,) = store.quarantine()
    assert (aside.reason, aside.message, aside.detail) == ("encrypted", "The PDF needs a password.", "Traceback …�")
    assert store.claim(NOW, LEASE) is None

    store.retry(item_id, "anna", NOW)
    assert store.quarantine() == ()
    again = store.claim(NOW, LEASE)
    assert again is not None
    assert again.attempts == 1

    store.set_aside(item_id, "encrypted", "The PDF needs a password.", "", NOW)
    store.ignore(item_id, "Werbung", "anna", NOW)
    ignored = store.item(item_id)
    assert (ignored.state, ignored.reason, ignored.message) == (ItemState.ignored, "encrypted", "Werbung")
    with pytest.raises(RefusedError, match="ignored"):
        file_item(store, item_id, mail(), found())


def test_only_what_was_set_aside_can_be_ignored_and_only_with_a_reason(store: Store) -> None:
    item_id = accepted(store)
    with pytest.raises(RefusedError, match="on its way"):
        store.ignore(item_id, "Werbung", "anna", NOW)
    with pytest.raises(RefusedError, match="on its way"):
        store.retry(item_id, "anna", NOW)
    store.set_aside(item_id, "empty", "…", "", NOW)
    with pytest.raises(RefusedError, match="say why"):
        store.ignore(item_id, " ", "anna", NOW)


def test_what_was_filed_cannot_be_set_aside(store: Store) -> None:
    item_id = accepted(store)
    file_item(store, item_id, mail(), found())
    assert store.set_aside(item_id, "bug", "…", "", NOW) is False
    assert store.item(item_id).state is ItemState.filed


def test_what_was_set_aside_can_be_filed_by_hand(store: Store) -> None:
    item_id = accepted(store)
    store.set_aside(item_id, "encrypted", "…", "", NOW)
    filed = file_item(store, item_id, mail(), found(None))
    assert (filed.new, store.item(item_id).ticket_id) == (True, filed.ticket_id)
    assert store.quarantine() == ()


def test_journal_counts_by_source_and_day_of_the_house(store: Store) -> None:
    late = dt.datetime(2026, 1, 7, 23, 30, tzinfo=dt.UTC)  # half past midnight in Berlin
    for uid in (1, 2, 3, 4):
        store.accept(raw(uid=uid, received_at=late), stored(f"j{uid}"), now=late)
    store.accept(raw(source="scans", uid=0, name="a.pdf"), stored("scan"), now=late - dt.timedelta(hours=1))
    ids = [item.id for item in sorted(all_items(store), key=lambda item: item.id)]
    file_item(store, ids[0], mail(), found())
    store.set_aside(ids[1], "bug", "…", "", NOW)
    store.set_aside(ids[2], "empty", "…", "", NOW)
    store.ignore(ids[2], "leer", "anna", NOW)
    assert store.journal() == (
        SourceDay("mailbox", dt.date(2026, 1, 8), seen=4, filed=1, set_aside=1, ignored=1, waiting=1),
        SourceDay("scans", dt.date(2026, 1, 7), seen=1, filed=0, set_aside=0, ignored=0, waiting=1),
    )
    assert store.unaccounted() == ()
    assert store.digests() == {item.sha256 for item in all_items(store)}


def test_overview_tells_what_waits_and_how_the_last_runs_went(store: Store) -> None:
    accepted(store)
    aside = accepted(store)
    store.set_aside(aside, "bug", "…", "", NOW)
    later = NOW + dt.timedelta(minutes=5)
    store.record_run("mailbox", Received(), started_at=NOW, ended_at=NOW)
    broken = replace(Received(), failures=("The server is gone.",), exit_code=75)
    store.record_run("mailbox", broken, started_at=later, ended_at=later)
    counts = store.overview(NOW.date())
    assert (counts.waiting, counts.oldest_waiting, counts.set_aside, counts.oldest_set_aside) == (1, NOW, 1, NOW)
    (run,) = counts.runs
    assert (run.source, run.started_at, run.exit_code, run.message) == ("mailbox", later, 75, "The server is gone.")
    assert counts.as_json()["runs"][0]["started_at"] == later.isoformat()


def _claim_all(url: str) -> list[int]:
    with closing(Store(url)) as store:
        found = []
        while (item := store.claim(NOW, LEASE)) is not None:
            found.append(item.id)
        return found


def _accept_all(url: str) -> int:
    with closing(Store(url)) as store:
        return sum(store.accept(raw(uid=uid), stored(f"same {uid}"), now=NOW) for uid in range(30))


def test_three_processes_claim_every_item_exactly_once(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        for uid in range(60):
            store.accept(raw(uid=uid), stored(), now=NOW)
    with multiprocessing.get_context("fork").Pool(3) as pool:
        claimed = pool.map(_claim_all, [database_url] * 3)
    assert Counter(number for part in claimed for number in part) == dict.fromkeys(range(1, 61), 1)


def test_two_runs_that_accept_the_same_make_one_item_of_each(database_url: str) -> None:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        new = pool.map(_accept_all, [database_url] * 2)
    assert sum(new) == 30
    with closing(Store(database_url)) as store:
        assert store.waiting() == 30


def _accept_for_ever(store: Store) -> None:
    while True:
        store.accept(raw(name="x" * 400), stored(), now=NOW)


def test_full_disk_is_told_and_nothing_is_half_accepted(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "posteingang.db"
    path.write_bytes(sqlite_template.read_bytes())
    with closing(Store(f"sqlite:///{path}")) as store:
        store.check()
        with store._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(TemporaryError, match=r"disk of the database .* is full; nothing was changed"):
            _accept_for_ever(store)
        sightings = [len(store.item(item.id).sightings) for item in all_items(store)]
        assert set(sightings) == {1}
