"""Who works on an item, so that what a dead process had claimed is taken up at once and not when its lease ends.

Each working process holds a lock on a file named after it. The kernel lets go of the lock when the process dies,
however it dies; process numbers are used again, locks are not. Only this machine's files are looked at: what another
machine's process holds is judged by its lease alone.
"""

import contextlib
import fcntl
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

_SUFFIX = ".owner"


@contextlib.contextmanager
def owned(folder: Path) -> Iterator[str]:
    """A name for this process, alive for as long as the context lasts.

    Args:
        folder: where the files lie; made if it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(6)}"
    path = folder / f"{name}{_SUFFIX}"
    # Locked under a name that nobody looks for: a file without a lock would be taken for a dead process's.
    hidden = folder / f".{name}"
    descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        hidden.rename(path)
        yield name
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def dead_owners(folder: Path) -> Iterator[str]:
    """The names of this machine's processes that died; each is forgotten once the caller asks for the next."""
    for path in sorted(folder.glob(f"{socket.gethostname()}-*{_SUFFIX}")):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            yield path.name.removesuffix(_SUFFIX)
            path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
