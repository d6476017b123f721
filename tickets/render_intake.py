"""What people see of the intake: the state of the house, the quarantine, the reconciliation, the checks of `doctor`."""

import re
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from models.catalogue import _
from models.message import Channel
from models.status import ItemState
from tickets.plain import clock, day, harmless, one_line
from tickets.render import status_label
from tickets.views import Counts, ItemView, RunView, SourceDay


def reason_label(reason: str) -> str:
    """The name of a reason for setting aside, in the language in use."""
    return {
        "encrypted": _("encrypted"),
        "empty": _("empty"),
        "damaged": _("damaged"),
        "too_large": _("too large"),
        "timeout": _("took too long"),
        "memory": _("needed too much memory"),
        "crashed": _("the reader crashed"),
        "unsupported": _("no reader for this format"),
        "bug": _("an error in the program"),
    }.get(reason, reason)


def state_label(state: ItemState) -> str:
    """The name of an item's state in the language in use."""
    return {
        ItemState.accepted: _("waits to be read"),
        ItemState.filed: _("filed"),
        ItemState.set_aside: _("set aside"),
        ItemState.ignored: _("ignored"),
    }[state]


def status_tables(counts: Counts, zone: ZoneInfo) -> Iterator[RenderableType]:
    """How the house stands: alarms and deadlines first, then sources, then tickets."""
    moment = clock(zone)
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(no_wrap=True)
    facts.add_column(justify="right", no_wrap=True)
    facts.add_column(style="dim")
    facts.add_row(_("Dangers nobody has acknowledged"), _number(counts.alarms, "bold red"), "")
    facts.add_row(_("Deadlines passed"), _number(counts.overdue, "bold red"), "")
    facts.add_row(_("Deadlines within three days"), _number(counts.due_soon, "yellow"), "")
    facts.add_row(_("Set aside"), _number(counts.set_aside, "yellow"), _since(moment(counts.oldest_set_aside)))
    facts.add_row(_("Accepted, not yet read"), _number(counts.waiting, "yellow"), _since(moment(counts.oldest_waiting)))
    for status, count in counts.tickets.items():
        facts.add_row(status_label(status), str(count), "")
    yield facts
    yield _run_table(counts.runs, zone)


def _number(count: int, style: str) -> Text:
    return Text(str(count), style=style if count else "")


def _since(moment: str) -> str:
    return _("oldest from {moment}").format(moment=moment) if moment else ""


def _run_table(runs: Iterable[RunView], zone: ZoneInfo) -> Table:
    moment = clock(zone)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in (_("Source"), _("Last run"), _("Seen"), _("New"), _("Result")):
        table.add_column(title)
    for run in runs:
        result = Text(one_line(run.message) or _("exit code {code}").format(code=run.exit_code), style="red")
        good = Text(_("good"), style="green")
        table.add_row(
            run.source, moment(run.ended_at), str(run.seen), str(run.accepted), result if run.exit_code else good
        )
    return table


def quarantine_table(items: Iterable[ItemView], zone: ZoneInfo) -> Table:
    """What was set aside and why, oldest first."""
    moment = clock(zone)
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    table.add_column(_("Item"), justify="right", no_wrap=True)
    table.add_column(_("Received"), no_wrap=True)
    table.add_column(_("From source"), no_wrap=True, overflow="ellipsis", max_width=40)
    table.add_column(_("Why"), ratio=1)
    for item in items:
        table.add_row(
            str(item.id),
            moment(item.received_at),
            Text(_origin(item)),
            Text.assemble((reason_label(item.reason), "bold yellow"), f": {one_line(item.message, 300)}"),
        )
    return table


# The scan folder tells reused names apart by twelve digits of a hash; the scanner's own name is what people know.
_TOLD_APART = re.compile(r"~[0-9a-f]{12}(?=\.|$)")


def _origin(item: ItemView) -> str:
    """Where it was first seen, and under which name."""
    name = _TOLD_APART.sub("", item.name)
    if not item.sightings:
        return one_line(name)
    first = item.sightings[0]
    return one_line(f"{first.source}: {name or f'{first.place}, UID {first.uid}'}")


def quarantine_panel(item: ItemView, zone: ZoneInfo) -> Panel:
    """One item that was set aside, with everything that helps to find out why."""
    moment = clock(zone)
    channel = {Channel.email: _("mail"), Channel.letter: _("letter")}[item.channel]
    lines: list[RenderableType] = [
        Text(f"{channel} · {item.size} bytes · sha256 {item.sha256}", style="dim"),
        Text(_("received {moment}").format(moment=moment(item.received_at)), style="dim"),
    ]
    lines += [
        Text(one_line(f"{s.source} · {s.place} · {s.name or f'UIDVALIDITY {s.uidvalidity} UID {s.uid}'}"), style="dim")
        for s in item.sightings
    ]
    if item.detail.strip():
        lines.append(Text(harmless(item.detail).strip()))
    if item.reason or item.message:
        why = f": {one_line(item.message, 500)}"
        lines.insert(0, Text.assemble((reason_label(item.reason), "bold yellow"), why))
    if item.state is ItemState.set_aside:
        lines.append(Text(f"posteingang quarantine retry {item.id}  ·  … ignore {item.id} --reason …", style="dim"))
    if item.ticket_id is not None:
        lines.append(Text(f"posteingang show {item.ticket_id}", style="dim"))
    title = _("Item {number}: {state}").format(number=item.id, state=state_label(item.state))
    return Panel(Group(*lines), title=title, title_align="left")


def finding_table(findings: Iterable[tuple[str, bool, str]]) -> Table:
    """What `doctor` tried: name, good or not, what was found or what to do."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(max_width=30, overflow="fold")
    table.add_column(overflow="fold")
    for name, good, message in findings:
        mark = Text("✓", style="green") if good else Text("✗", style="bold red")
        table.add_row(mark, name, Text(one_line(message, 500), style="" if good else "red"))
    return table


def reconciliation_tables(
    days: Iterable[SourceDay], gaps: Iterable[str], notes: Iterable[str]
) -> Iterator[RenderableType]:
    """Seen = filed + set aside + ignored + waiting, by source and day; then what is missing, then what to know."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in (_("Source"), _("Day")):
        table.add_column(title, no_wrap=True)
    for title in (_("Seen"), _("Filed"), _("Set aside"), _("Ignored"), _("Waiting")):
        table.add_column(title, justify="right", no_wrap=True)
    total = [0] * 5
    for row in days:
        numbers = [row.seen, row.filed, row.set_aside, row.ignored, row.waiting]
        total = [sum(pair) for pair in zip(total, numbers, strict=True)]
        table.add_row(row.source, day(row.day), *map(str, numbers))
    table.add_section()
    table.add_row(_("all"), "", *map(str, total), style="bold")
    yield table
    found = [Text(one_line(gap, 300), style="bold red") for gap in gaps]
    yield Group(*found) if found else Text(_("Nothing is missing."), style="green")
    yield from (Text(one_line(note, 300), style="dim") for note in notes)
