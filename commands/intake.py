"""Commands of the intake: ingest, status, reconcile, and the quarantine."""

import os
from typing import Annotated

import typer

from commands.output import LARGEST_NUMBER, AsJson, lines, problem, show
from commands.state import State
from models.catalogue import _, plural

ItemNumber = Annotated[int, typer.Argument(help="Number of the item, from 'quarantine list'.", max=LARGEST_NUMBER)]
ItemNumbers = Annotated[list[int], typer.Argument(help="Numbers of items, from 'quarantine list'.", max=LARGEST_NUMBER)]

quarantine = typer.Typer(help="What could not be read: look at it, try again, or ignore it.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (ingest, status, reconcile):
        app.command()(command)
    for name, member in (("list", quarantine_list), ("show", quarantine_show), ("retry", retry), ("ignore", ignore)):
        quarantine.command(name)(member)
    app.add_typer(quarantine, name="quarantine")


def ingest(
    context: typer.Context,
    source: Annotated[list[str] | None, typer.Option(help="Only this source; may be repeated.")] = None,
    quiet: Annotated[bool, typer.Option(help="Print nothing but problems and alarms, for cron.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take in new mail and scans and file them as tickets.

    Each is read and tagged by its concerns; what cannot be read is set aside with the reason.

    Example: posteingang ingest --quiet
    """
    from commands.run import run_intake

    report = run_intake(context.obj, tuple(source or ()), progress=not (quiet or as_json))
    if as_json:
        lines(report.as_json())
    elif not quiet:
        show(*report.summary())
    for sentence in report.problems:
        problem(sentence)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def status(context: typer.Context, as_json: AsJson = False) -> None:
    """Show alarms, deadlines, what waits and what was set aside.

    Example: posteingang status
    """
    from tickets.render_intake import status_tables

    state: State = context.obj
    counts = state.store.overview(state.today())
    if as_json:
        lines([counts.as_json()])
    else:
        show(*status_tables(counts, state.config.zone))


def reconcile(context: typer.Context, as_json: AsJson = False) -> None:
    """Prove that nothing was lost; a gap ends with exit code 70.

    Everything that was seen has to be filed, set aside, ignored or waiting, with its original in the archive. A source
    that cannot be asked ends with 75: for that one nothing is proved.

    Example: posteingang reconcile
    """
    from commands.reconciling import reconcile_all
    from models.errors import IncompleteError
    from tickets.render_intake import reconciliation_tables

    result = reconcile_all(context.obj)
    if as_json:
        rest = {"gaps": result.gaps, "notes": result.notes, "unasked": result.unasked}
        lines([*(day.as_json() for day in result.days), rest])
    else:
        show(*reconciliation_tables(result.days, result.gaps, result.notes))
    for sentence in result.unasked:
        problem(sentence)
    if result.gaps:
        raise IncompleteError(plural("{count} gap: see above.", "{count} gaps: see above.", len(result.gaps)))
    if result.unasked:
        raise typer.Exit(os.EX_TEMPFAIL)


def quarantine_list(context: typer.Context, as_json: AsJson = False) -> None:
    """List what was set aside, oldest first, with the reason.

    Example: posteingang quarantine list
    """
    from tickets.render_intake import quarantine_table

    state: State = context.obj
    items = state.store.quarantine()
    if as_json:
        lines(item.as_json() for item in items)
    elif not items:
        typer.echo(_("Nothing was set aside."))
    else:
        show(quarantine_table(items, state.config.zone))


def quarantine_show(context: typer.Context, item: ItemNumber, as_json: AsJson = False) -> None:
    """Show one of them: its origin, the reason, the reader's last words.

    Example: posteingang quarantine show 12
    """
    from tickets.render_intake import quarantine_panel

    state: State = context.obj
    found = state.store.item(item)
    if as_json:
        lines([found.as_json()])
    else:
        show(quarantine_panel(found, state.config.zone))


def retry(context: typer.Context, items: ItemNumbers) -> None:
    """Give items back to the next ingest, for example after an upgrade.

    Example: posteingang quarantine retry 12 13
    """
    state: State = context.obj
    for item in items:
        state.store.retry(item, state.agent, state.now())
        typer.echo(_("Item {number} waits for the next 'posteingang ingest'.").format(number=item))


def ignore(context: typer.Context, items: ItemNumbers, reason: Annotated[str, typer.Option(help="Why.")]) -> None:
    """Take items out for good; the originals and the reason stay.

    Example: posteingang quarantine ignore 12 --reason "advertising on an encrypted PDF"
    """
    state: State = context.obj
    for item in items:
        state.store.ignore(item, reason, state.agent, state.now())
        typer.echo(_("Item {number} is ignored: {reason}").format(number=item, reason=reason))
