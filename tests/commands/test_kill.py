"""SIGKILL between every two steps: what was seen is filed once, whatever the database."""

import multiprocessing
import os
from pathlib import Path

import pytest

from commands.run import run_intake
from commands.state import State
from ingest.archive.files import FileArchive
from models.status import ItemState, Status
from tests.killing import run
from tests.servers.dovecot import Dovecot
from tickets.views import TicketFilter

STEPS = ("archived", "accepted", "finished", "claimed", "understood", "filed")
PROCESSES = multiprocessing.get_context("forkserver")
# What a run imports, once for all of them.
PROCESSES.set_forkserver_preload(["tests.killing", "classify.pipeline", "tickets.store", "ingest.sources.imap"])


def mail(number: int) -> bytes:
    return (
        f"From: Erika Muster <erika{number}@example.org>\r\nSubject: Abschlag {number}\r\n"
        f"Message-ID: <{number}@example.org>\r\n\r\nBitte senken Sie meinen Abschlag auf {number}0 Euro.\r\n"
    ).encode()


def installation(folder: Path, database: str, port: int = 0) -> Path:
    scans = folder / "scans"
    scans.mkdir()
    for number in range(1, 4):
        (scans / f"{number}.eml").write_bytes(mail(number))
    imap = f"""
[sources.mailbox]
kind = "imap"
host = "127.0.0.1"
port = {port}
security = "none"
user = "demo"
password_command = "echo demo"
"""
    (folder / "data").mkdir(mode=0o700)
    config = folder / "posteingang.toml"
    config.write_text(
        f"""
data = "data"
database = "{database}"
[classifier]
model = "none"
[sources.scanner]
kind = "folder"
path = "scans"
settle_seconds = 0
patterns = ["*.eml"]
{imap if port else ""}
"""
    )
    return config


def killed_after(config: Path, step: str, occurrence: int) -> int:
    process = PROCESSES.Process(target=run, args=(config, step, occurrence))
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def assert_all_filed_once(config: Path, count: int) -> None:
    state = State(config)
    tickets = state.store.tickets(TicketFilter(status=frozenset(Status))).tickets
    entries = [entry for ticket in tickets for entry in state.store.ticket(ticket.id).entries]
    assert len(entries) == count
    assert len({entry.item_id for entry in entries}) == count
    assert len(state.store.quarantine(ItemState.filed)) == count
    assert state.store.waiting() == 0
    assert state.store.unaccounted() == ()
    assert set(FileArchive(state.config.data / "archive").digests()) == state.store.digests()
    assert [(day.seen, day.filed) for day in state.store.journal()] != []
    state.store.close()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("occurrence", [1, 3])
def test_a_run_killed_after_a_step_loses_and_doubles_nothing(
    step: str, occurrence: int, database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "house"
    folder.mkdir()
    config = installation(folder, database_url)
    assert killed_after(config, step, occurrence) == -9
    assert killed_after(config, "", 1) == 0
    assert_all_filed_once(config, 3)
    done = [path for path in (folder / "scans" / "done").rglob("*") if path.is_file()]
    assert len(done) == 3


@pytest.mark.parametrize("step", ["archived", "accepted", "finished"])
def test_a_mailbox_being_read_when_the_run_is_killed_loses_and_doubles_nothing(
    step: str, database_url: str, tmp_path: Path, dovecot: Dovecot
) -> None:
    for number in range(4, 7):
        dovecot.deliver(mail(number))
    folder = tmp_path / "house"
    folder.mkdir()
    config = installation(folder, database_url, dovecot.port)
    assert killed_after(config, step, 2) == -9
    assert killed_after(config, "", 1) == 0
    assert_all_filed_once(config, 6)
    assert dovecot.mails("INBOX") == []
    moved = dovecot.mails("Verarbeitet")
    assert sorted(content for content, _flags in moved) == [mail(number) for number in range(4, 7)]
    assert not any("\\Seen" in flags for _content, flags in moved)


def test_two_runs_at_once_file_everything_once(database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "house"
    folder.mkdir()
    config = installation(folder, database_url)
    processes = [PROCESSES.Process(target=run, args=(config, "", 1)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert {process.exitcode for process in processes} <= {0, os.EX_TEMPFAIL}
    assert killed_after(config, "", 1) == 0
    assert_all_filed_once(config, 3)


def test_a_pool_that_died_leaves_its_items_waiting_and_the_run_says_so(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "house"
    folder.mkdir()
    config = installation(folder, database_url)
    state = State(config)
    with monkeypatch.context() as patched:
        patched.setattr("commands.run._outcomes", lambda *_arguments: iter(()))
        report = run_intake(state, (), progress=False)
    assert report.exit_code == os.EX_TEMPFAIL
    assert report.problems == ["3 items are accepted and wait for the next 'posteingang ingest'."]
    assert run_intake(state, (), progress=False).filed == 3
    state.store.close()
    assert_all_filed_once(config, 3)
