"""A migrated store on both databases, and a house of a few concerns."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.postgres import NoPostgresError, Postgres, postgres
from tests.tickets.cases import NW, TAXONOMY
from tickets.store import Store, migrate

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "posteingang.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The server of this session with its template database."""
    try:
        with postgres() as server:
            server.prepare(migrate)
            yield server
    except NoPostgresError as error:
        pytest.skip(str(error))


@contextmanager
def fresh_database(request: pytest.FixtureRequest, kind: str) -> Iterator[str]:
    """URL of a migrated database of this test's own; for the fixtures of other folders, too."""
    if kind == "sqlite":
        path = request.getfixturevalue("tmp_path") / "posteingang.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        path.chmod(0o600)
        yield f"sqlite:///{path}"
    else:
        with request.getfixturevalue("postgres_server").database() as url:
            yield url


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a migrated database, once on each."""
    with fresh_database(request, request.param) as url:
        yield url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """The store on a migrated database, once on each."""
    opened = Store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    """A real IMAP server of this test's own."""
    with Dovecot() as server:
        yield server


@pytest.fixture
def house() -> dict[str, Any]:
    """What operations that touch concerns need of the house."""
    return {"taxonomy": TAXONOMY, "calendar": NW}
