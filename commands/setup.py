"""Commands that set up and look after the installation: init, doctor, migrate."""

import datetime as dt
import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import AsJson, lines, show
from commands.state import State
from models.catalogue import _

if TYPE_CHECKING:
    from ingest.sources.base import Finding


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (init, doctor, migrate, separators):
        app.command()(command)


def init(
    path: Annotated[Path, typer.Argument(help="Where to write the configuration.")] = Path("posteingang.toml"),
) -> None:
    """Write a commented configuration to start from.

    Example: posteingang init /etc/posteingang/posteingang.toml
    """
    from models.errors import ConfigError

    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(files("commands").joinpath("template.toml").read_text("utf-8"))
    except FileExistsError:
        raise ConfigError(f"{path} exists and is left as it is; give another path.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
    typer.echo(f"{path} written. Fill it in, then: posteingang --config {path} migrate, and: … doctor")


def migrate(context: typer.Context) -> None:
    """Create the database, or bring it to this version's revision.

    Example: posteingang migrate
    """
    from tickets.store import migrate as migrate_database

    state: State = context.obj
    state.config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    revision = migrate_database(state.config.database_url)
    typer.echo(f"database at revision {revision}")


def separators(
    out: Annotated[Path, typer.Option(help="Where to write the PDF.")],
    count: Annotated[int, typer.Option(help="Number of sheets.", min=1)] = 20,
    receipt_date: Annotated[str, typer.Option(help="When the post came in, as 2026-01-12.", show_default="today")] = "",
    channel: Annotated[str, typer.Option(help="Such as post or fax.")] = "post",
    kind: Annotated[str, typer.Option(help="Such as brief or einschreiben.")] = "brief",
    batch: Annotated[str, typer.Option(help="The mail room's name for the pile.")] = "1",
) -> None:
    """Print sheets to lay between letters in the scanner.

    A scan with sheets between the letters is told apart at each of them; people can read them, too.

    Example: posteingang separators --count 20 --receipt-date 2026-01-12 --out sheets.pdf
    """
    from ingest.separators import sheet_pdf
    from models.errors import RefusedError

    try:
        received_on = dt.date.fromisoformat(receipt_date) if receipt_date else dt.datetime.now().astimezone().date()
    except ValueError:
        raise RefusedError(f"'{receipt_date}' is no date; write it as 2026-01-12.") from None
    out.write_bytes(sheet_pdf(count, received_on=received_on, channel=channel, kind=kind, batch=batch))
    typer.echo(_("{count} sheets in {path}").format(count=count, path=out))


def doctor(
    context: typer.Context,
    as_json: AsJson = False,
) -> None:
    """Try all that a run needs; say what to do about each failure.

    Example: posteingang doctor
    """
    from tickets.render_intake import finding_table

    state: State = context.obj
    found = list(_findings(state))
    if as_json:
        lines({"name": finding.name, "good": finding.good, "message": finding.message} for finding in found)
    else:
        show(finding_table((finding.name, finding.good, finding.message) for finding in found))
    if not all(finding.good for finding in found):
        raise typer.Exit(os.EX_CONFIG)


def _findings(state: State) -> "Iterator[Finding]":
    """Every check in the order of a message's way."""
    from commands import checks
    from commands.wiring import build_sources
    from ingest.sources.base import Finding
    from models.errors import ConfigError

    config = state.config
    yield Finding("configuration", good=True, message=str(state.config_path))
    yield from checks.data_folder(config.data)
    yield from checks.clock(state.now())
    yield from checks.database(config)
    yield from checks.archive(config)
    for name in config.sources:
        try:
            (source,) = build_sources(config, (name,))
        except ConfigError as error:
            yield Finding(name, good=False, message=str(error))
        else:
            yield from source.check()
    yield from checks.reader(config)
    yield from checks.classifier(config, state.taxonomy)
