"""Copies of a database that are made ahead: each unused, and those left behind are dropped."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.fresh_database import FreshDatabase
from tests.conftest import PLATFORM_TEMPLATE, Copies
from tests.support.waiting import wait_for

_COUNT = "select count(*) from pg_database where datname like %s"


def test_quick_tests_leave_few_databases_behind(cluster: Cluster, copies: Copies) -> None:
    made = copies(PLATFORM_TEMPLATE)
    names: list[str] = []
    with psycopg.connect(cluster.dsn("template1"), autocommit=True) as connection:

        def count() -> int:
            row = connection.execute(_COUNT, (f"{PLATFORM_TEMPLATE}\\_%",)).fetchone()
            return row[0] if row else 0

        most = 0
        for _ in range(20):
            names.append(made.take())
            made.discard(names[-1])
            most = max(most, count())
        wait_for(lambda: count() <= 4)

    assert len(set(names)) == 20
    assert most <= 14


def test_a_session_that_is_just_starting_does_not_keep_a_database(cluster: Cluster) -> None:
    dsn, database = cluster.create_database("swapped"), FreshDatabase(cluster, "swapped")
    database.prepare()
    with (
        psycopg.connect(cluster.dsn("template1"), autocommit=True) as connection,
        ThreadPoolExecutor(1) as threads,
    ):

        def find_starting() -> object:
            return connection.execute(
                "select 1 from pg_stat_activity where backend_type = 'client backend'"
                " and datname is null"
            ).fetchone()

        starting = threads.submit(psycopg.connect, dsn, options="-c post_auth_delay=1")
        wait_for(find_starting)
        database.swap()
        with starting.result() as started, pytest.raises(psycopg.OperationalError):
            started.execute("select 1")
    with psycopg.connect(dsn) as swapped:
        assert swapped.execute("select 1").fetchone() == (1,)
    database.close()


def test_a_test_may_end_all_connections(cluster: Cluster) -> None:
    dsn, database = cluster.create_database("ended"), FreshDatabase(cluster, "ended")
    database.prepare()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "select count(pg_terminate_backend(pid, 60000)) from pg_stat_activity"
            " where datname = 'template1'"
        )
        connection.execute("create table left_behind (id int)")
    for _ in range(5):
        database.swap()
        with psycopg.connect(dsn) as swapped:
            found = swapped.execute("select to_regclass('left_behind')").fetchone()
        assert found == (None,)
    database.close()
