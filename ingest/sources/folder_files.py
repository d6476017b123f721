"""Single files of a drop folder: their names, their bytes, and whether somebody still writes to them."""

import errno
import fcntl
import hashlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

from models.errors import TemporaryError

_PIECE = 2**20
_LONGEST_STEM = 180
"""Bytes; with the key, a counter, the suffix and ``.json`` a name must stay below the 255 of most file systems."""
_KEY = re.compile(r"~[0-9a-f]{12}(-\d+)?(?=\.[^.]*$|$)")


def key(name: str, stat: os.stat_result) -> str:
    """A name for this content of this file: scanners use ``scan0001.pdf`` again every morning.

    The same for as long as nobody touches the file; safe to store, to print and to use as a file name.
    """
    mark = hashlib.sha256(f"{stat.st_mtime_ns}:{stat.st_size}".encode()).hexdigest()[:12]
    clean = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "_", name)
    path = Path(clean)
    stem = path.stem.encode()[:_LONGEST_STEM].decode("utf-8", "ignore")
    return f"{stem}~{mark}{path.suffix[:20]}"


def counted(name: str, number: int) -> str:
    """The ``number``-th name like this one; the first is the name itself.

    >>> counted("scan~0123456789ab.pdf", 2)
    'scan~0123456789ab-2.pdf'
    """
    path = Path(name)
    return name if number == 1 else f"{path.stem}-{number}{path.suffix}"


def original_name(name: str) -> str:
    """The name that a key was made of.

    >>> original_name("scan~0123456789ab-2.pdf")
    'scan.pdf'
    """
    return _KEY.sub("", name, count=1)


def move_apart(path: Path, folder: Path, name: str) -> Path:
    """Move a file into a folder under this name, or the next like it that is free; never overwrites.

    Raises:
        OSError: as ``rename``.
    """
    number = 1
    while status(folder / counted(name, number)):
        number += 1
    # Only one process, the holder of the source's lock, ever writes into these folders.
    return path.rename(folder / counted(name, number))


def status(path: Path) -> os.stat_result | None:
    """What has this name, links not followed; None if nothing has, or nothing can because it is too long.

    Raises:
        OSError: if it cannot be told.
    """
    try:
        return path.lstat()
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENAMETOOLONG}:
            return None
        raise


def is_written_to(path: Path) -> bool:
    """Whether a process of this machine has the file open for writing.

    The kernel gives a read lease only on a file that nobody writes to. Where it gives none at all (network shares,
    files of other users) the answer is False and only the file's quiet tells.

    Raises:
        OSError: if the file cannot be opened for reading.
    """
    descriptor = _open(path)
    try:
        # Should a writer come while we hold the lease, the kernel sends this; SIGIO, its default, would end us.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)  # gives back the lease
    return False


def pieces(path: Path) -> Iterator[bytes]:
    """The bytes of a file in pieces of at most 1 MiB.

    Raises:
        TemporaryError: if it cannot be read, or changes while it is being read.
    """
    try:
        with os.fdopen(_open(path), "rb") as file:
            before = os.fstat(file.fileno())
            size = 0
            while piece := file.read(_PIECE):
                size += len(piece)
                yield piece
            after = os.fstat(file.fileno())
    except OSError as error:
        raise TemporaryError(
            f"The scan {path} cannot be read ({error.strerror}). Give it to the user that runs posteingang; it waits."
        ) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        raise TemporaryError(f"The scan {path} changed while it was being read; the next run tries again.")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that under its name there is never a part of it."""
    unfinished = path.with_name(f"{path.name}.tmp")
    unfinished.write_bytes(content)
    unfinished.rename(path)


def _open(path: Path) -> int:
    """Open for reading; neither follows a symbolic link nor waits for the other end of a pipe."""
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
