r"""The way through the mailboxes of an account: what is new, in which order, what a break costs, what is moved when.

Knows IMAP's rules (RFC 3501) but not the library that speaks it; a ``Session`` is handed in.
"""

import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ingest.lock import exclusive
from ingest.sources.base import Finding, Known, Place
from ingest.sources.imap_settings import ImapSettings, is_temporary
from models.errors import ConfigError, PosteingangError, TemporaryError
from models.message import Channel, RawItem, ReceivedFrom

_log = logging.getLogger(__name__)

PIECE = 2**20
"""Bytes per partial FETCH: a mail of 60 MB takes no more memory than one of 6, and no more time."""
_MOVE_WINDOW = 200
_BREAKS_IN_A_ROW = 5
"""One mail that the server breaks off at is passed over; so many in a row are the server's own trouble."""


class RefusedError(TemporaryError):
    """The server answered NO or BAD; the connection is as good as before."""

    def __init__(self, subject: str, answer: str) -> None:
        self.answer = answer
        """The server's own words."""
        super().__init__(f"{subject}: the server refuses ({answer}); the next run tries again.")


@dataclass(frozen=True, slots=True)
class Piece:
    """The answer to one partial FETCH."""

    content: bytes
    is_whole: bool
    """The server has no partial FETCH and sent everything."""
    size: int
    """RFC822.SIZE: of the whole mail, as the server believes."""
    received_at: dt.datetime | None
    """INTERNALDATE, UTC."""


@dataclass(slots=True)
class Budget:
    """Seconds that one mail may still take of the server."""

    left: float


class Session(Protocol):
    """A connection that is logged in. Every question has a deadline; after a break ``is_broken`` stays true."""

    is_broken: bool
    place: Place
    stays: str
    """Why mails cannot be moved out of the selected mailbox; empty if they can."""

    def select(self, mailbox: str, *, is_read_only: bool) -> None:
        """Open a mailbox. Raises RefusedError, TemporaryError."""
        ...

    def folders(self) -> list[str]:
        """The names of all mailboxes of the account."""
        ...

    def uids(self) -> frozenset[int]:
        """The UIDs of the mailbox just selected."""
        ...

    def fetch(self, uid: int, offset: int, budget: Budget) -> Piece | None:
        """A piece of a mail; None if there is no such mail. Raises TemporaryError."""
        ...

    def move(self, uids: list[int]) -> None:
        """Move mails to where processed ones go. Raises ConfigError, TemporaryError."""
        ...

    def close(self) -> None:
        """Log out."""
        ...


@dataclass(slots=True)
class _Progress:
    """What is remembered of one mailbox during one run, over all its connections."""

    tried: set[tuple[Place, int]] = field(default_factory=set)
    breaks: int = 0
    """Connections lost in a row."""


class ImapSource:
    """One account and the mailboxes of it that are read."""

    def __init__(
        self,
        name: str,
        settings: ImapSettings,
        *,
        connect: Callable[[], Session],
        locks: Path,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self.name = name
        self._settings = settings
        self._connect = connect
        self._locks = locks
        self._now = now
        self._session: Session | None = None
        self._unmoved: list[int] = []
        """Accepted from the open mailbox, but the server had a bad moment when they were to be moved."""

    def items(self, known: Known) -> Iterator[RawItem]:
        """Give the new mails of every mailbox; see ``ingest.sources.base.Source``.

        A mailbox that cannot be read does not keep the others from it; its error comes at the end.
        """
        problems: list[PosteingangError] = []
        with contextlib.ExitStack() as stack:
            for mailbox in sorted(self._settings.names):
                key = f"imap:{self._settings.user}@{self._settings.server}/{mailbox}"
                stack.enter_context(exclusive(self._locks, key, subject=f"mailbox {mailbox} of '{self.name}'"))
            stack.callback(self._hang_up)
            for mailbox in self._settings.names:
                try:
                    yield from self._mailbox(mailbox, known, problems)
                except PosteingangError as error:
                    problems.append(error)
                    if self._session is None:
                        break  # not even a connection: the next mailbox would fare no better
        _raise_all(problems)

    def finish(self, item: RawItem) -> None:
        """Move an accepted mail away; what cannot be moved now is moved at the end, or by the next run."""
        session = self._session
        if session is None or session.stays or session.place != Place(item.place, item.uidvalidity):
            return
        try:
            session.move([item.uid])
        except TemporaryError:
            self._unmoved.append(item.uid)
            raise

    def present(self) -> Iterator[tuple[Place, int, str]]:
        """Every mail that lies in the mailboxes now; changes nothing."""
        with contextlib.closing(self._connect()) as session:
            for mailbox in self._settings.names:
                place = self._open(session, mailbox, is_read_only=True)
                for uid in sorted(session.uids()):
                    yield place, uid, ""

    def check(self) -> Iterator[Finding]:
        """Log in, open every mailbox, look for a way to move; changes nothing."""
        title = f"{self.name}: log-in"
        try:
            with contextlib.closing(self._connect()) as session:
                yield Finding(title, good=True, message=f"{self._settings.server} lets us in.")
                yield from [self._check_mailbox(session, mailbox) for mailbox in self._settings.names]
        except PosteingangError as error:
            yield Finding(title, good=False, message=str(error))

    def _check_mailbox(self, session: Session, mailbox: str) -> Finding:
        title = f"{self.name}: {mailbox}"
        is_read_only = self._settings.after_fetch == "leave"
        try:
            place = self._open(session, mailbox, is_read_only=is_read_only)
            found = f"{len(session.uids())} mails, UIDVALIDITY {place.uidvalidity}"
        except PosteingangError as error:
            return Finding(title, good=False, message=str(error))
        if session.stays and not is_read_only:
            advice = f'{found}; mails are accepted but stay, because {session.stays}. Set after_fetch = "leave".'
            return Finding(title, good=False, message=advice)
        return Finding(title, good=True, message=f"{found}.")

    def _mailbox(self, mailbox: str, known: Known, problems: list[PosteingangError]) -> Iterator[RawItem]:
        """Give the new mails of one mailbox; connects again where the server breaks off at one of them.

        Raises:
            TemporaryError: if the server cannot be reached (again) or breaks off at too many mails in a row.
        """
        progress = _Progress()
        while progress.breaks < _BREAKS_IN_A_ROW:
            session = self._connected()
            place = self._open(session, mailbox, is_read_only=self._settings.after_fetch == "leave")
            present = session.uids()
            accepted = frozenset(uid for uid, _name in known(place))
            # A run that died between commit and move, or could not move, has left these.
            _move(session, present & accepted, problems)
            yield from self._new(session, sorted(present - accepted), progress)
            if not session.is_broken:
                _move(session, self._unmoved, problems)
                return
        raise TemporaryError(f"{self._settings.server} broke off {progress.breaks} times in a row; given up for now.")

    def _new(self, session: Session, uids: list[int], progress: _Progress) -> Iterator[RawItem]:
        """Give the mails that were not tried before in this run, until the connection breaks."""
        for uid in uids:
            if (session.place, uid) in progress.tried:
                continue
            progress.tried.add((session.place, uid))
            yield from self._mail(session, uid)
            if session.is_broken:
                progress.breaks += 1
                return
            progress.breaks = 0

    def _mail(self, session: Session, uid: int) -> Iterator[RawItem]:
        """One mail, with its first piece fetched already: most mails need no second question."""
        budget = Budget(self._settings.message_seconds)
        received_at: dt.datetime | None = None
        try:
            first = session.fetch(uid, 0, budget)
        except TemporaryError as error:
            chunks = _failing(error)
        else:
            if first is None:
                return  # expunged since the search
            received_at = first.received_at
            chunks = _chunks(session, uid, first, budget)
        yield RawItem(
            source=self.name,
            place=session.place.name,
            name="",
            uidvalidity=session.place.uidvalidity,
            uid=uid,
            channel=Channel.email,
            received_at=received_at or self._now(),
            received_from=ReceivedFrom.internaldate if received_at else ReceivedFrom.file_time,
            chunks=chunks,
        )

    def _open(self, session: Session, mailbox: str, *, is_read_only: bool) -> Place:
        """Open a mailbox and tell which life of it this is.

        Raises:
            ConfigError: if it does not exist, may not be opened, or has no lasting UIDs.
            TemporaryError: if it is locked or the server breaks off.
        """
        self._unmoved = []
        try:
            session.select(mailbox, is_read_only=is_read_only)
        except RefusedError as error:
            if is_temporary(error.answer):
                raise
            folders = ", ".join(session.folders())
            raise ConfigError(
                f"Mailbox {mailbox} cannot be opened ({error.answer}). This account has: {folders}."
            ) from error
        if not session.place.uidvalidity:
            raise ConfigError(
                f"{self._settings.server} gives no UIDVALIDITY for {mailbox}; mails cannot be told apart."
            )
        if session.stays and not is_read_only:
            _log.warning("%s: mails stay in %s, because %s", self.name, mailbox, session.stays)
        return session.place

    def _connected(self) -> Session:
        """The open connection, or a new one where there is none that works."""
        if self._session is not None and self._session.is_broken:
            self._hang_up()
        if self._session is None:
            self._session = self._connect()
        return self._session

    def _hang_up(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def _raise_all(problems: list[PosteingangError]) -> None:
    """Raise what was put off: one error with every sentence, of the kind that a person must mend if there is one."""
    if not problems:
        return
    kind = next((type(problem) for problem in problems if not isinstance(problem, TemporaryError)), TemporaryError)
    raise kind(" ".join(dict.fromkeys(str(problem) for problem in problems)))


def _move(session: Session, uids: frozenset[int] | list[int], problems: list[PosteingangError]) -> None:
    """Move what was accepted; if that fails, new mails are taken in all the same."""
    left = sorted(uids)
    try:
        for start in range(0, len(left), _MOVE_WINDOW):
            if not session.stays:
                session.move(left[start : start + _MOVE_WINDOW])
    except PosteingangError as error:
        problems.append(error)


def _failing(error: TemporaryError) -> Callable[[], Iterator[bytes]]:
    """Chunks of a mail that could not be fetched: whoever asks for them learns why."""

    def chunks() -> Iterator[bytes]:
        raise error
        yield b""

    return chunks


def _chunks(session: Session, uid: int, first: Piece, budget: Budget) -> Callable[[], Iterator[bytes]]:
    """The pieces of a mail, fetched as they are asked for."""

    def chunks() -> Iterator[bytes]:
        piece: Piece | None = first
        offset = 0
        while piece is not None and piece.content:
            for start in range(0, len(piece.content), PIECE):
                yield piece.content[start : start + PIECE]
            offset += len(piece.content)
            # RFC822.SIZE of some servers is wrong: a short piece is the last only if the size agrees; else ask again.
            if piece.is_whole or (len(piece.content) < PIECE and offset >= piece.size):
                return
            piece = session.fetch(uid, offset, budget)
        if piece is None:
            raise TemporaryError(f"Mail {uid} of {session.place.name} went away while it was being read.")

    return chunks
