"""What every source of mail or letters offers. A kind is one file with ``build``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from models.message import RawItem


@dataclass(frozen=True, slots=True)
class Place:
    """A mailbox in one of its lives, or a folder."""

    name: str
    uidvalidity: int = 0


Known = Callable[[Place], frozenset[tuple[int, str]]]
"""Tells (uid, name) of everything of a place that was accepted before; the source gives only what is not in it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `doctor` looked at."""

    name: str
    good: bool
    message: str
    """What was found; if it is not good, what to do about it."""


class Source(Protocol):
    """A place that messages come from. Its lock is held while ``items`` is being read."""

    @property
    def name(self) -> str:
        """Name in the configuration."""
        ...

    def items(self, known: Known) -> Iterator[RawItem]:
        """Give what is new, one at a time; first tidy up what was accepted but not finished by a run that died.

        Raises:
            AnotherRunError: if another process is reading this source.
            TemporaryError: if the server is unreachable or breaks off.
            LoginError: if it refuses the password.
            ConfigError: if the mailbox or folder does not exist or may not be used as configured.
        """
        ...

    def finish(self, item: RawItem) -> None:
        """Move what was accepted out of the way; called only after the database has committed it."""
        ...

    def present(self) -> Iterator[tuple[Place, int, str]]:
        """Everything that lies in the source now, as place, uid, name; what `reconcile` compares with."""
        ...

    def check(self) -> Iterator[Finding]:
        """Try everything that a run needs; yields findings and never raises."""
        ...
