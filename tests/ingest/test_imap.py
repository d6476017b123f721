import datetime as dt
import hashlib
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.archive.files import FileArchive
from ingest.receive import Received, receive
from ingest.sources import imap
from ingest.sources.base import Place, Source
from ingest.sources.imap import build
from ingest.sources.imap_mailboxes import Budget, ImapSource, Piece, RefusedError
from ingest.sources.imap_settings import ImapSettings, login_error
from models.config import KindConfig
from models.errors import ConfigError, TemporaryError
from models.message import ReceivedFrom
from tests.memory_intake import MemoryIntake
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import Proxy

Run = Callable[[Source], Received]
Sources = Callable[..., ImapSource]

MAILS = [
    f"From: a@example.org\r\nSubject: Zählerstand {number}\r\n\r\nDer Stand ist {number}.\r\n".encode("latin-1")
    for number in range(5)
]


@pytest.fixture
def source(dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """Builds a source for the running server as the configuration does."""
    return source_maker(dovecot, tmp_path, monkeypatch)


def source_maker(dovecot: Dovecot, data: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    monkeypatch.setenv("TEST_PASSWORD", "demo")

    def make(**settings: Any) -> ImapSource:
        keys = {
            "host": "localhost",
            "port": dovecot.port,
            "user": "demo",
            "password_env": "TEST_PASSWORD",
            "security": "none",
            "connect_seconds": 5,
            "read_seconds": 5,
            "message_seconds": 20,
        }
        return build("post", KindConfig(kind="imap", **{**keys, **settings}), data=data)

    return make


def contents(archive: FileArchive) -> set[bytes]:
    return {archive.path(digest).read_bytes() for digest in archive.digests()}


def test_new_mails_are_accepted_to_the_byte_and_moved_unread(
    dovecot: Dovecot, source: Sources, run: Run, archive: FileArchive, intake: MemoryIntake
) -> None:
    every_byte = b"Subject: x\r\n\r\n" + bytes(number for number in range(1, 256) if number != 10) + b"\r\n"
    dovecot.deliver(*MAILS, every_byte)
    assert run(source()) == Received(seen=6, accepted=6)
    assert contents(archive) == {mail for mail, _flags in dovecot.mails("Verarbeitet")}
    assert set(MAILS) <= contents(archive)
    assert dovecot.mails("INBOX") == []
    assert {flags for _mail, flags in dovecot.mails("Verarbeitet")} == {frozenset()}
    assert run(source()) == Received()


@pytest.mark.parametrize("size", [2**20 - 1, 2**20, 2**20 + 1, 2**21])
def test_a_mail_that_ends_where_a_piece_ends_is_whole(
    dovecot: Dovecot, source: Sources, run: Run, archive: FileArchive, size: int
) -> None:
    mail = b"Subject: x\r\n\r\n".ljust(size - 2, b"x") + b"\r\n"
    dovecot.deliver(mail)
    assert run(source()) == Received(seen=1, accepted=1)
    assert contents(archive) == {mail}


def test_receipt_is_the_internaldate_and_identity_holds_uidvalidity(
    dovecot: Dovecot, source: Sources, run: Run, intake: MemoryIntake
) -> None:
    dovecot.set_uid_validity(4711)
    dovecot.deliver(MAILS[0], date='"12-Jan-2026 00:30:00 +0100"')
    run(source())
    (raw,) = intake.items.values()
    assert raw.received_at == dt.datetime(2026, 1, 11, 23, 30, tzinfo=dt.UTC)
    assert raw.received_at.utcoffset() == dt.timedelta(0)
    assert raw.received_from is ReceivedFrom.internaldate
    assert list(intake.sightings) == [("post", "INBOX", 4711, raw.uid, "")]


def test_leave_changes_nothing_at_all_on_the_server(
    dovecot: Dovecot, source: Sources, run: Run, intake: MemoryIntake
) -> None:
    dovecot.deliver(*MAILS)
    with dovecot.client() as client:
        client.select()
        client.store("2", "+FLAGS", "(\\Flagged)")
        client.store("3", "+FLAGS", "(\\Seen)")
    before, folders = dovecot.mails(), dovecot.doveadm("mailbox", "list", "-u", "demo")
    assert run(source(after_fetch="leave")) == Received(seen=5, accepted=5)
    assert run(source(after_fetch="leave")) == Received()
    dovecot.deliver(b"Subject: neu\r\n\r\nneu\r\n")
    assert run(source(after_fetch="leave")) == Received(seen=1, accepted=1)
    assert dovecot.mails()[:5] == before
    assert dovecot.doveadm("mailbox", "list", "-u", "demo") == folders
    with dovecot.client() as client:
        assert client.select()[0] == "OK"
        # EXAMINE does not even take \Recent away.
        assert client.recent()[1] == [b"1"]


def test_flags_of_a_mail_survive_the_move(dovecot: Dovecot, source: Sources, run: Run) -> None:
    dovecot.deliver(MAILS[0])
    with dovecot.client() as client:
        client.select()
        client.store("1", "+FLAGS", "(\\Seen \\Flagged)")
    run(source())
    assert dovecot.mails("Verarbeitet") == [(MAILS[0], frozenset({"\\Seen", "\\Flagged"}))]


def test_a_new_uidvalidity_reads_everything_again_and_doubles_nothing(
    dovecot: Dovecot, source: Sources, run: Run, intake: MemoryIntake
) -> None:
    dovecot.deliver(*MAILS)
    run(source(after_fetch="leave"))
    dovecot.set_uid_validity(99)
    dovecot.deliver(b"Subject: neu\r\n\r\nneu\r\n")
    assert run(source(after_fetch="leave")) == Received(seen=6, accepted=1, repeated=5)
    assert len(intake.items) == 6
    assert len(intake.sightings) == 11


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_in_mid_message_loses_nothing_and_the_next_run_completes(
    dovecot: Dovecot, source: Sources, run: Run, archive: FileArchive, reset: bool
) -> None:
    big = b"Subject: gross\r\n\r\n" + b"0123456789abcdef" * 4 * 1024 * 40 + b"\r\n"
    dovecot.deliver(MAILS[0], big, MAILS[1])
    with Proxy(dovecot.port, cut=1_500_000, reset=reset) as proxy:
        result = run(source(port=proxy.port))
    assert (result.accepted, result.exit_code) == (2, os.EX_TEMPFAIL)
    assert "Mail 2 of INBOX" in result.failures[0]
    assert contents(archive) == {MAILS[0], MAILS[1]}
    assert [mail for mail, _flags in dovecot.mails()] == [big]
    assert run(source()) == Received(seen=1, accepted=1)
    assert contents(archive) == {MAILS[0], MAILS[1], big}
    assert not list((archive.root / "tmp").iterdir())


@pytest.mark.parametrize("cut", [20, 200, 500, 700, 900, 1100])
def test_a_cut_anywhere_is_temporary(dovecot: Dovecot, source: Sources, run: Run, cut: int) -> None:
    dovecot.deliver(MAILS[0])
    with Proxy(dovecot.port, cut=cut) as proxy:
        assert run(source(port=proxy.port)).exit_code == os.EX_TEMPFAIL
    result = run(source())
    assert result.exit_code == 0
    assert len(dovecot.mails("Verarbeitet")) == 1


def test_a_server_that_falls_silent_costs_read_seconds_and_only_its_own_mail(
    dovecot: Dovecot, source: Sources, run: Run
) -> None:
    dovecot.deliver(b"Subject: gross\r\n\r\n" + b"x" * 70 * 1000 * 10 + b"\r\n", MAILS[1])
    with Proxy(dovecot.port, stall=100_000, times=1) as proxy:
        result = run(source(port=proxy.port, read_seconds=0.5))
    assert (result.accepted, result.exit_code) == (1, os.EX_TEMPFAIL)
    assert "did not answer in time" in result.failures[0]
    assert run(source()) == Received(seen=1, accepted=1)


@pytest.mark.parametrize("security", ["none", "tls"])
def test_a_mail_that_trickles_in_meets_its_deadline_and_the_others_go_on(
    dovecot: Dovecot, source: Sources, run: Run, security: str
) -> None:
    dovecot.deliver(b"Subject: gross\r\n\r\n" + b"x" * 70 * 1000 * 10 + b"\r\n", MAILS[1])
    port = dovecot.port if security == "none" else dovecot.tls_port
    trust = {"security": security, "ca_file": str(dovecot.authority)}
    with Proxy(port, rate=60_000, times=1) as proxy:
        result = run(source(port=proxy.port, message_seconds=1, **trust))
    assert (result.accepted, result.exit_code) == (1, os.EX_TEMPFAIL)
    assert "took too long" in result.failures[0]
    assert run(source()) == Received(seen=1, accepted=1)


def test_a_server_that_breaks_off_at_every_mail_is_given_up(dovecot: Dovecot, source: Sources, run: Run) -> None:
    dovecot.deliver(*(b"Subject: %d\r\n\r\n" % number + b"x" * 100_000 for number in range(8)))
    with Proxy(dovecot.port, cut=50_000) as proxy:
        result = run(source(port=proxy.port))
        assert proxy.connections == 5
    assert (result.accepted, result.exit_code) == (0, os.EX_TEMPFAIL)
    assert "5 times in a row" in result.failures[-1]
    assert len(dovecot.mails()) == 8


def test_a_worker_killed_in_between_costs_one_more_run_at_most(
    dovecot: Dovecot, source: Sources, archive: FileArchive, intake: MemoryIntake
) -> None:
    dovecot.deliver(*MAILS)
    steps = itertools.count()

    def step(_name: str) -> None:
        if next(steps) == 4:  # after the commit of the second mail, before its move
            assert dovecot.kill_workers() == 1

    def now() -> dt.datetime:
        return dt.datetime(2026, 1, 15, tzinfo=dt.UTC)

    result = receive(source(), archive=archive, intake=intake, now=now, step=step)
    assert (result.accepted, result.exit_code) == (5, os.EX_TEMPFAIL)
    assert dovecot.mails() == []
    assert len(dovecot.mails("Verarbeitet")) == 5


def test_what_was_committed_but_not_moved_is_moved_by_the_next_run(dovecot: Dovecot, source: Sources, run: Run) -> None:
    dovecot.deliver(*MAILS)
    run(source(after_fetch="leave"))
    assert len(dovecot.mails()) == 5
    assert run(source()) == Received()
    assert dovecot.mails() == []
    assert {mail for mail, _flags in dovecot.mails("Verarbeitet")} == set(MAILS)


def test_a_read_only_mailbox_is_read_and_left_alone(dovecot: Dovecot, source: Sources, run: Run) -> None:
    dovecot.deliver(*MAILS, mailbox="Nurlesen")
    dovecot.set_read_only("Nurlesen")
    assert run(source(mailbox="Nurlesen")) == Received(seen=5, accepted=5)
    assert run(source(mailbox="Nurlesen")) == Received()
    assert len(dovecot.mails("Nurlesen")) == 5
    findings = list(source(mailbox="Nurlesen").check())
    assert [finding.good for finding in findings] == [True, False]
    assert "no right to change" in findings[1].message


def test_a_missing_right_to_move_is_told_once_and_mails_are_accepted(
    dovecot: Dovecot, source: Sources, run: Run
) -> None:
    dovecot.deliver(*MAILS, mailbox="Halb")
    dovecot.set_rights("Halb", "lrws")
    result = run(source(mailbox="Halb"))
    assert (result.seen, result.accepted, len(result.failures)) == (5, 5, 1)
    assert result.exit_code == os.EX_CONFIG
    assert "cannot be moved to Verarbeitet" in result.failures[0]


def test_without_move_it_copies_and_expunges_only_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    with Dovecot(capability="IMAP4rev1 NAMESPACE UIDPLUS") as dovecot:
        dovecot.deliver(*MAILS[:2])
        source = source_maker(dovecot, tmp_path, monkeypatch)(after_fetch="leave")
        run(source)
        with dovecot.client() as client:
            client.append("INBOX", "\\Deleted", None, MAILS[2])
        # Accepted, then not moved: so that the one marked by a person is still there at the time of the expunge.
        intake_less = source_maker(dovecot, tmp_path, monkeypatch)()
        assert run(intake_less) == Received(seen=1, accepted=1)
        assert {mail for mail, _flags in dovecot.mails("Verarbeitet")} == set(MAILS[:3])
        assert dovecot.mails() == []


def test_without_move_and_uidplus_mails_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    with Dovecot(capability="IMAP4rev1 NAMESPACE") as dovecot:
        dovecot.deliver(*MAILS)
        source = source_maker(dovecot, tmp_path, monkeypatch)
        assert run(source()) == Received(seen=5, accepted=5)
        assert run(source()) == Received()
        assert {mail for mail, _flags in dovecot.mails()} == set(MAILS)


def test_several_mailboxes_are_read_and_one_that_is_missing_stops_no_other(
    dovecot: Dovecot, source: Sources, run: Run, intake: MemoryIntake
) -> None:
    dovecot.deliver(MAILS[0])
    dovecot.deliver(MAILS[1], mailbox="St&APY-rung")
    result = run(source(mailboxes=["INBOX", "Fehlt", "Störung"]))
    assert (result.accepted, result.exit_code) == (2, os.EX_CONFIG)
    assert "Mailbox Fehlt cannot be opened" in result.failures[0]
    assert "INBOX, Störung" in result.failures[0]
    assert {raw.place for raw in intake.items.values()} == {"INBOX", "Störung"}


def test_the_same_mail_in_two_mailboxes_is_one_item_with_two_sightings(
    dovecot: Dovecot, source: Sources, run: Run, intake: MemoryIntake
) -> None:
    dovecot.deliver(MAILS[0])
    dovecot.deliver(MAILS[0], mailbox="Zweites")
    assert run(source(mailboxes=["INBOX", "Zweites"])) == Received(seen=2, accepted=1, repeated=1)
    assert len(intake.sightings) == 2


def test_a_server_with_a_prefix_gets_the_folder_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    with Dovecot(prefix="INBOX/") as dovecot:
        dovecot.deliver(MAILS[0])
        assert run(source_maker(dovecot, tmp_path, monkeypatch)()) == Received(seen=1, accepted=1)
        assert dovecot.mails("INBOX/Verarbeitet") == [(MAILS[0], frozenset())]


def test_an_account_over_quota_is_still_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    with Dovecot(quota="2K", capability="IMAP4rev1 NAMESPACE UIDPLUS") as dovecot:
        dovecot.deliver(b"Subject: gross\r\n\r\n" + b"x" * 1500)
        result = run(source_maker(dovecot, tmp_path, monkeypatch)())
        assert (result.accepted, result.exit_code) == (1, os.EX_TEMPFAIL)
        assert "uota" in result.failures[0]
        assert len(dovecot.mails()) == 1


def test_an_empty_mail_is_tried_again_later_and_stops_no_other(
    dovecot: Dovecot, source: Sources, run: Run, intake: MemoryIntake
) -> None:
    dovecot.deliver(*MAILS[:2])
    folder = next((dovecot.base / "mail" / "demo" / "Maildir").glob("new")).parent
    inbox_file = min((*folder.glob("new/*"), *folder.glob("cur/*")))
    inbox_file.write_bytes(b"")
    result = run(source(after_fetch="leave"))
    assert (result.accepted, result.exit_code) == (1, os.EX_TEMPFAIL)
    assert len(result.failures) == 1
    assert hashlib.sha256(b"").hexdigest() not in intake.items


def test_a_wrong_password_is_77_and_says_whose(
    dovecot: Dovecot, source: Sources, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_PASSWORD", "falsch")
    result = run(source())
    assert result.exit_code == os.EX_NOPERM
    assert "refuses user 'demo' or the password" in result.failures[0]
    assert "falsch" not in result.failures[0]
    (finding,) = source().check()
    assert not finding.good


def test_a_password_with_umlauts_logs_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    with Dovecot(users={"demo": "Schlüßel 7"}) as dovecot:
        source = source_maker(dovecot, tmp_path, monkeypatch)
        monkeypatch.setenv("TEST_PASSWORD", "Schlüßel 7")
        assert run(source()) == Received()


def test_the_connection_limit_is_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    with Dovecot(connections=1) as dovecot, dovecot.client():
        result = run(source_maker(dovecot, tmp_path, monkeypatch)())
    assert result.exit_code == os.EX_TEMPFAIL
    assert "LIMIT" in result.failures[0]


@pytest.mark.parametrize(("security", "port"), [("tls", "tls_port"), ("starttls", "port")])
def test_tls_is_verified_against_the_authority_named(
    dovecot: Dovecot, source: Sources, run: Run, security: str, port: str
) -> None:
    dovecot.deliver(MAILS[0])
    secure = {"security": security, "port": getattr(dovecot, port)}
    untrusted = run(source(**secure))
    assert untrusted.exit_code == os.EX_CONFIG
    assert "nobody we trust has signed" in untrusted.failures[0]
    assert run(source(**secure, ca_file=str(dovecot.authority))) == Received(seen=1, accepted=1)


@pytest.mark.parametrize(
    ("certificate", "sentence"), [("expired", "has expired"), ("wrong_host", "is for another name than localhost")]
)
@pytest.mark.parametrize(("security", "port"), [("tls", "tls_port"), ("starttls", "port")])
def test_a_bad_certificate_is_named_with_the_way_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Run,
    certificate: str,
    sentence: str,
    security: str,
    port: str,
) -> None:
    with Dovecot(certificate=certificate) as dovecot:
        source = source_maker(dovecot, tmp_path, monkeypatch)
        result = run(source(security=security, port=getattr(dovecot, port), ca_file=str(dovecot.authority)))
    assert result.exit_code == os.EX_CONFIG
    assert sentence in result.failures[0]


def test_tls_spoken_to_a_plain_port_is_a_matter_of_configuration(dovecot: Dovecot, source: Sources, run: Run) -> None:
    result = run(source(security="tls"))
    assert result.exit_code == os.EX_CONFIG
    assert "does not speak TLS on this port" in result.failures[0]


def test_a_server_that_is_not_there_is_temporary(dovecot: Dovecot, source: Sources, run: Run) -> None:
    assert run(source(port=1)).exit_code == os.EX_TEMPFAIL
    assert run(source(host="nirgends.invalid", allow_plaintext=True)).exit_code == os.EX_TEMPFAIL


def test_the_second_of_two_runs_at_once_is_75(dovecot: Dovecot, source: Sources, run: Run) -> None:
    dovecot.deliver(MAILS[0])
    items = source().items(lambda _place: frozenset())
    next(items)
    result = run(source())
    assert (result.seen, result.exit_code) == (0, os.EX_TEMPFAIL)
    assert f"Another run is reading mailbox INBOX of 'post' (process {os.getpid()})" in result.failures[0]
    items.close()  # type: ignore[attr-defined]
    assert run(source()) == Received(seen=1, accepted=1)


def test_two_runs_at_once_accept_every_mail_once(
    dovecot: Dovecot, source: Sources, run: Run, intake: MemoryIntake
) -> None:
    dovecot.deliver(*MAILS)
    results: list[Received] = []
    threads = [threading.Thread(target=lambda: results.append(run(source()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result.accepted for result in results) == 5
    assert sum(result.repeated for result in results) == 0
    assert len(dovecot.mails("Verarbeitet")) == 5


def test_a_mailbox_larger_than_one_answer_is_listed_in_windows(
    dovecot: Dovecot, source: Sources, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sources.imap._SEARCH_WINDOW", 2)
    dovecot.deliver(*MAILS)
    assert run(source()) == Received(seen=5, accepted=5)
    assert dovecot.mails() == []


def test_present_lists_what_lies_there_and_check_finds_all_well(dovecot: Dovecot, source: Sources) -> None:
    dovecot.set_uid_validity(5)
    dovecot.deliver(*MAILS[:2])
    place = Place("INBOX", 5)
    assert list(source().present()) == [(place, 1, ""), (place, 2, "")]
    assert [(finding.good, finding.message) for finding in source().check()] == [
        (True, f"localhost:{dovecot.port} lets us in."),
        (True, "2 mails, UIDVALIDITY 5."),
    ]
    assert len(dovecot.mails()) == 2


PEAK = r"""
import datetime as dt, re, sys
from pathlib import Path
from ingest.archive.files import FileArchive
from ingest.receive import receive
from ingest.sources.imap import build
from models.config import KindConfig
from tests.memory_intake import MemoryIntake
settings = KindConfig(kind="imap", host="localhost", port=int(sys.argv[1]), user="demo", security="none",
                      password_file=sys.argv[3])
result = receive(build("post", settings, data=Path(sys.argv[2])), archive=FileArchive(Path(sys.argv[2], "archive")),
                 intake=MemoryIntake(), now=lambda: dt.datetime.now(dt.UTC))
print(result.accepted, *FileArchive(Path(sys.argv[2], "archive")).digests(),
      # ru_maxrss would count the parent of before the exec, too.
      int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def test_a_mail_of_60_mb_takes_less_than_150_mb_of_memory(dovecot: Dovecot, tmp_path: Path) -> None:
    mail = b"Subject: gross\r\n\r\n" + (b"0123456789abcdef" * 60 + b"\r\n") * (60 * 2**20 // 962)
    dovecot.deliver(mail)
    password = tmp_path / "password"
    password.write_text("demo\n")
    password.chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(dovecot.port), tmp_path, password],
        cwd=Path(__file__).parent.parent.parent,
        env={"PYTHONPATH": ".", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    accepted, digest, peak = done.stdout.split()
    assert (accepted, digest) == ("1", hashlib.sha256(mail).hexdigest())
    assert int(peak) < 150


# Servers that no real Dovecot plays: a session of our own.


class OddSession:
    """A server that gives one mail in the pieces it is told, whatever was asked for."""

    def __init__(self, *pieces: Piece | None) -> None:
        self.is_broken = False
        self.place = Place("INBOX", 7)
        self.stays = ""
        self.moved: list[int] = []
        self._pieces = iter(pieces)

    def select(self, mailbox: str, *, is_read_only: bool) -> None:
        pass

    def folders(self) -> list[str]:
        return ["INBOX"]

    def uids(self) -> frozenset[int]:
        return frozenset({1})

    def fetch(self, uid: int, offset: int, budget: Budget) -> Piece | None:
        return next(self._pieces)

    def move(self, uids: list[int]) -> None:
        self.moved += uids

    def close(self) -> None:
        pass


def odd_source(session: OddSession, tmp_path: Path) -> ImapSource:
    settings = ImapSettings(host="mail.example", user="demo", password_env="X")
    return ImapSource("post", settings, connect=lambda: session, locks=tmp_path)


def piece(content: bytes, size: int, *, is_whole: bool = False, received_at: dt.datetime | None = None) -> Piece:
    return Piece(content, is_whole=is_whole, size=size, received_at=received_at)


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(b"abc" * 10**6, 3 * 10**6, is_whole=True)],
        [piece(b"abc" * 10**6, 10, is_whole=True)],
        [piece(b"abc" * 10, 3 * 10**5), piece(b"abc" * (10**5 - 10), 3 * 10**5)],
        [piece(b"abc" * 10**6, 4 * 10**6), piece(b"", 4 * 10**6)],
    ],
    ids=["no partial fetch", "size too small", "a short piece in the middle", "size too large"],
)
def test_a_server_with_odd_sizes_and_pieces_still_gives_the_whole_mail(
    pieces: list[Piece], tmp_path: Path, run: Run, archive: FileArchive
) -> None:
    session = OddSession(*pieces)
    assert run(odd_source(session, tmp_path)) == Received(seen=1, accepted=1)
    assert contents(archive) == {b"".join(one.content for one in pieces)}
    assert session.moved == [1]


def test_a_mail_that_somebody_deletes_meanwhile_is_passed_over(tmp_path: Path, run: Run, archive: FileArchive) -> None:
    assert run(odd_source(OddSession(None), tmp_path)) == Received()
    result = run(odd_source(OddSession(piece(b"x" * 2**20, 2**21), None), tmp_path))
    assert (result.accepted, result.exit_code) == (0, os.EX_TEMPFAIL)
    assert "went away" in result.failures[0]
    assert contents(archive) == set()


def test_a_mail_without_internaldate_is_accepted_with_a_mark(tmp_path: Path, run: Run, intake: MemoryIntake) -> None:
    run(odd_source(OddSession(piece(b"x", 1)), tmp_path))
    (raw,) = intake.items.values()
    assert raw.received_from is ReceivedFrom.file_time


def test_a_mailbox_without_uidvalidity_is_refused(tmp_path: Path, run: Run) -> None:
    session = OddSession()
    session.place = Place("INBOX", 0)
    result = run(odd_source(session, tmp_path))
    assert result.exit_code == os.EX_CONFIG
    assert "gives no UIDVALIDITY" in result.failures[0]


def test_a_mailbox_that_cannot_be_opened_just_now_keeps_no_other_from_being_read(tmp_path: Path, run: Run) -> None:
    class InUse(OddSession):
        def select(self, mailbox: str, *, is_read_only: bool) -> None:
            if mailbox == "A":
                raise RefusedError("Mailbox A", "select failed: [INUSE] Mailbox is locked")
            self.place = Place(mailbox, 7)

    settings = ImapSettings(host="mail.example", user="demo", password_env="X", mailboxes=("A", "B"))
    session = InUse(piece(b"x", 1))
    result = run(ImapSource("post", settings, connect=lambda: session, locks=tmp_path))
    assert (result.accepted, result.exit_code) == (1, os.EX_TEMPFAIL)
    assert result.failures == (
        "Mailbox A: the server refuses (select failed: [INUSE] Mailbox is locked); the next run tries again.",
    )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"security": "none"}, "plain text"),
        ({"mailbox": "A", "mailboxes": ["B"]}, "give one of the two"),
        ({"mailboxes": ["inbox", "INBOX"]}, "twice"),
        ({"moved_to": "inbox"}, "one of the mailboxes that are read"),
        ({"pasword_file": "x"}, "Did you mean 'password_file'"),
        ({"password": "geheim"}, "secrets never stand in this file"),
        ({"read_seconds": 0}, "greater than 0"),
    ],
)
def test_impossible_settings_are_refused_with_the_way_out(settings: dict[str, Any], sentence: str) -> None:
    keys = {"host": "mail.example", "user": "demo", "password_env": "X", **settings}
    with pytest.raises(ConfigError, match=sentence) as caught:
        build("post", KindConfig(kind="imap", **keys), data=Path("/nowhere"))
    assert "sources.post." in str(caught.value)


def test_plain_text_stays_allowed_on_this_machine_and_where_it_is_asked_for() -> None:
    for keys in ({"host": "127.0.0.1"}, {"host": "mail.example", "allow_plaintext": True}):
        assert ImapSettings(**keys, user="demo", security="none").server.endswith(":143")


def test_a_ca_file_that_holds_no_certificate_is_named(
    dovecot: Dovecot, source: Sources, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("nichts")
    result = run(source(security="tls", ca_file=str(tmp_path / "ca.pem")))
    assert result.exit_code == os.EX_CONFIG
    assert "sources.post.ca_file" in result.failures[0]


MIDNIGHT = dt.datetime(2026, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=1)))


@pytest.mark.parametrize(
    ("answer", "offset", "expected"),
    [
        (
            {b"BODY[]<0>": b"abc", b"RFC822.SIZE": 3, b"INTERNALDATE": MIDNIGHT},
            0,
            piece(b"abc", 3, received_at=dt.datetime(2026, 1, 11, 23, tzinfo=dt.UTC)),
        ),
        ({b"BODY[]": b"abc", b"INTERNALDATE": None}, 0, piece(b"abc", 0, is_whole=True)),
        ({b"BODY[]<3>": None, b"RFC822.SIZE": 3}, 3, piece(b"", 3)),
        ({b"BODY[]<3>": b"", b"RFC822.SIZE": 5}, 3, piece(b"", 5)),
        ({b"BODY[]<0>": None, b"RFC822.SIZE": 3}, 0, "without content"),
        ({b"BODY[]<0>": b"", b"RFC822.SIZE": 0}, 0, "without content"),
        ({b"BODY[]<3>": None, b"RFC822.SIZE": 5}, 3, "without content"),
        ({b"BODY[]<0>": 123, b"RFC822.SIZE": 3}, 0, "without content"),
        ({b"FLAGS": ()}, 0, "without content"),
        ({b"BODY[]<0>": b"abc", b"RFC822.SIZE": 9}, 3, "another piece"),
    ],
)
def test_an_answer_is_read_strictly(answer: dict[bytes, Any], offset: int, expected: Piece | str) -> None:
    if isinstance(expected, Piece):
        assert imap._piece(answer, offset, "Mail 1") == expected
        return
    with pytest.raises(TemporaryError, match=expected):
        imap._piece(answer, offset, "Mail 1")


@pytest.mark.parametrize(
    ("text", "exit_code"),
    [
        ("authenticate failed: [AUTHENTICATIONFAILED] Authentication failed.", 77),
        ("authenticate failed: AUTHENTICATE failed.", 77),
        ("login failed: [EXPIRED] Password expired", 77),
        ("[LIMIT] Maximum number of connections from user+IP exceeded", 75),
        ("[UNAVAILABLE] Temporary authentication failure. [mail:2026-01-12 09:00:00]", 75),
        ("[INUSE] Mailbox is in use", 75),
        ("[ALERT] Too many simultaneous connections. (Failure)", 75),
        ("Request is throttled. Suggested Backoff Time: 30000 milliseconds", 75),
        ("[PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.", 78),
    ],
)
def test_what_servers_say_at_the_log_in_has_the_right_exit_code(text: str, exit_code: int) -> None:
    settings = ImapSettings(host="mail.example", user="demo", password_env="X")
    assert login_error(text, settings, "sources.post").exit_code == exit_code
