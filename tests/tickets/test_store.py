"""The store costs little to import, says where it is, and is opened by each process for itself."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlmodel import Session

from models.errors import TemporaryError
from tests.servers.postgres import Postgres
from tests.tickets.cases import NOW, accepted, raw, stored
from tickets import intake
from tickets.store import Store

HEAVY = ("alembic", "spacy", "pdfminer", "imapclient", "holidays", "bdew_datetimes", "numpy", "psycopg")


def test_importing_the_store_loads_nothing_heavy() -> None:
    program = f"import sys, tickets.store; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_description_hides_the_password() -> None:
    with closing(Store("postgres://anna:geheim@db.example/posteingang")) as store:
        assert store.description == "postgresql+psycopg://anna:***@db.example/posteingang"


def test_threads_may_share_a_store(store: Store) -> None:
    threads = [threading.Thread(target=accepted, args=(store,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.waiting() == 8


_TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def test_a_server_that_went_away_is_a_temporary_error_and_comes_back(postgres_server: Postgres) -> None:
    with postgres_server.database() as url, closing(Store(url)) as store, closing(Store(url)) as other:
        accepted(store)

        def lose_others(_session: object = None) -> None:
            with other._engine.connect() as connection:
                connection.exec_driver_sql(_TERMINATE)

        lose_others()
        # The pool asks before it hands out a connection, so the next transaction has a new one.
        assert store.waiting() == 1

        def lose_connection(session: Session) -> int:
            session.connection().exec_driver_sql("SELECT 1")
            lose_others()
            return intake.accept(session, raw(), stored(), NOW)

        with pytest.raises(TemporaryError, match="database"):
            store._write(lose_connection)
        assert store.waiting() == 1


def test_a_deadlock_is_tried_again(postgres_server: Postgres) -> None:
    barrier = threading.Barrier(2)
    rounds = {(1, 2): 0, (2, 1): 0}

    def lock_both(order: tuple[int, int]) -> None:
        def work(session: Session) -> None:
            rounds[order] += 1
            session.connection().exec_driver_sql(f"SELECT pg_advisory_xact_lock({order[0]})")
            if rounds[order] == 1:
                barrier.wait(timeout=20)
            session.connection().exec_driver_sql(f"SELECT pg_advisory_xact_lock({order[1]})")

        store._write(work)

    with postgres_server.database() as url, closing(Store(url)) as store, ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lock_both, rounds, timeout=30)) == [None, None]
    assert sorted(rounds.values()) == [1, 2]
