"""Commands of the desk: lists, one ticket, and what agents do with it."""

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import LARGEST_NUMBER, AsJson, lines, show
from commands.state import State
from models.catalogue import _, language

if TYPE_CHECKING:
    from models.classification import Taxonomy
    from models.status import Status
    from tickets.render import Label
    from tickets.views import TicketSummary

Number = Annotated[int, typer.Argument(help="Number of the ticket.", show_default=False, max=LARGEST_NUMBER)]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    commands: dict[str, Callable[..., None]] = {
        "list": list_tickets,
        "show": show_ticket,
        "deadlines": deadlines,
        "search": search,
        "take": take,
        "note": note,
        "concern": concern,
        "ack": acknowledge,
        "close": close,
        "reopen": reopen,
        "open": open_,
    }
    for name, command in commands.items():
        app.command(name)(command)


def list_tickets(
    context: typer.Context,
    status: Annotated[str, typer.Option(help="Only this state; 'all' for every one.", show_default="open ones")] = "",
    concern: Annotated[str, typer.Option(help="Only this concern, primary or further.", show_default=False)] = "",
    queue: Annotated[str, typer.Option(help="Only this queue.", show_default=False)] = "",
    agent: Annotated[str | None, typer.Option(help="Only this agent's; '-' for nobody's.", show_default=False)] = None,
    danger: Annotated[bool, typer.Option("--danger", help="Only those with a danger.")] = False,
    due: Annotated[int | None, typer.Option(help="Only due within so many days.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List tickets: dangers first, then by deadline and priority.

    Example: posteingang list --queue abrechnung --due 3
    """
    from tickets.views import TicketFilter

    state: State = context.obj
    page = state.store.tickets(
        TicketFilter(
            status=_statuses(status),
            concern=concern,
            queue=queue,
            agent="" if agent == "-" else agent,
            danger=danger,
            due_before=None if due is None else state.today() + dt.timedelta(days=due + 1),
        ),
        limit=limit,
    )
    if concern and not page.tickets:
        _require_concern(state, concern)
    _print_tickets(state, page.tickets, as_json=as_json)
    if page.next and not as_json:
        typer.echo(_("More: {command}").format(command=f"posteingang list --limit {limit * 2}"), err=True)


def _print_tickets(state: State, tickets: "tuple[TicketSummary, ...]", *, as_json: bool) -> None:
    from tickets.render import ticket_table

    if as_json:
        lines(ticket.as_json() for ticket in tickets)
    elif not tickets:
        typer.echo(_("No tickets."))
    else:
        show(ticket_table(tickets, label_of(state.taxonomy), state.config.zone, state.today()))


def show_ticket(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """Show a ticket: concerns, deadlines, all that was written.

    Example: posteingang show 12
    """
    from tickets.render import ticket_panels

    state: State = context.obj
    view = state.store.ticket(number)
    if as_json:
        lines([view.as_json()])
    else:
        show(*ticket_panels(view, label_of(state.taxonomy), state.config.zone, state.today()))


def deadlines(
    context: typer.Context,
    days: Annotated[int, typer.Option(help="Those that end within so many days.", min=0)] = 28,
    as_json: AsJson = False,
) -> None:
    """List running periods by their safe day, overdue ones first.

    The safe day is the one on which the office has to be done; some days before the law's.

    Example: posteingang deadlines --days 7
    """
    from tickets.render import deadline_table

    state: State = context.obj
    rows = state.store.deadlines(until=state.today() + dt.timedelta(days=days))
    if as_json:
        lines({"ticket": ticket.id, **deadline.as_json()} for ticket, deadline in rows)
    elif not rows:
        typer.echo(_("No periods run out by then."))
    else:
        show(deadline_table(rows, label_of(state.taxonomy), state.today()))


def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(help="Words or parts of words; umlauts and ae, oe, ue are the same.")],
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """Search everything that was written, open or closed.

    Example: posteingang search jahresabrechnung goethestr
    """
    from tickets.render import hit_table

    state: State = context.obj
    page = state.store.search(" ".join(words), limit=limit)
    if as_json:
        lines(hit.as_json() for hit in page.hits)
    elif not page.hits:
        typer.echo(_("Nothing found."))
    else:
        show(hit_table(page.hits, label_of(state.taxonomy)))


def take(context: typer.Context, number: Number) -> None:
    """Make a ticket yours.

    Example: posteingang take 12
    """
    state: State = context.obj
    state.store.take(number, state.agent, state.now())
    typer.echo(_("#{number} taken by {agent}").format(number=number, agent=state.agent))


def note(context: typer.Context, number: Number, text: Annotated[str, typer.Argument(help="What to note.")]) -> None:
    """Add a note to a ticket.

    Example: posteingang note 12 "called, will send the reading tomorrow"
    """
    state: State = context.obj
    state.store.note(number, text, state.agent, state.now())
    typer.echo(_("#{number} noted").format(number=number))


def concern(
    context: typer.Context,
    number: Number,
    key: Annotated[str, typer.Argument(help="Key of the concern, such as umzug.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take it away instead.")] = False,
    add: Annotated[bool, typer.Option("--add", help="A further concern; the primary one stays.")] = False,
) -> None:
    """Correct what a ticket is about: set, add or remove a concern.

    Example: posteingang concern 12 umzug
    """
    state: State = context.obj
    if remove:
        state.store.remove_concern(number, key, state.agent, state.now())
    else:
        change = state.store.add_concern if add else state.store.make_primary
        change(number, key, state.agent, state.now(), taxonomy=state.taxonomy, calendar=state.calendar)
    name = label_of(state.taxonomy)(key)
    said = _("#{number} is not about: {concern}") if remove else _("#{number} is about: {concern}")
    typer.echo(said.format(number=number, concern=name))


def acknowledge(context: typer.Context, number: Number) -> None:
    """Acknowledge an alarm: say that you act on it. Your name stands on the ticket.

    Example: posteingang ack 12
    """
    state: State = context.obj
    state.store.acknowledge(number, state.agent, state.now())
    typer.echo(_("#{number} acknowledged by {agent}").format(number=number, agent=state.agent))


def close(
    context: typer.Context,
    number: Number,
    reason: Annotated[str, typer.Option(help="Why, for the history.")] = "",
) -> None:
    """Close a ticket.

    Example: posteingang close 12 --reason "moved out on 31 March, confirmed"
    """
    state: State = context.obj
    state.store.close_ticket(number, reason, state.agent, state.now())
    typer.echo(_("#{number} closed").format(number=number))


def reopen(context: typer.Context, number: Number) -> None:
    """Open a closed ticket again.

    Example: posteingang reopen 12
    """
    state: State = context.obj
    state.store.reopen(number, state.agent, state.now())
    typer.echo(_("#{number} reopened").format(number=number))


def open_(
    context: typer.Context,
    number: Number,
    entry: Annotated[int, typer.Option(help="Which message of it, from 1.", min=1)] = 1,
    only_path: Annotated[
        bool, typer.Option("--path", help="Print the path of a copy of the original instead of opening it.")
    ] = False,
) -> None:
    """Open the original mail or scan of a ticket in the viewer.

    Example: posteingang open 12
    """
    from commands.viewer import original_of, view

    state: State = context.obj
    path = original_of(state, number, entry)
    if only_path:
        typer.echo(str(path))
    else:
        typer.echo(view(path))


def label_of(taxonomy: "Taxonomy") -> "Label":
    """Names of concerns in the language in use; keys of an older taxonomy stay as they are."""

    def label(key: str | None) -> str:
        if key is None:
            return _("undecided")
        known = taxonomy.concerns.get(key)
        if known is None:
            return key
        return known.label_de if language() == "de" else known.label_en

    return label


def _require_concern(state: State, key: str) -> None:
    """An empty list must not come from a misspelt word.

    Raises:
        RefusedError: if the taxonomy has no such concern.
    """
    import difflib

    from models.errors import RefusedError

    known = state.taxonomy.concerns
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(sorted(known))}."
        raise RefusedError(f"There is no concern '{key}'. {hint}")


def _statuses(given: str) -> "frozenset[Status]":
    """The states that an agent asks for: none for the open ones.

    Raises:
        RefusedError: if there is no such state.
    """
    from models.errors import RefusedError
    from models.status import Status

    if given == "all":
        return frozenset(Status)
    try:
        return frozenset(Status(name) for name in given.split(",") if name)
    except ValueError:
        raise RefusedError(f"There is no state '{given}'; the states are {', '.join(Status)}, and all.") from None
