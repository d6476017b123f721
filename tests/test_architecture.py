"""The import rules of docs/architecture.md, read from the syntax trees: nothing has to be imported to be judged."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("models", "ingest", "classify", "tickets", "commands")
ALLOWED = {
    "models": {"models"},
    "ingest": {"ingest", "models"},
    "classify": {"classify", "models"},
    "tickets": {"tickets", "models"},
    "commands": {"commands", "ingest", "classify", "tickets", "models"},
}
# Foreign modules that may stand in a few places only, so that each can be replaced or judged in one place.
PLACES = {
    "imapclient": {"ingest/sources/imap.py"},
    "spacy": {"classify/pipeline.py", "classify/train.py"},
    "subprocess": {"ingest/sandbox.py", "models/secret.py", "commands/viewer.py"},
    "alembic": {"tickets/migrations/upgrade.py", "tickets/migrations/env.py"},
    "pdfminer": {"ingest/readers/pdf.py"},
    "holidays": {"tickets/due.py"},
}
MAX_MODULE = 400
MAX_CLI = 300


def modules() -> list[Path]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [*sorted(path for path in found if "versions" not in path.parts), ROOT / "cli.py"]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} has a relative import"
            yield node.module or ""


def calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_packages_import_only_what_stands_below_them(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    allowed = ALLOWED.get(own, set(PACKAGES))
    ours = {name.split(".")[0] for name in imported(path)} & {*PACKAGES, "cli", "tests", "bench"}
    assert ours <= allowed


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_foreign_modules_stand_where_the_design_puts_them(path: Path) -> None:
    misplaced = {
        name
        for name in (name.split(".")[0] for name in imported(path))
        if name in PLACES and name_of(path) not in PLACES[name] and not name_of(path).startswith("ingest/ocr/")
    }
    assert not misplaced


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_sessions_output_and_environment_have_one_place_each(path: Path) -> None:
    called = set(calls(path))
    name = name_of(path)
    if name != "tickets/store.py":
        assert not {call for call in called if call.split(".")[-1] in {"Session", "sessionmaker"}}
    if name != "cli.py" and not name.startswith("commands/"):
        assert not called & {"print", "typer.echo", "sys.stdout.write", "sys.stderr.write"}
    if name != "models/config.py":
        source = path.read_text("utf-8")
        assert "os.environ" not in source
        assert "os.getenv" not in source


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_is_one_room(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= (MAX_CLI if path.name == "cli.py" else MAX_MODULE)


def test_there_is_no_grab_bag() -> None:
    assert not [name_of(path) for path in modules() if path.stem in {"utils", "util", "helpers", "common", "misc"}]


def test_packages_have_no_import_cycles() -> None:
    graph = {
        name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): set(top_level_imports(path))
        for path in modules()
    }
    graph = {name: {other for other in others if other in graph and other != name} for name, others in graph.items()}
    while leaves := {name for name, others in graph.items() if not others}:
        graph = {name: others - leaves for name, others in graph.items() if name not in leaves}
    assert not graph, f"these modules import each other: {sorted(graph)}"


def top_level_imports(path: Path) -> Iterator[str]:
    """What is imported when the module is loaded; imports in functions cannot make a cycle."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def declared() -> set[str]:
    """The distributions that installing with the extras demo, cluster and heic brings, as pyproject.toml names them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["demo"], *extras["cluster"], *extras["heic"]]
    return {re.split(r"[\[<>=!~ ]", requirement)[0].lower().replace("_", "-") for requirement in wanted}


def test_every_foreign_module_is_a_declared_dependency() -> None:
    distributions = packages_distributions()
    known = declared() | {"sqlalchemy", "proxy-protocol"}  # these belong to sqlmodel and pymap
    undeclared = {
        (name_of(path), name)
        for path in modules()
        for name in {name.split(".")[0] for name in imported(path)} - sys.stdlib_module_names - {*PACKAGES, "cli"}
        if not {found.lower().replace("_", "-") for found in distributions.get(name, [name])} & known
    }
    assert not undeclared
