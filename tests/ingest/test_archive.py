import errno
import fcntl
import hashlib
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.archive.files import FileArchive, build
from models.errors import NotFoundError, TemporaryError
from models.message import Stored

LETTER = b"%PDF-1.7 Sehr geehrte Damen und Herren" * 1000
DIGEST = hashlib.sha256(LETTER).hexdigest()


def everything(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_the_bytes_come_back_under_their_digest_and_nobody_can_change_them(archive: FileArchive) -> None:
    stored = archive.put([LETTER[:10], LETTER[10:]])
    assert stored == Stored(DIGEST, len(LETTER))
    with archive.local(DIGEST) as path:
        assert path.read_bytes() == LETTER
        assert path == archive.root / DIGEST[:2] / DIGEST[2:4] / DIGEST
        assert stat.S_IMODE(path.stat().st_mode) == 0o400
        assert {stat.S_IMODE(parent.stat().st_mode) for parent in (path.parent, path.parent.parent)} == {0o700}
    assert list(archive.digests()) == [DIGEST]
    assert archive.verify(DIGEST)


def test_the_same_bytes_again_change_nothing(archive: FileArchive) -> None:
    archive.put([LETTER])
    before = archive.path(DIGEST).stat()
    assert archive.put([LETTER]) == Stored(DIGEST, len(LETTER))
    assert archive.path(DIGEST).stat().st_ino == before.st_ino
    assert everything(archive.root) == [f"{DIGEST[:2]}/{DIGEST[2:4]}/{DIGEST}"]


def test_an_original_that_the_disk_cut_short_is_replaced_by_its_true_bytes(archive: FileArchive) -> None:
    archive.put([LETTER])
    path = archive.path(DIGEST)
    path.chmod(0o600)
    path.write_bytes(b"")
    assert not archive.verify(DIGEST)
    archive.put([LETTER])
    assert archive.verify(DIGEST)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_or_broken_disk_is_a_sentence_and_leaves_nothing_behind(
    archive: FileArchive, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    written: list[bytes] = []

    def write(_descriptor: int, chunk: bytes) -> int:
        if written:
            raise OSError(code, os.strerror(code))
        written.append(chunk)
        return len(chunk)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(TemporaryError, match=r"cannot store.*(disk is full|quota|read or write error)"):
            archive.put([LETTER, LETTER])
    assert everything(archive.root) == []
    assert archive.put([LETTER]).sha256 == DIGEST


def test_a_source_that_breaks_off_leaves_nothing_behind(archive: FileArchive) -> None:
    def chunks() -> Iterator[bytes]:
        yield LETTER
        raise TemporaryError("The server broke off.")

    with pytest.raises(TemporaryError, match="broke off"):
        archive.put(chunks())
    assert everything(archive.root) == []


def test_a_partial_write_is_continued(archive: FileArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, chunk: write(descriptor, bytes(chunk[:7])))
    assert archive.put([LETTER]) == Stored(DIGEST, len(LETTER))
    assert archive.verify(DIGEST)


def test_what_a_dead_run_left_is_removed_and_what_a_living_one_writes_stays(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    (folder / "1-dead").write_bytes(b"half")
    living = folder / "1-living"
    living.write_bytes(b"half")
    with living.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        FileArchive(tmp_path).put([LETTER])
    assert [path.name for path in folder.iterdir()] == ["1-living"]


def test_ten_threads_that_store_the_same_bytes_store_them_once(tmp_path: Path) -> None:
    results: list[Stored] = []

    def put() -> None:
        results.append(FileArchive(tmp_path).put([LETTER] * 20))

    threads = [threading.Thread(target=put) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 10
    assert len(set(results)) == 1
    assert everything(tmp_path) == [f"{results[0].sha256[:2]}/{results[0].sha256[2:4]}/{results[0].sha256}"]


def test_a_file_system_without_hard_links_serves_as_well(archive: FileArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(_source: Path, _target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    archive.put([LETTER])
    archive.put([LETTER])
    assert archive.verify(DIGEST)
    assert everything(archive.root) == [f"{DIGEST[:2]}/{DIGEST[2:4]}/{DIGEST}"]


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", DIGEST.upper(), ""])
def test_what_is_not_there_is_not_found(archive: FileArchive, name: str) -> None:
    with pytest.raises(NotFoundError), archive.local(name):
        pass


def test_an_empty_archive_has_no_digests(archive: FileArchive) -> None:
    assert list(archive.digests()) == []


@pytest.mark.parametrize("url", ["file:/srv/archive", "file:///srv/archive", "/srv/archive"])
def test_a_folder_is_named_by_url_or_path(url: str) -> None:
    assert build(url).root == Path("/srv/archive")


def test_a_temporary_file_that_another_run_took_for_abandoned_is_made_again(
    archive: FileArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, calls = fcntl.flock, []

    def flock(descriptor: int, operation: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            next((archive.root / "tmp").iterdir()).unlink()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    archive.put([LETTER])
    assert len(calls) == 2
    assert archive.verify(DIGEST)
