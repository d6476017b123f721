"""What agents see of tickets: tables and panels for a terminal. Builds them, prints nothing."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from models.catalogue import _
from models.classification import Check, DangerLevel, Evidence
from models.deadline import DeadlineKind
from models.message import Channel
from models.status import Status
from tickets.plain import clock, day, harmless, one_line, short_day
from tickets.views import (
    DeadlineView,
    EntryView,
    Hit,
    MentionView,
    TicketSummary,
    TicketView,
)

Label = Callable[[str | None], str]
"""The name of a concern in the language in use, by its key; the key itself if the taxonomy no longer has it."""

_SOON = 3
"""Days: a deadline that near is yellow."""


def status_label(status: Status) -> str:
    """The name of a state in the language in use."""
    return {
        Status.new: _("new"),
        Status.assigned: _("assigned"),
        Status.in_progress: _("in progress"),
        Status.waiting_customer: _("waiting for customer"),
        Status.waiting_internal: _("waiting inside the house"),
        Status.waiting_grid: _("waiting for the grid operator"),
        Status.follow_up: _("follow-up"),
        Status.answered: _("answered"),
        Status.closed: _("closed"),
        Status.clarification: _("clarification"),
        Status.duplicate: _("duplicate"),
    }[status]


def kind_label(kind: DeadlineKind) -> str:
    """The name of a kind of deadline in the language in use."""
    return {
        DeadlineKind.statutory_reply: _("reply due by law"),
        DeadlineKind.statutory_act: _("act due by law"),
        DeadlineKind.statutory_option: _("our right ends"),
        DeadlineKind.customer_right: _("customer's right"),
        DeadlineKind.waiting_period: _("not before"),
        DeadlineKind.dunning_hold: _("check dunning hold"),
        DeadlineKind.halt: _("halt the order"),
        DeadlineKind.form_check: _("check the form"),
        DeadlineKind.stated: _("set by the sender"),
        DeadlineKind.internal_sla: _("house target"),
        DeadlineKind.internal_alarm: _("alarm"),
    }[kind]


def ticket_table(tickets: Iterable[TicketSummary], label: Label, zone: ZoneInfo, today: dt.date) -> Table:
    """The inbox: one line a ticket, dangers marked, deadlines coloured."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column(_("Received"), no_wrap=True)
    table.add_column(_("From"), no_wrap=True, overflow="ellipsis", ratio=3)
    table.add_column(_("Subject"), no_wrap=True, overflow="ellipsis", ratio=5)
    table.add_column(_("Concern"), no_wrap=True, overflow="ellipsis", ratio=4)
    table.add_column(_("Due"), no_wrap=True)
    for ticket in tickets:
        table.add_row(
            str(ticket.id),
            _mark(ticket),
            short_day(ticket.received_at.astimezone(zone)),
            Text(one_line(ticket.customer_name or ticket.customer_address, 40)),
            Text(one_line(ticket.subject, 120)),
            Text(label(ticket.concern), style="" if ticket.decided else "dim"),
            _due(ticket.safe_due, today),
        )
    return table


def _mark(ticket: TicketSummary) -> Text:
    if ticket.danger is DangerLevel.alarm:
        return Text("!!", style="bold white on red" if ticket.acknowledged_by is None else "red")
    if ticket.danger is DangerLevel.check:
        return Text("!", style="bold yellow")
    return Text("B" if ticket.channel is Channel.letter else "@", style="dim")


def _due(due: dt.date | None, today: dt.date) -> Text:
    if due is None:
        return Text("")
    left = (due - today).days
    style = "bold red" if left < 0 else "yellow" if left <= _SOON else ""
    return Text(day(due), style=style)


def alarm_panel(tickets: Iterable[TicketSummary]) -> Panel:
    """What somebody has to act on now, before anything else is read."""
    lines = []
    for ticket in tickets:
        who = one_line(ticket.customer_name or ticket.customer_address, 40)
        lines += [
            Text.assemble((f"#{ticket.id} ", "bold"), one_line(ticket.subject, 80), (f"  {who}", "dim")),
            Text(f"   {danger_reason(ticket)}"),
            Text(f"   posteingang ack {ticket.id}", style="dim"),
        ]
    return Panel(Group(*lines), title=_("DANGER: call the customer, tell the control room"), border_style="bold red")


def danger_reason(ticket: TicketSummary) -> str:
    """Why the danger was raised, sentence by sentence in the language in use."""
    return " ".join(_(sentence) for sentence in re.split(r"(?<=\.) ", one_line(ticket.danger_reason)) if sentence)


def deadline_table(rows: Iterable[tuple[TicketSummary, DeadlineView]], label: Label, today: dt.date) -> Table:
    """Running periods by the day on which the office has to be done."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    table.add_column(_("Safe"), no_wrap=True)
    table.add_column(_("By law"), no_wrap=True)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column(_("Concern"), no_wrap=True, overflow="ellipsis", ratio=3)
    table.add_column(_("What"), no_wrap=True, overflow="ellipsis", max_width=18)
    table.add_column(_("Legal basis"), no_wrap=True, overflow="ellipsis", ratio=3)
    for ticket, deadline in rows:
        table.add_row(
            _due(deadline.safe_due, today),
            day(deadline.legal_due),
            str(ticket.id),
            label(deadline.concern),
            kind_label(deadline.kind),
            Text(_basis(deadline)),
        )
    return table


def _basis(deadline: DeadlineView) -> str:
    return deadline.legal_basis if deadline.verified else _("{basis} (unverified)").format(basis=deadline.legal_basis)


def hit_table(hits: Iterable[Hit], label: Label) -> Table:
    """What a search found, with the hit in its sentence."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column(_("From"), no_wrap=True, overflow="ellipsis", ratio=2)
    table.add_column(_("Concern"), no_wrap=True, overflow="ellipsis", ratio=2)
    table.add_column(_("Found"), ratio=6)
    for hit in hits:
        ticket = hit.ticket
        snippet = hit.snippet
        found = Text(harmless(snippet.text))
        for start, end in snippet.hits:
            found.stylize("bold reverse", start, end)
        who = one_line(ticket.customer_name or ticket.customer_address, 40)
        table.add_row(str(ticket.id), Text(who), label(ticket.concern), found)
    return table


def ticket_panels(view: TicketView, label: Label, zone: ZoneInfo, today: dt.date) -> Iterator[RenderableType]:
    """One ticket: its head, concerns with the words that decided, deadlines, mentions, and the timeline."""
    ticket = view.ticket
    moment = clock(zone)
    if ticket.danger is DangerLevel.alarm and ticket.acknowledged_by is None:
        yield alarm_panel([ticket])
    yield Text.assemble((f"#{ticket.id}  ", "bold"), (one_line(ticket.subject, 160), "bold"))
    yield _facts(view, label, moment, today)
    latest = next((entry for entry in reversed(view.entries) if entry.classification), None)
    if latest and latest.classification and latest.classification.evidence:
        yield Text.assemble((_("Words that decided: "), "dim"), evidence_text(latest.classification.evidence))
    if view.mentions:
        yield _mention_table(view.mentions)
    for entry in view.entries:
        yield _entry_panel(entry, view.mentions, moment)
    for link in view.links:
        yield Text(
            f"→ #{link.ticket_id} {one_line(link.subject, 80)} ({one_line(link.reason)}, {status_label(link.status)})"
        )


def evidence_text(evidence: Iterable[Evidence]) -> Text:
    """The passages that decided, the heavier the bolder."""
    text = Text()
    for piece in evidence:
        style = "bold green" if piece.weight >= _HEAVY else "green"
        text.append(f"«{one_line(piece.text, 60)}» ", style=style)
    return text


_HEAVY = 0.2
"""Share of the evidence from which a passage is shown bold."""


def _facts(view: TicketView, label: Label, moment: Callable[[dt.datetime | None], str], today: dt.date) -> Table:
    ticket = view.ticket
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    who = f"{one_line(ticket.customer_name, 60)} <{one_line(ticket.customer_address, 80)}>".replace(" <>", "")
    table.add_row(_("From"), Text(who.strip()))
    table.add_row(_("Received"), moment(ticket.received_at))
    agent = ticket.agent or _("nobody")
    table.add_row(_("State"), Text(f"{status_label(ticket.status)} · {ticket.queue} · {agent}"))
    concerns = Text()
    for concern in view.concerns:
        sure = "" if concern.confidence is None else f" {concern.confidence:.0%}"
        by = "" if concern.origin == "model" else f" ({_origin_label(concern.origin)})"
        concerns.append(f"{label(concern.concern)}{sure}{by}   ", style="bold" if concern.is_primary else "")
    if not view.concerns:
        concerns.append(_("undecided"))
    if not ticket.decided:
        concerns.append(_("(a suggestion)"), style="dim")
    table.add_row(_("Concern"), concerns)
    if ticket.danger is not None:
        done = f" · {ticket.acknowledged_by} {moment(ticket.acknowledged_at)}" if ticket.acknowledged_by else ""
        table.add_row(_("Danger"), Text(f"{_danger_label(ticket.danger)}: {danger_reason(ticket)}{done}", style="red"))
    for deadline in view.deadlines:
        law = _("by law {day}").format(day=day(deadline.legal_due))
        due = Text.assemble(_due(deadline.safe_due, today), f" ({law})  ")
        due.append(f"{kind_label(deadline.kind)}: {_basis(deadline)}", style="dim")
        table.add_row(_("Due"), due)
    if ticket.follow_up_on:
        table.add_row(_("Follow-up"), Text(f"{day(ticket.follow_up_on)} {one_line(ticket.follow_up_reason)}"))
    return table


def _danger_label(level: DangerLevel) -> str:
    return {DangerLevel.alarm: _("alarm"), DangerLevel.check: _("to be checked")}[level]


def _origin_label(origin: str) -> str:
    """Who decided on a concern: the rules, or an agent by login."""
    return _("by the danger rules") if origin == "danger" else one_line(origin, 40)


_CHECK_STYLE = {Check.valid: "green", Check.invalid: "bold red", Check.unchecked: ""}


def _mention_table(mentions: Iterable[MentionView]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(style="dim")
    seen = set()
    for mention in mentions:
        if (mention.kind, mention.value) not in seen:
            seen.add((mention.kind, mention.value))
            value = Text(one_line(mention.value, 60), style=_CHECK_STYLE[mention.check])
            table.add_row(
                mention.kind, value, {Check.valid: _("valid"), Check.invalid: _("INVALID")}.get(mention.check, "")
            )
    return table


def _entry_panel(entry: EntryView, mentions: Iterable[MentionView], moment: Callable[..., str]) -> Panel:
    """One entry of the timeline, what was found in it underlined."""
    author = one_line(entry.author or entry.address, 60)
    body = Text(harmless(entry.text or entry.full_text).strip())
    for mention in mentions:
        if mention.entry_id == entry.id and mention.text:
            body.highlight_words([harmless(mention.text)], "underline")
    message = entry.message
    rest: list[RenderableType] = [body]
    if message:
        names = [one_line(attachment.filename or attachment.media_type, 50) for attachment in message.attachments]
        if names:
            rest.append(Text(_("Attached: {names}").format(names=", ".join(names)), style="dim"))
        if message.quoted.strip():
            count = len(message.quoted.splitlines())
            rest.append(Text(_("[{count} quoted lines folded]").format(count=count), style="dim"))
        rest += [Text(f"! {one_line(warning)}", style="yellow") for warning in message.warnings]
    kind = {"email": _("mail"), "letter": _("letter"), "note": _("note")}.get(entry.kind, entry.kind)
    title = f"{kind} · {moment(entry.received_at)} · {author}"
    return Panel(Group(*rest), title=Text(title), title_align="left", border_style="dim")
