import datetime as dt
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.archive.files import FileArchive
from ingest.receive import Received, receive
from ingest.sources.base import Place, Source
from ingest.sources.folder import FolderSettings, FolderSource, build
from ingest.sources.folder_files import key, original_name
from models.config import KindConfig
from models.errors import ConfigError
from models.message import Channel, ReceivedFrom
from tests.memory_intake import MemoryIntake

Run = Callable[[Source], Received]
Sources = Callable[..., FolderSource]

LETTER = b"%PDF-1.7 Sehr geehrte Damen und Herren"


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """The folder that the scanner writes into."""
    folder = tmp_path / "scans"
    folder.mkdir()
    return folder


@pytest.fixture
def source(drop: Path, tmp_path: Path) -> Sources:
    """Builds a source; files count as complete at once unless a test says otherwise."""

    def make(**settings: Any) -> FolderSource:
        keys = {"path": str(drop), "settle_seconds": 0, **settings}
        return build("scans", KindConfig(kind="folder", **keys), data=tmp_path)

    return make


def tree(folder: Path) -> list[str]:
    """Every file below a folder, with the keys taken out of the names."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    return sorted(
        (path.parent / original_name(path.name.removesuffix(".json"))).as_posix()
        + path.name[-5:].lower() * path.name.endswith(".json")
        for path in found
    )


def contents(archive: FileArchive) -> set[bytes]:
    return {archive.path(digest).read_bytes() for digest in archive.digests()}


def test_a_scan_is_accepted_with_its_own_time_and_moved_to_done(
    drop: Path, source: Sources, run: Run, intake: MemoryIntake, archive: FileArchive
) -> None:
    (drop / "scan0001.PDF").write_bytes(LETTER)
    os.utime(drop / "scan0001.PDF", (1_768_300_000, 1_768_300_000))
    assert run(source()) == Received(seen=1, accepted=1)
    (raw,) = intake.items.values()
    assert raw.channel is Channel.letter
    assert raw.received_from is ReceivedFrom.file_time
    assert raw.received_at == dt.datetime.fromtimestamp(1_768_300_000, dt.UTC)
    assert original_name(raw.name) == "scan0001.PDF"
    assert raw.place == str(drop)
    assert tree(drop) == ["done/scan0001.PDF"]
    assert (drop / "done" / raw.name).read_bytes() == LETTER
    assert contents(archive) == {LETTER}
    assert run(source()) == Received()


def test_a_name_that_is_used_again_overwrites_nothing(
    drop: Path, source: Sources, run: Run, archive: FileArchive
) -> None:
    for day in range(3):
        (drop / "scan0001.pdf").write_bytes(LETTER + b"%d" % day)
        assert run(source()) == Received(seen=1, accepted=1)
    assert tree(drop) == ["done/scan0001.pdf"] * 3
    assert {path.read_bytes() for path in (drop / "done").iterdir()} == contents(archive)
    assert len(contents(archive)) == 3


def test_a_file_put_back_from_done_is_a_repeat_and_stays_apart(
    drop: Path, source: Sources, run: Run, intake: MemoryIntake
) -> None:
    (drop / "scan.pdf").write_bytes(LETTER)
    os.utime(drop / "scan.pdf", (1_768_300_000, 1_768_300_000))
    run(source())
    (drop / "scan.pdf").write_bytes(LETTER)
    os.utime(drop / "scan.pdf", (1_768_300_000, 1_768_300_000))
    assert run(source()) == Received(seen=1, repeated=1)
    assert len(list((drop / "done").iterdir())) == 2
    assert len(intake.sightings) == 2


def test_a_young_file_waits_until_nobody_writes_any_more(drop: Path, tmp_path: Path, run: Run) -> None:
    scan = drop / "scan.pdf"
    scan.write_bytes(LETTER)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 1:
            with scan.open("ab") as file:
                file.write(b" und noch eine Seite")

    settings = FolderSettings(path=str(drop), settle_seconds=30)
    source = FolderSource("scans", settings, locks=tmp_path, sleep=sleep)
    assert run(source) == Received()
    assert scan.exists()
    assert run(source) == Received(seen=1, accepted=1)
    assert slept == [30, 30]
    assert (next((drop / "done").iterdir())).read_bytes() == LETTER + b" und noch eine Seite"


def test_a_file_that_was_left_alone_long_enough_is_taken_at_once(drop: Path, tmp_path: Path, run: Run) -> None:
    (drop / "scan.pdf").write_bytes(LETTER)

    def sleep(_seconds: float) -> None:
        pytest.fail("waited for nothing")

    settings = FolderSettings(path=str(drop), settle_seconds=30)
    source = FolderSource("scans", settings, locks=tmp_path, sleep=sleep, now=lambda: time.time() + 31)
    assert run(source) == Received(seen=1, accepted=1)


def test_a_file_that_a_process_has_open_for_writing_waits_however_old_it_looks(
    drop: Path, source: Sources, run: Run
) -> None:
    with (drop / "scan.pdf").open("wb") as scanner:
        scanner.write(LETTER)
        scanner.flush()
        assert run(source()) == Received()
        scanner.write(LETTER)
    assert run(source()) == Received(seen=1, accepted=1)
    assert next((drop / "done").iterdir()).read_bytes() == LETTER * 2


@pytest.mark.parametrize("sign", ["scan.pdf.part", "scan.pdf.lock", "scan.pdf.tmp"])
def test_a_sign_beside_a_file_says_not_yet(drop: Path, source: Sources, run: Run, sign: str) -> None:
    (drop / "scan.pdf").write_bytes(LETTER)
    (drop / sign).touch()
    assert run(source(patterns=["*"])) == Received()
    assert [name for _place, _uid, name in source().present()] == [key("scan.pdf", (drop / "scan.pdf").stat())]
    (drop / sign).unlink()
    assert run(source(patterns=["*"])) == Received(seen=1, accepted=1)


def test_a_file_that_changes_while_it_is_read_stays_for_the_next_run(
    drop: Path, source: Sources, run: Run, archive: FileArchive, intake: MemoryIntake
) -> None:
    (drop / "scan.pdf").write_bytes(LETTER)
    made = source()
    items = made.items(lambda _place: frozenset())
    raw = next(items)
    chunks = raw.chunks()
    next(chunks)
    with (drop / ".claimed" / raw.name).open("ab") as late_scanner:
        late_scanner.write(b"!")
    with pytest.raises(Exception, match="changed while it was being read"):
        list(chunks)
    items.close()  # type: ignore[attr-defined]
    assert run(source()) == Received(seen=1, accepted=1)
    assert contents(archive) == {LETTER + b"!"}


def test_links_are_never_followed_and_lie_in_failed(
    drop: Path, source: Sources, run: Run, tmp_path: Path, archive: FileArchive
) -> None:
    secret = tmp_path / "secret.pdf"
    secret.write_bytes(b"geheim")
    (drop / "a.pdf").symlink_to(secret)
    (drop / "b.pdf").symlink_to(tmp_path / "nowhere")
    os.mkfifo(drop / "c.pdf")
    (drop / "d.pdf").write_bytes(LETTER)
    result = run(source())
    assert (result.seen, result.accepted, result.exit_code) == (4, 1, os.EX_DATAERR)
    assert ["symbolic link or a device" in failure for failure in result.failures] == [True] * 3
    assert tree(drop) == ["done/d.pdf", "failed/a.pdf", "failed/b.pdf", "failed/c.pdf"]
    assert secret.read_bytes() == b"geheim"
    assert contents(archive) == {LETTER}
    assert run(source()) == Received()


def test_a_folder_inside_is_left_alone_and_reported(
    drop: Path, source: Sources, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    (drop / "Stapel.pdf").mkdir()
    (drop / "Stapel.pdf" / "scan.pdf").write_bytes(LETTER)
    (drop / "Thumbs.db").write_bytes(b"x")
    assert run(source()) == Received()
    assert "Stapel.pdf is no scan" in caplog.text
    assert [(finding.good, finding.message) for finding in source().check()] == [
        (False, "Stapel.pdf is a folder; nobody will take it. Move it away."),
        (False, "Thumbs.db is no known kind; nobody will take it. Move it away."),
        (True, "0 scans wait."),
    ]


@pytest.mark.parametrize("sidecar", ["scan.pdf.json", "scan.json"])
def test_a_sidecar_gives_the_date_of_receipt(
    drop: Path, source: Sources, run: Run, intake: MemoryIntake, sidecar: str
) -> None:
    (drop / "scan.pdf").write_bytes(LETTER)
    (drop / sidecar).write_text('{"received_on": "2026-01-12", "channel": "post", "operator": "Meyer"}')
    assert run(source(patterns=["*"])) == Received(seen=1, accepted=1)
    (raw,) = intake.items.values()
    assert (raw.received_at, raw.received_from) == (dt.datetime(2026, 1, 12, 12, tzinfo=dt.UTC), ReceivedFrom.batch)
    assert tree(drop) == ["done/scan.pdf", "done/scan.pdf.json"]


def test_a_batch_file_speaks_for_every_scan_of_its_time_and_a_sidecar_overrules_it(
    drop: Path, source: Sources, run: Run, intake: MemoryIntake
) -> None:
    for name in ("a.pdf", "b.tif", "c.jpeg"):
        (drop / name).write_bytes(LETTER + name.encode())
    (drop / "batch.json").write_text('{"received_on": "2026-01-12", "channel": "post"}')
    (drop / "b.tif.json").write_text('{"received_on": "2026-01-09"}')
    assert run(source()) == Received(seen=3, accepted=3)
    dates = {original_name(raw.name): raw.received_at.date().isoformat() for raw in intake.items.values()}
    assert dates == {"a.pdf": "2026-01-12", "b.tif": "2026-01-09", "c.jpeg": "2026-01-12"}
    assert (drop / "batch.json").exists()


def test_yesterdays_batch_file_says_nothing_about_todays_letters(
    drop: Path, source: Sources, run: Run, intake: MemoryIntake
) -> None:
    (drop / "batch.json").write_text('{"received_on": "2026-01-12"}')
    time.sleep(0.05)
    (drop / "scan.pdf").write_bytes(LETTER)
    run(source(batch_hours=0.01 / 3600))
    (raw,) = intake.items.values()
    assert raw.received_from is ReceivedFrom.file_time


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"received_on": "gestern"}', '{"received_on": "2099-01-01"}'])
def test_a_date_that_cannot_be_is_not_believed_and_the_letter_is_accepted(
    drop: Path, source: Sources, run: Run, intake: MemoryIntake, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    (drop / "scan.pdf").write_bytes(LETTER)
    (drop / "scan.pdf.json").write_text(text)
    assert run(source()) == Received(seen=1, accepted=1)
    (raw,) = intake.items.values()
    assert raw.received_from is ReceivedFrom.file_time
    assert "gives no date of receipt" in caplog.text


def test_two_scans_of_one_stem_share_their_sidecar(drop: Path, source: Sources, run: Run, intake: MemoryIntake) -> None:
    (drop / "scan.pdf").write_bytes(LETTER)
    (drop / "scan.tif").write_bytes(LETTER + b"II")
    (drop / "scan.json").write_text('{"received_on": "2026-01-12"}')
    assert run(source()) == Received(seen=2, accepted=2)
    assert {raw.received_from for raw in intake.items.values()} == {ReceivedFrom.batch}
    assert tree(drop) == ["done/scan.pdf", "done/scan.pdf.json", "done/scan.tif", "done/scan.tif.json"]


@pytest.mark.parametrize("killed_after", ["claimed", "archived", "accepted"])
def test_a_run_that_dies_after_its_claim_is_finished_by_the_next(
    drop: Path, source: Sources, run: Run, archive: FileArchive, intake: MemoryIntake, killed_after: str
) -> None:
    (drop / "scan.pdf").write_bytes(LETTER)
    (drop / "batch.json").write_text('{"received_on": "2026-01-12"}')

    def now() -> dt.datetime:
        return dt.datetime(2026, 1, 15, tzinfo=dt.UTC)

    def die(name: str) -> None:
        if name == killed_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        receive(source(), archive=archive, intake=intake, now=now, on_item=lambda _raw: die("claimed"), step=die)
    (drop / "batch.json").unlink()
    assert [path.suffix for path in sorted((drop / ".claimed").iterdir())] == [".pdf", ".json"]
    assert run(source()).exit_code == 0
    (raw,) = intake.items.values()
    assert (len(intake.sightings), raw.received_from) == (1, ReceivedFrom.batch)
    assert tree(drop) == ["done/scan.pdf", "done/scan.pdf.json"]


def test_a_sidecar_whose_scan_was_not_claimed_any_more_goes_back(
    drop: Path, source: Sources, run: Run, intake: MemoryIntake
) -> None:
    (drop / "scan.pdf").write_bytes(LETTER)
    (drop / ".claimed").mkdir()
    (drop / ".claimed" / "scan~0123456789ab.pdf.json").write_text('{"received_on": "2026-01-12"}')
    run(source())
    (raw,) = intake.items.values()
    assert raw.received_from is ReceivedFrom.batch


def test_leave_changes_nothing_and_gives_each_content_once(
    drop: Path, source: Sources, run: Run, intake: MemoryIntake
) -> None:
    (drop / "scan.pdf").write_bytes(LETTER)
    (drop / "link.pdf").symlink_to(drop / "scan.pdf")
    leave = source(after="leave")
    assert run(leave) == Received(seen=1, accepted=1)
    assert run(leave) == Received()
    assert tree(drop) == ["link.pdf", "scan.pdf"]
    assert {path.name for path in drop.iterdir()} == {"link.pdf", "scan.pdf"}
    (drop / "scan.pdf").write_bytes(LETTER + b" neu")
    assert run(leave) == Received(seen=1, accepted=1)
    assert len(intake.items) == 2


@pytest.fixture
def as_nobody(tmp_path: Path) -> Iterator[Path]:
    """A folder, and no root rights for as long as the test lasts: root may read everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        is_root = os.geteuid() == 0
        if is_root:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if is_root:
                os.seteuid(0)


def test_an_unreadable_scan_waits_where_it_is_and_the_others_go_on(as_nobody: Path) -> None:
    drop = as_nobody / "scans"
    drop.mkdir()
    for name in ("a.pdf", "b.pdf"):
        (drop / name).write_bytes(LETTER + name.encode())
    (drop / "a.pdf").chmod(0)
    source = build("scans", KindConfig(kind="folder", path=str(drop), settle_seconds=0), data=as_nobody)
    intake, archive = MemoryIntake(), FileArchive(as_nobody / "archive")

    def once() -> Received:
        return receive(source, archive=archive, intake=intake, now=lambda: dt.datetime(2026, 1, 15, tzinfo=dt.UTC))

    result = once()
    assert (result.seen, result.accepted, result.exit_code) == (2, 1, os.EX_TEMPFAIL)
    assert f"{drop / 'a.pdf'} cannot be taken (Permission denied)" in result.failures[0]
    assert (drop / "a.pdf").exists()
    assert [finding.good for finding in source.check()] == [False, True]
    (drop / "a.pdf").chmod(0o600)
    assert once() == Received(seen=1, accepted=1)


def test_a_folder_that_is_not_ours_to_change_is_a_matter_of_configuration(as_nobody: Path) -> None:
    drop = as_nobody / "scans"
    drop.mkdir()
    (drop / "a.pdf").write_bytes(LETTER)
    drop.chmod(0o500)
    source = build("scans", KindConfig(kind="folder", path=str(drop)), data=as_nobody)
    with pytest.raises(ConfigError, match=r"cannot be made.*set 'sources.scans.after' to 'leave'"):
        next(source.items(lambda _place: frozenset()))
    assert [finding.good for finding in source.check()] == [False, True]
    drop.chmod(0o700)


def test_a_missing_folder_is_a_matter_of_configuration(source: Sources, run: Run, drop: Path) -> None:
    drop.rmdir()
    result = run(source())
    assert result.exit_code == os.EX_CONFIG
    assert "Make it, or correct 'sources.scans.path'" in result.failures[0]
    assert [finding.good for finding in source().check()] == [False]


def test_two_runs_at_once_accept_every_scan_once(drop: Path, source: Sources, run: Run, intake: MemoryIntake) -> None:
    for number in range(20):
        (drop / f"scan{number}.pdf").write_bytes(LETTER + b"%d" % number)
    results: list[Received] = []
    threads = [threading.Thread(target=lambda: results.append(run(source()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result.accepted for result in results) == 20
    assert sum(result.repeated for result in results) == 0
    assert len(list((drop / "done").iterdir())) == 20


@pytest.mark.parametrize(
    "name",
    [b"Z\xe4hler.pdf", "Zähler.pdf".encode(), b"a\nb.pdf", b"x" * 251 + b".pdf", b"~.pdf", b"-rf.pdf", b"%s.pdf"],
)
def test_odd_names_are_made_safe(drop: Path, source: Sources, run: Run, intake: MemoryIntake, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(drop) + b"/" + name)).write_bytes(LETTER)
    assert run(source()) == Received(seen=1, accepted=1)
    (raw,) = intake.items.values()
    json.dumps(raw.name).encode()
    assert raw.name.encode().isascii() or "ä" in raw.name
    assert "\n" not in raw.name
    assert len(raw.name.encode()) < 240
    assert (drop / "done" / raw.name).read_bytes() == LETTER


def test_an_empty_file_is_accepted_and_left_to_the_reader(drop: Path, source: Sources, run: Run) -> None:
    (drop / "leer.pdf").touch()
    assert run(source()) == Received(seen=1, accepted=1)


def test_present_names_what_is_claimed_and_what_waits(drop: Path, source: Sources) -> None:
    (drop / "a.pdf").write_bytes(LETTER)
    items = source().items(lambda _place: frozenset())
    raw = next(items)
    (drop / "b.pdf").write_bytes(LETTER)
    expected = [raw.name, key("b.pdf", (drop / "b.pdf").stat())]
    assert list(source().present()) == [(Place(str(drop)), 0, name) for name in expected]
    items.close()  # type: ignore[attr-defined]
