"""`ingest` and `status`: whatever lies in the scan folder, what can be filed is filed and the rest has its reason."""

import errno
import fcntl
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from models.errors import RefusedError
from models.status import Status
from tests.house import EVERY_BYTE, GAS, MAIL, House, in_own_process, unreadable
from tests.tickets.cases import NOW, filed, found, mail
from tickets.store import Store
from tickets.views import TicketFilter

ALL = TicketFilter(status=frozenset(Status))


def test_what_cannot_be_read_is_set_aside_and_the_rest_is_filed(house: House) -> None:
    odd = unreadable()
    for name, (content, _reason) in odd.items():
        (house.scans / name).write_bytes(content)
    (house.scans / "alle.eml").write_bytes(EVERY_BYTE)
    (house.scans / "umzug.eml").write_bytes(MAIL % b"Umzug")
    done = house("ingest", "--json")
    assert done.code == os.EX_DATAERR
    report = json.loads(done.out)
    assert (report["seen"], report["accepted"], report["filed"]) == (8, 8, 2)
    assert (report["problems"], report["exit_code"]) == ([], os.EX_DATAERR)
    listed = [json.loads(line) for line in house("quarantine", "list", "--json").out.splitlines()]
    assert {item["name"].split("~")[0]: item["reason"] for item in listed} == {
        Path(name).stem: reason for name, (_content, reason) in odd.items()
    }
    assert sorted(outcome["item"] for outcome in report["set_aside"]) == sorted(item["id"] for item in listed)
    assert {ticket.subject for ticket in house.state.store.tickets().tickets} == {"Abschlag", "Umzug"}
    proof = house("reconcile")
    assert (proof.code, proof.err) == (0, "")
    assert "Nothing is missing." in proof.out
    again = house("ingest", "--json")
    assert (again.code, json.loads(again.out)["seen"]) == (0, 0)


def test_links_folders_pipes_and_odd_names_in_the_scan_folder_harm_nothing(house: House) -> None:
    secret = house.folder / "secret.eml"
    secret.write_bytes(MAIL % b"Geheim")
    (house.scans / "link.eml").symlink_to(secret)
    (house.scans / "folder.eml").mkdir()
    os.mkfifo(house.scans / "pipe.eml")
    (house.scans / "--json").write_bytes(MAIL % b"Strich")
    (house.scans / os.fsdecode(b"caf\xe9.eml")).write_bytes(MAIL % b"Latin")
    (house.scans / "neue\nzeile\x1b[31m.eml").write_bytes(MAIL % b"Zeile")
    done = house("ingest", "--json")
    report = json.loads(done.out)
    assert (report["filed"], report["set_aside"]) == (3, [])
    assert {ticket.subject for ticket in house.state.store.tickets().tickets} == {"Strich", "Latin", "Zeile"}
    assert done.code != os.EX_OK
    assert any("link.eml is a symbolic link" in problem for problem in report["problems"])
    assert secret.read_bytes() == MAIL % b"Geheim"
    assert house("reconcile").code == 0


def test_a_full_disk_leaves_the_scan_where_it_is_and_the_next_run_takes_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    (house.scans / "umzug.eml").write_bytes(MAIL % b"Umzug")

    def full(_descriptor: int, _content: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ingest.archive.files.os.write", full)
        done = house("ingest", "--json")
    report = json.loads(done.out)
    assert done.code == os.EX_TEMPFAIL
    assert (report["accepted"], report["filed"]) == (0, 0)
    assert "the disk is full; make room" in report["problems"][0]
    assert house.state.store.tickets(ALL).tickets == ()
    assert house("reconcile").code == 0
    again = house("ingest", "--json")
    assert (again.code, json.loads(again.out)["filed"]) == (0, 1)


def test_a_file_that_is_too_large_for_the_disk_stops_nothing_else(house: House) -> None:
    (house.scans / "a-gross.eml").write_bytes(MAIL % b"Gross" + b"x" * 3_000_000)
    (house.scans / "klein.eml").write_bytes(MAIL % b"Klein")
    limited = (
        "import resource, sys, cli\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))\n"
        "sys.argv = ['posteingang', 'ingest', '--json']\n"
        "cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited], capture_output=True, check=False, env=house.environment(), timeout=120
    )
    report = json.loads(done.stdout)
    assert done.returncode == os.EX_TEMPFAIL
    assert (report["accepted"], report["filed"]) == (1, 1)
    assert "a-gross" in report["problems"][0]
    again = house("ingest", "--json")
    assert (again.code, json.loads(again.out)["filed"]) == (0, 1)
    assert {ticket.subject for ticket in house.state.store.tickets().tickets} == {"Gross", "Klein"}


def test_an_alarm_is_told_to_cron_although_it_asked_for_quiet(house: House) -> None:
    (house.scans / "gas.eml").write_bytes(GAS)
    done = house("ingest", "--quiet")
    assert (done.code, done.out) == (0, "")
    assert "ALARM, nobody has acknowledged it yet: #1 Hilfe" in done.err
    assert house("ack", "1").code == 0
    again = house("ingest", "--quiet")
    assert (again.code, again.out, again.err) == (0, "", "")


def test_a_person_is_shown_the_alarm_before_the_sums(house: House) -> None:
    (house.scans / "gas.eml").write_bytes(GAS)
    done = house("ingest")
    assert done.out.index("DANGER: call the customer") < done.out.index("1 seen, 1 accepted, 1 filed, 0 set aside.")


def test_a_source_that_somebody_else_reads_is_no_harm(house: House) -> None:
    (house.scans / "umzug.eml").write_bytes(MAIL % b"Umzug")
    assert house("ingest", "--quiet").code == 0
    (house.scans / "abschlag.eml").write_bytes(MAIL % b"Abschlag")
    locks = [path for path in (house.data / "locks").iterdir() if path.is_file()]
    held = [path.open("r+b") for path in locks]
    for stream in held:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    second = house("ingest", "--quiet")
    assert (second.code, second.out) == (os.EX_TEMPFAIL, "")
    assert second.err.count("\n") == 1
    for stream in held:
        stream.close()
    assert house("ingest", "--quiet").code == 0
    assert len(house.state.store.tickets().tickets) == 2


def test_two_cron_runs_at_once_file_everything_once(house: House) -> None:
    for number in range(3):
        (house.scans / f"{number}.eml").write_bytes(MAIL % b"Umzug %d" % number)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(in_own_process, "ingest", "--quiet", env=house.environment()) for _ in range(2)]
    results = [run.result() for run in runs]
    assert {run.returncode for run in results} <= {0, os.EX_TEMPFAIL}
    assert all(run.stdout == b"" for run in results)
    assert house("ingest", "--quiet").code == 0
    tickets = house.state.store.tickets(ALL).tickets
    assert sorted(ticket.subject for ticket in tickets) == [f"Umzug {number}" for number in range(3)]
    assert house("reconcile").code == 0


def test_ten_agents_writing_at_once_lose_no_change(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        number = filed(store, mail(), found()).ticket_id
        begin = threading.Barrier(10)

        def work(agent: int) -> bool:
            with closing(Store(database_url)) as own:
                begin.wait(30)
                try:
                    own.take(number, f"agent{agent}", NOW)
                    won = True
                except RefusedError:
                    won = False
                for turn in range(6):
                    own.note(number, f"{agent}/{turn}", f"agent{agent}", NOW)
                return won

        with ThreadPoolExecutor(10) as pool:
            won = list(pool.map(work, range(10)))
        view = store.ticket(number)
        assert won.count(True) == 1
        assert view.ticket.agent == f"agent{won.index(True)}"
        notes = [entry.text for entry in view.entries if entry.kind == "note"]
        assert sorted(notes) == sorted(f"{agent}/{turn}" for agent in range(10) for turn in range(6))
        assert len([event for event in view.events if event.actor.startswith("agent")]) == len(notes) + 1


def test_an_unknown_source_is_named_with_those_that_are_known(house: House) -> None:
    done = house("ingest", "--source", "scaner")
    assert done.code == os.EX_CONFIG
    assert done.err == "posteingang: There is no source 'scaner' in the configuration. Known: scanner.\n"


def test_one_source_that_fails_does_not_stop_the_others(tmp_path: Path, sqlite_template: Path) -> None:
    more = '[sources.attic]\nkind = "folder"\npath = "nowhere"\n'
    house = House(tmp_path / "house", more=more)
    (house.data / "posteingang.db").write_bytes(sqlite_template.read_bytes())
    (house.scans / "umzug.eml").write_bytes(MAIL % b"Umzug")
    done = house("ingest", "--json")
    report = json.loads(done.out)
    assert (done.code, report["filed"]) == (os.EX_CONFIG, 1)
    assert "sources.attic.path" in report["problems"][0]
    (status,) = [json.loads(line) for line in house("status", "--json").out.splitlines()]
    assert {run["source"]: run["exit_code"] for run in status["runs"]} == {"attic": os.EX_CONFIG, "scanner": 0}
    assert "sources.attic.path" in house("status").out


def test_the_status_counts_what_waits_and_what_was_set_aside(house: House) -> None:
    (house.scans / "gas.eml").write_bytes(GAS)
    (house.scans / "leer.pdf").write_bytes(b"")
    assert house("ingest", "--quiet").code == os.EX_DATAERR
    (status,) = [json.loads(line) for line in house("status", "--json").out.splitlines()]
    assert (status["waiting"], status["set_aside"], status["alarms"]) == (0, 1, 1)
    assert status["tickets"] == {"new": 1}
    assert status["oldest_set_aside"] is not None
    for line in ("Set aside", "oldest from", "scanner"):
        assert line in house("status").out
