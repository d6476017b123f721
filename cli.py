"""The composition root: the command `posteingang`. One short function a command; they live in ``commands/`` by theme.

Nothing heavy is imported at the top of this or the command modules: `--help` and `list` have to be quick.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from commands import analysis, demo, desk, intake, setup
from commands.state import State
from models.errors import PosteingangError

app = typer.Typer(
    name="posteingang",
    help="E-mail and scanned letters of a municipal utility become tickets tagged by concern.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for module in (setup, demo, intake, desk, analysis):
    module.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"posteingang {version('posteingang')}")
        raise typer.Exit


@app.callback()
def posteingang(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="Configuration file.", show_default="searched for")] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """E-mail and scanned letters of a municipal utility become tickets tagged by concern."""
    context.obj = State(config)


def main() -> None:
    """Run the command line; errors become one sentence on stderr and an exit code of sysexits.h."""
    try:
        app()
    except PosteingangError as error:
        typer.echo(f"posteingang: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output (a pager, head) has seen enough; nothing more may be flushed to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug has an exit code of its own
        import traceback

        traceback.print_exc()
        typer.echo(f"posteingang: this is a bug in posteingang ({type(error).__name__}); please report it.", err=True)
        sys.exit(os.EX_SOFTWARE)


if __name__ == "__main__":
    main()
