"""One run of the intake: accept from every source, then read and file in a pool of processes."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from commands.output import console
from commands.reconciling import waiting_sentence
from commands.state import State
from commands.wiring import LOCKS, build_archive, build_sources, tools_for
from ingest.ownership import dead_owners
from ingest.process import Outcome, drain, drain_side_by_side
from ingest.receive import Received, receive_all, worst
from models.catalogue import _
from models.errors import PosteingangError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tickets.views import TicketSummary

_PRELOAD = ("commands.wiring", "classify.pipeline", "ingest.sandbox", "tickets.store", "tickets.due")
FEW = 8
"""So few items are done in this process: starting a pool would take longer."""


Step = Callable[[str], None]


def _no_step(_name: str) -> None:
    """Nobody looks on."""


@dataclass(slots=True)
class RunReport:
    """What one run did, for people and programs."""

    received: dict[str, Received] = field(default_factory=dict)
    filed: int = 0
    set_aside: list[Outcome] = field(default_factory=list)
    alarms: "tuple[TicketSummary, ...]" = ()
    problems: list[str] = field(default_factory=list)
    exit_code: int = 0

    def as_json(self) -> Iterator[dict[str, Any]]:
        """One object for the run."""
        yield {
            "seen": sum(received.seen for received in self.received.values()),
            "accepted": sum(received.accepted for received in self.received.values()),
            "filed": self.filed,
            "set_aside": [{"item": outcome.item_id, "reason": outcome.reason} for outcome in self.set_aside],
            "alarms": [row.id for row in self.alarms],
            "problems": self.problems,
            "exit_code": self.exit_code,
        }

    def summary(self) -> "Iterator[RenderableType]":
        """A line for people, the alarms above it."""
        from tickets.render import alarm_panel

        if self.alarms:
            yield alarm_panel(self.alarms)
        seen = sum(received.seen for received in self.received.values())
        accepted = sum(received.accepted for received in self.received.values())
        yield _("{seen} seen, {accepted} accepted, {filed} filed, {aside} set aside.").format(
            seen=seen, accepted=accepted, filed=self.filed, aside=len(self.set_aside)
        )


class Progress(Protocol):
    """Told about every step forward."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Stage name, how many are done, of how many if that is known."""
        ...


def run_intake(state: State, only: tuple[str, ...], *, progress: bool, step: Step = _no_step) -> RunReport:
    """Accept and process everything that is there.

    Args:
        state: configuration, store and clock.
        only: names of sources; empty for all.
        progress: show bars on stderr if that is a terminal.
        step: told ``archived``, ``accepted``, ``finished``, ``claimed``, ``understood``, ``filed`` after each step
            of each item that is done in this process; tests kill the process here.

    Raises:
        PosteingangError: only what stops the whole run: the configuration or the database.
    """
    report = RunReport()
    state.store.check()
    with _shown_progress(wanted=progress) as tell:
        _accept(state, only, report, tell, step)
        _process(state, report, tell, step)
    report.alarms = state.store.alarms()
    if report.alarms and not progress:
        # Where somebody looks on, they stand in a frame above the summary.
        report.problems += [_alarm_sentence(row) for row in report.alarms]
    return report


def _alarm_sentence(row: "TicketSummary") -> str:
    from tickets.render import danger_reason

    return _("ALARM, nobody has acknowledged it yet: #{number} {subject} ({reason})").format(
        number=row.id, subject=row.subject, reason=danger_reason(row)
    )


def _accept(state: State, only: tuple[str, ...], report: RunReport, tell: Progress, step: Step) -> None:
    sources = build_sources(state.config, only)
    seen = 0

    def on_item(_item: object) -> None:
        nonlocal seen
        seen += 1
        tell(_("Accepting"), seen, None)

    archive = build_archive(state.config)
    report.received = dict(
        receive_all(sources, archive=archive, intake=state.store, now=state.now, on_item=on_item, step=step)
    )
    for name, received in report.received.items():
        report.problems += [f"{name}: {failure}" for failure in received.failures]
        report.exit_code = worst((report.exit_code, received.exit_code))


def _process(state: State, report: RunReport, tell: Progress, step: Step) -> None:
    for owner in dead_owners(state.config.data / LOCKS):
        state.store.release_owned(owner)
    waiting = state.store.waiting()
    if not waiting:
        return
    processes = min(state.config.workers or os.cpu_count() or 1, waiting)
    try:
        for done, outcome in enumerate(_outcomes(state, waiting, processes, step), 1):
            if outcome.ticket_id is None:
                report.set_aside.append(outcome)
                report.exit_code = worst((report.exit_code, os.EX_DATAERR))
            else:
                report.filed += 1
            tell(_("Reading and filing"), done, max(waiting, done))
    except PosteingangError as error:
        report.problems.append(str(error))
        report.exit_code = worst((report.exit_code, error.exit_code))
    left = state.store.waiting()
    if left and not report.exit_code:
        # A process of the pool was killed more often than it is replaced, or another run still works on them.
        report.problems.append(waiting_sentence(left))
        report.exit_code = os.EX_TEMPFAIL


def _outcomes(state: State, waiting: int, processes: int, step: Step) -> Iterator[Outcome]:
    open_tools = tools_for(state.config_path)
    if waiting <= FEW or processes == 1:
        with open_tools() as tools:
            yield from drain(replace(tools, step=step))
    else:
        yield from drain_side_by_side(open_tools, processes, preload=_PRELOAD)


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
