"""`posteingang demo`: the main job on made-up mail and letters, with real parts, in a folder of its own."""

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import show
from commands.state import State
from models.message import Channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commands.run import RunReport
    from ingest.demo.server import DemoServer

_SHOWN = 25
"""Tickets of the inbox that are printed."""
_SHOWN_DEADLINES = 10

_MARK = ".posteingang-demo"
"""Stands in a folder that a demonstration made: only such a folder is emptied by the next one."""

_CONFIG = """\
# The demonstration's configuration. Its mail server lived only while the demonstration ran.
data = "data"

[utility]
name = "Stadtwerke Musterstadt"
mail_addresses = ["@stadtwerke-musterstadt.example"]
postal_address = ["Stadtwerke Musterstadt", "Marktplatz 1", "45127 Musterstadt"]

[sources.mailbox]
kind = "imap"
host = "127.0.0.1"
port = {port}
security = "none"
user = "{user}"
password_command = "echo {password}"

[sources.scanner]
kind = "folder"
path = "scans"
settle_seconds = 0

# Good scans need no more than this; "exact" takes five times as long.
[ocr]
speed = "fast"

[numbers]
kundennummer = [{{ pattern = '\\b10\\d{{6}}\\b' }}]
vertragskonto = [{{ pattern = '\\b2004\\d{{6}}\\b' }}]
rechnungsnummer = [{{ pattern = '\\b20\\d\\d-\\d{{6}}\\b' }}]

[[forms]]
sender = "noreply@stadtwerke-musterstadt.example"
name = ["Vorname", "Nachname"]
mail = "E-Mail"
message = "Ihre Nachricht"
"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(demo)


def demo(
    folder: Annotated[
        Path, typer.Argument(help="Where it may write; emptied if an earlier demonstration made it.")
    ] = Path("demo"),
) -> None:
    """Show the whole way on made-up mail and letters.

    With a real IMAP server, real scans and SQLite, in a folder of its own.

    Example: posteingang demo
    """
    from commands.run import run_intake
    from ingest.demo.server import DemoServer

    _prepare(folder)
    with DemoServer() as server:
        state = _installation(folder, server)
        show(_deliver(state, server, folder))
        report = run_intake(state, (), progress=True)
        _report(state, report)


def _prepare(folder: Path) -> None:
    """An empty folder of ours.

    Raises:
        ConfigError: if the folder holds something else.
    """
    from models.errors import ConfigError

    if folder.exists():
        if not (folder / _MARK).exists():
            raise ConfigError(f"{folder} exists and was not made by a demonstration; give another folder.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()


def _installation(folder: Path, server: "DemoServer") -> State:
    """Configuration and database as `init` and `migrate` would leave them."""
    from ingest.demo.server import PASSWORD, USER
    from tickets.store import migrate

    config = folder / "posteingang.toml"
    config.write_text(_CONFIG.format(port=server.port, user=USER, password=PASSWORD), "utf-8")
    state = State(config)
    state.config.data.mkdir(mode=0o700)
    migrate(state.config.database_url)
    return state


def _deliver(state: State, server: "DemoServer", folder: Path) -> str:
    """Put mails into the mailbox and scans into the folder; says how many."""
    from ingest.demo.content import letters, mails
    from models.catalogue import _

    now = state.now().astimezone(state.config.zone)
    count = server.deliver(mails(now))
    scans = folder / "scans"
    scans.mkdir()
    total = 0
    for letter in letters(now.date()):
        (scans / letter.name).write_bytes(letter.content)
        sidecar = {"received_on": letter.received_on.isoformat(), "channel": "post"}
        (scans / f"{letter.name}.json").write_text(json.dumps(sidecar), "utf-8")
        total += 1
    text = _("{mails} mails delivered to a real IMAP server on port {port}, {scans} scans dropped into {folder}.")
    return text.format(mails=count, port=server.port, scans=total, folder=scans)


def _report(state: State, report: "RunReport") -> None:
    """What the run brought, in the order in which an office looks at it."""
    from commands.desk import label_of
    from commands.reconciling import reconcile_all
    from models.catalogue import _
    from tickets.render import alarm_panel, deadline_table, ticket_panels, ticket_table
    from tickets.render_intake import quarantine_table, reconciliation_tables
    from tickets.views import TicketFilter

    label, zone, today = label_of(state.taxonomy), state.config.zone, state.today()
    if report.alarms:
        show(alarm_panel(report.alarms))
    tickets = state.store.tickets(TicketFilter(), limit=200).tickets
    _title(_("posteingang list: {count} open tickets, the most urgent first").format(count=len(tickets)))
    show(ticket_table(tickets[:_SHOWN], label, zone, today))
    _title(_("posteingang deadlines: what has to be done by when"))
    show(deadline_table(state.store.deadlines(until=today + dt.timedelta(days=7))[:_SHOWN_DEADLINES], label, today))
    letter = next((t for t in tickets if t.channel is Channel.letter and t.decided and t.danger is None), tickets[0])
    _title(_("posteingang show {number}: a scanned letter, and the words that decided").format(number=letter.id))
    show(*ticket_panels(state.store.ticket(letter.id), label, zone, today))
    _title(_("posteingang quarantine list: what could not be read, and why"))
    show(quarantine_table(state.store.quarantine(), zone))
    _title(_("posteingang reconcile: nothing is lost"))
    result = reconcile_all(state)
    show(*reconciliation_tables(result.days, result.gaps, result.notes))
    _title(_("Try next"))
    show(*_next_commands(state, report, letter.id))


def _title(text: str) -> None:
    from rich.rule import Rule

    show("", Rule(text, align="left", style="bold"))


def _next_commands(state: State, report: "RunReport", letter: int) -> "Iterator[str]":
    """Five commands that work on what the demonstration leaves behind."""
    alarm = report.alarms[0].id if report.alarms else letter
    prefix = f"POSTEINGANG_CONFIG={state.config_path.parent.name}/{state.config_path.name}"
    yield f"  export {prefix}"
    for command in (
        f"posteingang ack {alarm}",
        "posteingang list --due 3",
        f"posteingang take {letter}",
        "posteingang search abrechnung",
        f"posteingang show {alarm}",
    ):
        yield f"  {command}"
