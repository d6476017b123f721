"""Every command has help with an example, and stands in the docs; and help is quick because little is imported."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from cli import app

DOCS = Path(__file__).parents[2] / "docs" / "commands.md"
RUNNER = CliRunner()


def commands() -> Iterator[tuple[str, ...]]:
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            yield from ((name, inner) for inner in command.commands)
        else:
            yield (name,)


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_a_command_has_help_with_an_example_and_stands_in_the_docs(command: tuple[str, ...]) -> None:
    result = RUNNER.invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert re.search(r"Example: .*posteingang " + " ".join(command), result.output)
    assert f"`posteingang {' '.join(command)}" in DOCS.read_text("utf-8")


def test_the_version_is_told() -> None:
    result = RUNNER.invoke(app, ["--version"])
    assert result.exit_code == 0
    assert re.fullmatch(r"posteingang \d+\.\d+\.\d+\S*\n", result.output)


def imported_by(*arguments: str) -> set[str]:
    """The top-level modules that a command line has loaded by its end."""
    code = (
        "import sys, cli\n"
        f"sys.argv = {['posteingang', *arguments]!r}\n"
        "try:\n    cli.main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('\\n' + ' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_help_loads_nothing_heavy() -> None:
    heavy = {"spacy", "sqlalchemy", "sqlmodel", "pydantic", "numpy", "alembic", "imapclient", "pdfminer", "rich"}
    assert not imported_by("--help") & heavy


def test_list_loads_neither_classifier_nor_readers_nor_migrations(tmp_path: Path) -> None:
    config = tmp_path / "posteingang.toml"
    config.write_text('data = "data"\n', "utf-8")
    migrated = RUNNER.invoke(app, ["--config", str(config), "migrate"])
    assert migrated.exit_code == 0
    heavy = {"spacy", "numpy", "alembic", "imapclient", "pdfminer", "pypdfium2", "onnxruntime", "babel", "holidays"}
    assert not imported_by("--config", str(config), "list") & heavy
