"""The embedded server's life, with real processes."""

import os
import signal
from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster

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
