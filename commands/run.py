"""One run of the intake: accept from every source, then read and file in a pool of processes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from commands.output import console
from commands.state import State
from commands.wiring import build_archive, build_sources, tools_for
from ingest.process import Outcome, drain, drain_side_by_side
from ingest.receive import Received, receive_all
from models.catalogue import _
from models.errors import PosteingangError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tickets.views import TicketRow

FEW = 8
"""So few items are done in this process: starting a pool would take longer."""


@dataclass(slots=True)
class RunReport:
    """What one run did, for people and programs."""

    received: tuple[Received, ...] = ()
    filed: int = 0
    set_aside: list[Outcome] = field(default_factory=list)
    alarms: "tuple[TicketRow, ...]" = ()
    problems: list[str] = field(default_factory=list)
    exit_code: int = 0

    def as_json(self) -> Iterator[dict[str, Any]]:
        """One object for the run."""
        yield {
            "seen": sum(received.seen for received in self.received),
            "accepted": sum(received.accepted for received in self.received),
            "filed": self.filed,
            "set_aside": [{"item": outcome.item_id, "reason": outcome.reason} for outcome in self.set_aside],
            "alarms": [row.number for row in self.alarms],
            "problems": self.problems,
            "exit_code": self.exit_code,
        }

    def summary(self) -> "Iterator[RenderableType]":
        """A line for people, the alarms above it."""
        from tickets.render import alarm_panel

        if self.alarms:
            yield alarm_panel(self.alarms)
        seen = sum(received.seen for received in self.received)
        accepted = sum(received.accepted for received in self.received)
        yield _("{seen} seen, {accepted} accepted, {filed} filed, {aside} set aside.").format(
            seen=seen, accepted=accepted, filed=self.filed, aside=len(self.set_aside)
        )


class Progress(Protocol):
    """Told about every step forward."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Stage name, how many are done, of how many if that is known."""
        ...


def run_intake(state: State, only: tuple[str, ...], *, progress: bool) -> RunReport:
    """Accept and process everything that is there.

    Raises:
        PosteingangError: only what stops the whole run: the configuration or the database.
    """
    report = RunReport()
    state.store.check()
    with _shown_progress(wanted=progress) as tell:
        _accept(state, only, report, tell)
        _process(state, report, tell)
    report.alarms = state.store.alarms()
    if report.alarms:
        report.problems += [_alarm_sentence(row) for row in report.alarms]
    return report


def _alarm_sentence(row: "TicketRow") -> str:
    return _("ALARM, nobody has acknowledged it yet: #{number} {subject} ({reason})").format(
        number=row.number, subject=row.subject, reason=row.danger_reason
    )


def _accept(state: State, only: tuple[str, ...], report: RunReport, tell: Progress) -> None:
    sources = build_sources(state.config, only)
    seen = 0

    def on_item(_item: object) -> None:
        nonlocal seen
        seen += 1
        tell(_("Accepting"), seen, None)

    archive = build_archive(state.config)
    report.received = receive_all(sources, archive=archive, intake=state.store, now=state.now, on_item=on_item)
    for received in report.received:
        report.problems += [f"{received.source}: {failure}" for failure in received.failures]
        report.exit_code = max(report.exit_code, received.exit_code, key=_severity)


def _process(state: State, report: RunReport, tell: Progress) -> None:
    waiting = state.store.waiting()
    if not waiting:
        return
    processes = min(state.config.workers or os.cpu_count() or 1, waiting)
    try:
        for done, outcome in enumerate(_outcomes(state, waiting, processes), 1):
            if outcome.ticket_id is None:
                report.set_aside.append(outcome)
                report.exit_code = max(report.exit_code, os.EX_DATAERR, key=_severity)
            else:
                report.filed += 1
            tell(_("Reading and filing"), done, max(waiting, done))
    except PosteingangError as error:
        report.problems.append(str(error))
        report.exit_code = max(report.exit_code, error.exit_code, key=_severity)


def _outcomes(state: State, waiting: int, processes: int) -> Iterator[Outcome]:
    open_tools = tools_for(state.config_path)
    if waiting <= FEW or processes == 1:
        with open_tools() as tools:
            yield from drain(tools)
    else:
        yield from drain_side_by_side(open_tools, processes)


_ORDER = (0, os.EX_DATAERR, os.EX_TEMPFAIL, os.EX_NOPERM, os.EX_CONFIG, os.EX_SOFTWARE)


def _severity(exit_code: int) -> int:
    """Of several exit codes of one run the worst counts."""
    return _ORDER.index(exit_code) if exit_code in _ORDER else len(_ORDER)


@contextmanager
def _shown_progress(*, wanted: bool) -> Iterator[Progress]:
    """A progress bar on stderr if that is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    screen = console(stderr=True)
    if not wanted or not screen.is_terminal:
        yield lambda *_news: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=screen) as bars:
        tasks: dict[str, Any] = {}

        def tell(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total or done)

        yield tell
