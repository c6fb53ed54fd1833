"""The embedded server's life, with real processes."""

import os
import signal
from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap

pytestmark = pytest.mark.process


def query(cluster: Cluster, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.dsn()) as connection:
        return connection.execute(statement.encode()).fetchall()


def test_a_stopped_server_keeps_what_was_committed(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "data", durable=False)
    cluster.start()
    with psycopg.connect(cluster.dsn()) as connection:
        connection.execute("create table kept as select 1 as n")
    cluster.stop()

    cluster.start()
    rows = query(cluster, "select n from kept")
    cluster.stop()

    assert rows == [(1,)]


def test_a_long_log_is_rotated_while_the_server_writes_to_it(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "data", durable=False)
    cluster.start()
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        for name in ("first", "second"):
            with pytest.raises(psycopg.errors.UndefinedTable):
                connection.execute(f"table {name}".encode())
            cluster.rotate_log(longest=1)
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("table third")
    cluster.stop()

    assert '"second" does not exist' in cluster.log_file.with_suffix(".log.1").read_text()
    kept = cluster.log_file.read_text()
    assert '"third" does not exist' in kept
    assert '"second" does not exist' not in kept
    assert "\x00" not in kept


def test_a_role_keeps_the_statement_timeout_that_a_project_gives_it(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "data", durable=False)
    cluster.start()
    bootstrap(cluster.dsn())
    with psycopg.connect(cluster.dsn(user="postgres"), autocommit=True) as connection:
        connection.execute("alter role service_role set statement_timeout = '7s'")
    bootstrap(cluster.dsn())
    settings = dict(
        query(
            cluster,
            "select setrole::regrole::text, setconfig[1] from pg_db_role_setting"
            " where setrole::regrole::text in ('anon', 'service_role')",
        )
    )
    cluster.stop()

    assert settings == {
        "anon": "statement_timeout=30s",
        "service_role": "statement_timeout=7s",
    }


def test_a_server_left_by_a_killed_run_is_ended_and_its_data_served_again(tmp_path: Path) -> None:
    earlier = Cluster(tmp_path / "data", durable=False)
    earlier.start()
    assert earlier.pid is not None

    cluster = Cluster(tmp_path / "data", durable=False)
    cluster.start()
    rows = query(cluster, "select 1")
    cluster.stop()

    assert rows == [(1,)]
    assert earlier.wait() is not None


def test_a_killed_server_starts_again_from_its_log(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "data")
    cluster.start()
    with psycopg.connect(cluster.dsn()) as connection:
        connection.execute("create table kept as select 1 as n")
    assert cluster.pid is not None
    os.kill(cluster.pid, signal.SIGKILL)
    cluster.wait()

    cluster.start()
    rows = query(cluster, "select n from kept")
    cluster.stop()

    assert rows == [(1,)]
