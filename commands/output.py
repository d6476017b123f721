"""How commands print: tables for people, one JSON object a line for programs, problems on stderr."""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

LARGEST_NUMBER = 2**31 - 1
"""Of tickets and items, as both databases keep them."""

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line instead of a table.")]


def console(*, stderr: bool = False) -> "Console":
    """A console as wide as the terminal, or 100 columns where there is none; colour only on a terminal (NO_COLOR)."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 100, highlight=False, soft_wrap=False)


def show(*renderables: "RenderableType") -> None:
    """Print for people."""
    screen = console()
    for renderable in renderables:
        screen.print(renderable)


def lines(objects: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object a line, flushed so that a pipe's reader sees each at once.

    Always UTF-8, whatever the locale; half a surrogate pair, as in names of files that are no UTF-8, is escaped.
    """
    for value in objects:
        text = json.dumps(value, ensure_ascii=False)
        try:
            typer.echo(text.encode())
        except UnicodeEncodeError:
            typer.echo(json.dumps(value).encode())


def problem(sentence: str) -> None:
    """One sentence to stderr; the run goes on."""
    typer.echo(f"posteingang: {sentence}", err=True)
