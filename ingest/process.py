"""Steps two and three for accepted items: one at a time here, side by side in a pool of processes for a whole run.

The Item row says what is to be done and what is done; a process that dies leaves its item to the next one.
"""

import datetime as dt
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Protocol
from zoneinfo import ZoneInfo

from ingest.archive.base import Archive
from ingest.understand import Classify, Reader, understand
from models.classification import Classification
from models.errors import ItemError, PosteingangError
from models.message import Channel, Message, Original


class Work(Protocol):
    """An accepted item that this process has claimed."""

    @property
    def id(self) -> int:
        """Number of the item."""
        ...

    @property
    def sha256(self) -> str:
        """Name in the archive."""
        ...

    @property
    def channel(self) -> Channel:
        """The way it came."""
        ...

    @property
    def name(self) -> str:
        """File name; empty for mail."""
        ...

    @property
    def received_at(self) -> dt.datetime:
        """Receipt, UTC."""
        ...


class Office(Protocol):
    """The part of the store that processing needs."""

    def claim(self) -> Work | None:
        """The next item to be done, mails first; None if there is none. Nobody else gets it meanwhile."""
        ...

    def file(self, item_id: int, message: Message, classification: Classification) -> int:
        """File it in one transaction and give the ticket's number; twice changes nothing."""
        ...

    def set_aside(self, item_id: int, error: ItemError) -> None:
        """Put it into quarantine with its reason."""
        ...

    def release(self, item_id: int) -> None:
        """Give it back: it could not be worked on for reasons that are not its own."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an item ended."""

    item_id: int
    ticket_id: int | None
    """None if it was set aside."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a process needs to work on items."""

    office: Office
    archive: Archive
    read: Reader
    classify: Classify
    zone: ZoneInfo
    step: Callable[[str], None] = lambda _name: None
    """Told ``claimed``, ``understood``, ``filed`` after each step."""


OpenTools = Callable[[], AbstractContextManager[Tools]]
"""Builds the tools inside the process that uses them; must be importable, so that a new process can run it."""


def process(work: Work, tools: Tools) -> Outcome:
    """Understand and file one claimed item; running it twice changes nothing.

    Raises:
        PosteingangError: if the database or archive is gone; the item is given back, or else its lease runs out.
    """
    try:
        return _process(work, tools)
    except PosteingangError:
        with suppress(PosteingangError):
            tools.office.release(work.id)
        raise


def _process(work: Work, tools: Tools) -> Outcome:
    received_on = work.received_at.astimezone(tools.zone).date().isoformat()
    original = Original(work.sha256, work.channel, work.name)
    try:
        with tools.archive.local(work.sha256) as path:
            message, classification = understand(path, original, received_on, read=tools.read, classify=tools.classify)
    except ItemError as error:
        tools.office.set_aside(work.id, error)
        tools.step("set_aside")
        return Outcome(work.id, None, error.reason)
    tools.step("understood")
    ticket_id = tools.office.file(work.id, message, classification)
    tools.step("filed")
    return Outcome(work.id, ticket_id)


def drain(tools: Tools) -> Iterator[Outcome]:
    """Process accepted items in this process until there are none."""
    while (work := tools.office.claim()) is not None:
        tools.step("claimed")
        yield process(work, tools)


def drain_side_by_side(
    open_tools: OpenTools, processes: int, *, preload: Sequence[str] = (), restarts: int = 3
) -> Iterator[Outcome]:
    """Process accepted items in a pool of processes until there are none.

    Args:
        open_tools: builds the tools in each process.
        processes: how many at once.
        preload: modules that every process needs; they are imported once for all of them.
        restarts: how often a process that died (out of memory, killed) is replaced before the run gives up on it;
            what it had claimed is taken up by the next run, which finds its owner dead.

    Raises:
        PosteingangError: what ended a process in an orderly way, after the others are done.
    """
    pool = _Pool(open_tools, preload)
    for _ in range(processes):
        pool.start()
    failure: PosteingangError | None = None
    while pool.running:
        for news in pool.news():
            if isinstance(news, Outcome):
                yield news
            elif isinstance(news, PosteingangError):
                failure = news
            elif restarts > 0:
                restarts -= 1
                pool.start()
    if failure is not None:
        raise failure


@dataclass(frozen=True, slots=True)
class _Died:
    """News of a process that ended in no orderly way."""


class _Pool:
    """Processes that drain, and the pipes on which they tell their outcomes."""

    def __init__(self, open_tools: OpenTools, preload: Sequence[str]) -> None:
        self.running: dict[Connection, multiprocessing.process.BaseProcess] = {}
        self._open_tools = open_tools
        # Not fork: the parent may have threads (progress bar); not spawn: it would import everything anew each time.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(preload))

    def start(self) -> None:
        receiver, sender = self._context.Pipe(duplex=False)
        worker = self._context.Process(target=_work, args=(self._open_tools, sender))
        worker.start()
        sender.close()
        self.running[receiver] = worker

    def news(self) -> Iterator[Outcome | PosteingangError | _Died]:
        """Wait until some process has something to tell."""
        for receiver in wait(list(self.running)):
            assert isinstance(receiver, Connection)  # noqa: S101 - wait() takes sockets, too
            try:
                yield receiver.recv()
            except EOFError:
                receiver.close()
                worker = self.running.pop(receiver)
                worker.join()
                if worker.exitcode != 0:
                    yield _Died()


def _work(open_tools: OpenTools, sender: Connection) -> None:
    """The life of one process of the pool."""
    with sender:
        try:
            with open_tools() as tools:
                for outcome in drain(tools):
                    sender.send(outcome)
        except PosteingangError as error:
            sender.send(error)
