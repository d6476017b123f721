"""One run at a time: a lock file per mailbox or folder, let go by the kernel when its process dies."""

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from models.errors import AnotherRunError, TemporaryError


def lock_path(folder: Path, key: str) -> Path:
    """The lock file of ``key``: readable for people, unique by its hash."""
    readable = re.sub(r"[^A-Za-z0-9.@-]+", "_", key)[:80]
    return folder / f"{readable}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.lock"


@contextlib.contextmanager
def exclusive(folder: Path, key: str, *, subject: str) -> Iterator[None]:
    """Hold the lock of ``key`` for as long as the context lasts.

    The file stays behind: removing it would let a third process lock a new file while the second waits for the old.

    Args:
        folder: where lock files lie; made if it is missing.
        key: what is locked, such as ``imap:post@mail.example:993/INBOX``.
        subject: the same for people, such as ``mailbox INBOX of 'post'``; begins the error.

    Raises:
        AnotherRunError: if another process holds it; names the process.
        TemporaryError: if the lock file cannot be written.
    """
    path = lock_path(folder, key)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TemporaryError(f"The lock {path} cannot be opened: {error.strerror}. Is the data folder ours?") from error
    try:
        _lock(descriptor, subject)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, subject: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise AnotherRunError(
            f"Another run is reading {subject} (process {holder}). It goes on; this one has nothing to do there."
        ) from None
    # On a full disk the number is missing from the other run's message; the lock holds all the same.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
