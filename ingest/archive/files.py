"""The archive as a folder: ``ab/cd/abcd…`` named by SHA-256, read-only, on the disk before anybody relies on it."""

import contextlib
import errno
import fcntl
import hashlib
import logging
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from models.errors import NotFoundError, TemporaryError
from models.message import Stored

_log = logging.getLogger(__name__)

_TEMPORARY = "tmp"
_HEXADECIMAL = frozenset("0123456789abcdef")
_READ_SIZE = 2**20

_REMEDIES = {
    errno.ENOSPC: "the disk is full; make room",
    errno.EDQUOT: "the quota of the disk is used up; make room",
    errno.EFBIG: "the file is larger than the system allows; raise the limit",
    errno.EIO: "the disk reports a read or write error; check it",
    errno.EROFS: "the file system is mounted read-only; check the disk",
    errno.EACCES: "the rights of the folder do not allow it; give it to the user that runs posteingang",
}


def build(url: str) -> "FileArchive":
    """Build the archive for ``file:/path`` or a plain path."""
    return FileArchive(Path(url.removeprefix("file://").removeprefix("file:")))


class FileArchive:
    """Originals as read-only files in a folder, which may be a network share."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ready = False

    def put(self, chunks: Iterable[bytes]) -> Stored:
        """Store the bytes; see ``ingest.archive.base.Archive``."""
        try:
            self._prepare()
            with self._temporary() as (descriptor, path):
                stored = _copy(chunks, descriptor)
                self._publish(path, stored)
        except OSError as error:
            raise self._failure(error) from error
        return stored

    @contextlib.contextmanager
    def local(self, sha256: str) -> Iterator[Path]:
        """The file itself; see ``ingest.archive.base.Archive``."""
        path = self.path(sha256)
        if not path.is_file():
            raise NotFoundError(f"The archive {self.root} has no original {sha256}. Restore it from the backup.")
        yield path

    def digests(self) -> Iterator[str]:
        """The SHA-256 of every original, in no order."""
        for first in _folders(self.root):
            for second in _folders(first):
                yield from (path.name for path in second.iterdir() if len(path.name) == 64)

    def verify(self, sha256: str) -> bool:
        """Read the original again and tell whether its bytes are still what its name says.

        Raises:
            NotFoundError: if the archive does not have it.
            TemporaryError: if it cannot be read.
        """
        with self.local(sha256) as path:
            try:
                with path.open("rb") as file:
                    return hashlib.file_digest(file, "sha256").hexdigest() == sha256
            except OSError as error:
                raise self._failure(error) from error

    def path(self, sha256: str) -> Path:
        """Where the original lies or would lie.

        Raises:
            NotFoundError: if ``sha256`` is not 64 lower-case hexadecimal digits; no path is built of anything else.
        """
        if len(sha256) != 64 or not _HEXADECIMAL.issuperset(sha256):
            raise NotFoundError(f"'{sha256}' is not a SHA-256; originals are named by 64 hexadecimal digits.")
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def _prepare(self) -> None:
        """Make the folders and remove what runs that died have left."""
        if self._ready:
            return
        _make_folder(self.root / _TEMPORARY)
        for path in (self.root / _TEMPORARY).iterdir():
            _remove_if_abandoned(path)
        self._ready = True

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[tuple[int, Path]]:
        """A locked file in the archive's own file system; its name is gone when the context ends."""
        path = self.root / _TEMPORARY / f"{os.getpid()}-{secrets.token_hex(8)}"
        descriptor = _create_locked(path)
        try:
            yield descriptor, path
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)

    def _publish(self, temporary: Path, stored: Stored) -> None:
        """Give the finished file its name; when this returns the name survives a power cut too."""
        target = self.path(stored.sha256)
        _make_folder(target.parent)
        try:
            os.link(temporary, target)
        except FileExistsError:
            if target.stat().st_size != stored.size:
                # Only a damaged disk does this: the name promises these bytes, and here they are.
                _log.warning("archive: %s was damaged (wrong size) and is replaced", target)
                temporary.replace(target)
        except OSError as error:
            if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}:
                raise
            # File systems without hard links. To overwrite is harmless: equal names have equal bytes.
            temporary.replace(target)
        _sync_folder(target.parent)

    def _failure(self, error: OSError) -> TemporaryError:
        remedy = _REMEDIES.get(error.errno or 0, error.strerror or str(error))
        return TemporaryError(f"The archive {self.root} cannot store or give back an original: {remedy}.")


def _create_locked(path: Path) -> int:
    """Make a new file and lock it.

    The lock tells a living run from a dead one, also where process numbers are used again or belong to another host.
    """
    while True:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        # Between the two calls another run took it for abandoned and removed it.
        os.close(descriptor)


def _copy(chunks: Iterable[bytes], descriptor: int) -> Stored:
    digest = hashlib.sha256()
    size = 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        _write(descriptor, chunk)
    os.fchmod(descriptor, 0o400)
    os.fsync(descriptor)
    return Stored(digest.hexdigest(), size)


def _write(descriptor: int, chunk: bytes) -> None:
    """Write all of it: a nearly full disk takes a part first and fails only at the next call."""
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]


def _make_folder(path: Path) -> None:
    """Make a folder and those above it; the new names survive a power cut."""
    if path.is_dir():
        return
    _make_folder(path.parent)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot sync folders; they answer EINVAL and have nothing better.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def _remove_if_abandoned(path: Path) -> None:
    """Remove a temporary file that no living process has locked."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:
        return
    finally:
        os.close(descriptor)


def _folders(path: Path) -> list[Path]:
    """The fan-out folders, named by two hexadecimal digits; none if nothing was ever stored."""
    if not path.is_dir():
        return []
    return [folder for folder in path.iterdir() if len(folder.name) == 2 and _HEXADECIMAL.issuperset(folder.name)]
