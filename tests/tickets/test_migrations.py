"""One revision on both databases, from nothing, from several processes at once, and equal to the tables we declare."""

import datetime as dt
import multiprocessing
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

import models.tables  # noqa: F401 - fills the metadata
from models.errors import ConfigError, TemporaryError
from tests.servers.postgres import Postgres
from tickets import database
from tickets.migrations.upgrade import belongs_to_metadata, configuration
from tickets.store import Store, migrate


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres_server")
        with server.database(empty=True) as url:
            yield url


def test_the_known_head_is_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(configuration()).get_heads() == [database.HEAD]


def test_migrated_schema_is_the_one_that_the_tables_declare(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        options = {"include_object": belongs_to_metadata, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_migrating_twice_changes_nothing(empty_url: str) -> None:
    assert [migrate(empty_url), migrate(empty_url)] == [database.HEAD] * 2


def test_four_processes_may_migrate_at_once(empty_url: str) -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(4) as pool:
        assert pool.map(migrate, [empty_url] * 4) == [database.HEAD] * 4
    store = Store(empty_url)
    store.check()
    store.close()


def test_empty_database_is_refused_with_the_remedy(empty_url: str) -> None:
    store = Store(empty_url)
    with pytest.raises(ConfigError, match="'posteingang migrate'"):
        store.waiting()
    store.close()


def test_asking_for_a_missing_sqlite_file_creates_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'posteingang migrate' creates it"):
        Store(f"sqlite:///{tmp_path / 'none.db'}").waiting()
    assert list(tmp_path.iterdir()) == []


def test_database_of_a_newer_version_is_refused(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with closing(Store(database_url)) as store, pytest.raises(ConfigError, match="install the newer version"):
        store.check()
    with pytest.raises(ConfigError, match="newer version"):
        migrate(database_url)


def test_sqlite_file_and_its_companions_are_for_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    previous = os.umask(0)
    try:
        migrate(f"sqlite:///{path}")
        store = Store(f"sqlite:///{path}")
        store.waiting()
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(previous)
    assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}


def test_sqlite_waits_for_the_disk_and_keeps_foreign_keys(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / 'new.db'}")
    store = Store(f"sqlite:///{tmp_path / 'new.db'}")
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    with store._engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}
    store.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15000}


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("event", "UPDATE event SET actor = 'nobody'"),
        ("event", "DELETE FROM event"),
        ("item", "DELETE FROM item"),
        ("sighting", "UPDATE sighting SET uid = 99"),
        ("sighting", "DELETE FROM sighting"),
    ],
)
def test_history_cannot_be_changed_even_by_hand(database_url: str, table: str, statement: str) -> None:
    at = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC).isoformat()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO item (id, sha256, size, channel, name, received_at, received_from, accepted_at, state,"
                " lease_owner, attempts, reason, message, detail) VALUES (1, 'a', 1, 'email', '', :at, 'internaldate',"
                " :at, 'accepted', '', 0, '', '', '')"
            ),
            {"at": at},
        )
        connection.execute(
            text(
                "INSERT INTO sighting (item_id, source, place, uidvalidity, uid, name, size, received_at,"
                " received_from, seen_at) VALUES (1, 's', 'INBOX', 1, 1, '', 1, :at, 'internaldate', :at)"
            ),
            {"at": at},
        )
        connection.execute(
            text(
                "INSERT INTO event (at, actor, item_id, kind, before, after) VALUES (:at, 'anna', 1, 'x', '{}', '{}')"
            ),
            {"at": at},
        )
    with pytest.raises(DBAPIError, match="rows are only ever added"), engine.begin() as connection:
        connection.execute(text(statement))
    with engine.begin() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 1
    engine.dispose()


def test_postgresql_without_rights_to_the_extension_still_migrates(postgres_server: Postgres) -> None:
    with postgres_server.database(empty=True) as url:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("DROP ROLE IF EXISTS plain"))
            connection.execute(text("CREATE ROLE plain LOGIN"))
            connection.execute(text("GRANT USAGE, CREATE ON SCHEMA public TO plain"))
        plain = engine.url.set(username="plain").render_as_string(hide_password=False)
        assert migrate(plain) == database.HEAD
        with engine.connect() as connection:
            connection.execute(text("DROP OWNED BY plain"))
            connection.execute(text("DROP ROLE plain"))
        engine.dispose()


def test_unreachable_server_is_a_temporary_error_without_the_password() -> None:
    store = Store("postgresql://anna:geheim@127.0.0.1:9/posteingang")
    with pytest.raises(TemporaryError, match=r"anna:\*\*\*@127.0.0.1:9/posteingang is unreachable") as caught:
        store.waiting()
    assert "geheim" not in str(caught.value)


def test_locked_database_is_a_temporary_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    path = tmp_path / "new.db"
    migrate(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store = Store(f"sqlite:///{path}")
    with pytest.raises(TemporaryError, match="locked"):
        store.claim(dt.datetime.now(dt.UTC), dt.timedelta(minutes=1))
    assert store.waiting() == 0  # Readers never wait.
    other.close()
    store.close()


def test_damaged_file_is_a_configuration_error(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    path.write_bytes(b"no database at all" * 1000)
    with closing(Store(f"sqlite:///{path}")) as store, pytest.raises(ConfigError, match="damaged or none of ours"):
        store.waiting()
    with pytest.raises(ConfigError, match="no database of ours"):
        migrate(f"sqlite:///{path}")


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "sqlite://"])
def test_impossible_url_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError, match="'database'"):
        Store(url)
