"""Copies of a database that are made ahead: each unused, and those left behind are dropped."""

import psycopg

from edge.emulator.postgres.cluster import Cluster
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
