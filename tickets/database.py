"""How each database is opened, whether its schema is ours, and what its errors mean to a person."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, InterfaceError, OperationalError

from models.errors import ConfigError, PosteingangError, TemporaryError

HEAD = "0001"
"""The newest revision under ``migrations/versions``; kept here so that nothing but migrating imports Alembic."""

BUSY_SECONDS = 15
"""How long a writer waits for its turn before it is told to try again."""

_READING = "posteingang_reading"
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}

_SQLITE_PASSING = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_NOMEM", "SQLITE_PROTOCOL")
_SQLITE_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_SQLITE_FORBIDDEN = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")
# Classes of SQLSTATE: connection, transaction rolled back, resources, not in the right state, operator, system.
_POSTGRES_PASSING = ("08", "40", "53", "55", "57", "58")
_POSTGRES_RACES = ("40001", "40P01", "23505")
_POSTGRES_FULL = "53100"


def parse_url(url: str) -> URL:
    """The URL with the driver that we use.

    Raises:
        ConfigError: if it is none, or of a database that is not supported.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError("'database' is no URL such as postgresql+psycopg://user@host/posteingang.") from None
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigError(f"'database': {parsed.drivername} is not supported, only sqlite and postgresql+psycopg.")
    if parsed.drivername == "sqlite" and not parsed.database:
        raise ConfigError("'database': SQLite needs a file, such as sqlite:////var/lib/posteingang/posteingang.db.")
    return parsed


def open_engine(url: URL) -> Engine:
    """An engine whose transactions lose no update; connects to nothing yet.

    Raises:
        ConfigError: if the driver is not installed.
    """
    if url.drivername == "sqlite":
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options = f"-c timezone=UTC -c lock_timeout={BUSY_SECONDS}s"
    try:
        return create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": 10, "options": url.query.get("options", options)}
        )
    except ModuleNotFoundError:
        raise ConfigError("PostgreSQL needs the extra: pip install 'posteingang[cluster]'.") from None


def for_reading(engine: Engine) -> Engine:
    """The same engine for transactions that only read: they see one moment and never wait for a writer."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_READING: True})
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transactions begin too late and lost 289 of 400 concurrent updates; ours begin in _begin_sqlite.
    connection.isolation_level = None
    for pragma in (f"busy_timeout = {BUSY_SECONDS * 1000}", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def create_file(url: URL) -> None:
    """Create the SQLite file, readable by nobody else, in write-ahead mode; its -wal and -shm inherit the rights.

    Raises:
        ConfigError: if the folder does not exist or may not be written to.
    """
    path = Path(url.database or "")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise ConfigError(f"The database {path} cannot be created: {error.strerror}.") from error
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError:
        # Another process is just doing the same: the mode is a property of the file, so once is enough.
        pass
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"{path} is no database of ours ({error}).") from error
    finally:
        connection.close()


def check_schema(connection: Connection) -> None:
    """Make sure that the database has the schema that this version works with.

    Raises:
        ConfigError: if it has not; says how to get there.
    """
    found = revision(connection)
    if found == HEAD:
        return
    if found > HEAD:
        raise ConfigError(f"The database has revision {found}, this version knows {HEAD}: install the newer version.")
    state = f"has revision {found}, not {HEAD}" if found else "is empty"
    raise ConfigError(f"The database {state}: 'posteingang migrate' brings it up to date.")


def revision(connection: Connection) -> str:
    """The revision of the database's schema; empty if it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def require_file(url: URL) -> None:
    """Make sure that an SQLite file is there, because connecting would create an empty one for everybody to read.

    Raises:
        ConfigError: if it is not.
    """
    if url.drivername == "sqlite" and not Path(url.database or "").exists():
        raise ConfigError(f"There is no database {url.database}: 'posteingang migrate' creates it.")


def is_race(error: DBAPIError) -> bool:
    """Whether two transactions were in each other's way, so that the same again will do."""
    state = _sqlstate(error)
    return isinstance(error, IntegrityError) if not state else state in _POSTGRES_RACES


@contextmanager
def errors_explained(url: URL) -> Iterator[None]:
    """Turn the database's errors that are not our bugs into sentences with a remedy.

    Raises:
        TemporaryError: if it is unreachable, locked or its disk is full.
        ConfigError: if it is damaged, missing, or may not be written to.
    """
    try:
        yield
    except DBAPIError as error:
        explained = _explain(error, url)
        if explained is None:
            raise
        raise explained from error


def _explain(error: DBAPIError, url: URL) -> PosteingangError | None:
    where = url.render_as_string(hide_password=True)
    original: Any = error.orig
    said = str(original).strip().split("\n", 1)[0]
    if isinstance(original, sqlite3.Error):
        return _explain_sqlite(getattr(original, "sqlite_errorname", ""), where, said)
    state = _sqlstate(error)
    if not state and isinstance(error, (OperationalError, InterfaceError)):
        return TemporaryError(f"The database {where} is unreachable: {said}.")
    if state == _POSTGRES_FULL:
        return TemporaryError(f"The disk of the database {where} is full; nothing was changed.")
    if state.startswith(_POSTGRES_PASSING):
        return TemporaryError(f"The database {where} could not do it just now: {said}.")
    return None


def _explain_sqlite(name: str, where: str, said: str) -> PosteingangError | None:
    if name.startswith("SQLITE_FULL"):
        return TemporaryError(f"The disk of the database {where} is full; nothing was changed.")
    if name.startswith(_SQLITE_PASSING):
        return TemporaryError(f"The database {where} could not do it just now: {said}.")
    if name.startswith(_SQLITE_DAMAGED):
        return ConfigError(f"The database {where} is damaged or none of ours: {said}. Restore it from a backup.")
    if name.startswith(_SQLITE_FORBIDDEN):
        return ConfigError(f"The database {where} may not be opened or written to: {said}.")
    return None


def _sqlstate(error: DBAPIError) -> str:
    """The SQLSTATE that PostgreSQL gave; empty on SQLite and where the connection itself failed."""
    return str(getattr(error.orig, "sqlstate", None) or "")
