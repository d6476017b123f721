"""What every archive of originals offers. A kind is one file with ``build``."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from models.message import Stored


class Archive(Protocol):
    """A content-addressed store of original bytes: written once, never changed."""

    def put(self, chunks: Iterable[bytes]) -> Stored:
        """Store the bytes; when this returns they survive a power cut. The same bytes again change nothing.

        Raises:
            TemporaryError: if the disk is full or the store is unreachable; nothing is left behind.
        """
        ...

    def local(self, sha256: str) -> AbstractContextManager[Path]:
        """A file with the original, to be read only, for as long as the context lasts.

        Raises:
            NotFoundError: if the archive does not have it.
        """
        ...

    def digests(self) -> Iterator[str]:
        """The SHA-256 of every original, in no order."""
        ...
