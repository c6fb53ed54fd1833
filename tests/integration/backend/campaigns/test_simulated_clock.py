"""telephony.now() in a database: real time, a simulated moment, and simulated time that passes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from backend.campaigns.simulated_clock import set_simulated_clock
from edge.emulator.postgres.cluster import Cluster

MOMENT = datetime(2031, 3, 4, 9, 30, tzinfo=UTC)
LITTLE = timedelta(minutes=1)


@pytest.fixture
def connection(cluster: Cluster, database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        yield connection


def read_clock(connection: psycopg.Connection[Any]) -> datetime:
    row = connection.execute("select telephony.now()").fetchone()
    assert row is not None
    return row[0]


def test_it_shows_the_moment(connection: psycopg.Connection[Any]) -> None:
    set_simulated_clock(connection, MOMENT)

    assert timedelta() <= read_clock(connection) - MOMENT < LITTLE


def test_it_shows_the_moment_to_other_sessions_too(
    cluster: Cluster, database: str, connection: psycopg.Connection[Any]
) -> None:
    set_simulated_clock(connection, MOMENT)

    with psycopg.connect(cluster.dsn(database)) as other:
        assert timedelta() <= read_clock(other) - MOMENT < LITTLE


@pytest.mark.parametrize("rate", [1, 0.5, 20_000])
def test_it_runs_at_its_rate(connection: psycopg.Connection[Any], rate: float) -> None:
    set_simulated_clock(connection, MOMENT, rate)

    with connection.transaction():  # in which pg_catalog.now() stands still
        before = connection.execute("select now(), telephony.now()").fetchone()
    with connection.transaction():
        after = connection.execute("select now(), telephony.now()").fetchone()
    assert before is not None
    assert after is not None
    real, simulated = after[0] - before[0], after[1] - before[1]

    assert real > timedelta()
    assert abs(simulated - real * rate) <= timedelta(microseconds=2 * max(rate, 1))


def test_it_stands_still_in_a_transaction(connection: psycopg.Connection[Any]) -> None:
    set_simulated_clock(connection, MOMENT, 1_000_000)

    with connection.transaction():
        assert read_clock(connection) == read_clock(connection)


def test_without_a_moment_it_is_real_time_again(connection: psycopg.Connection[Any]) -> None:
    set_simulated_clock(connection, MOMENT, 20_000)
    set_simulated_clock(connection, None)

    with connection.transaction():
        row = connection.execute("select telephony.now() = now()").fetchone()
    assert row == (True,)


def test_a_moment_of_another_zone_is_the_same_moment(connection: psycopg.Connection[Any]) -> None:
    set_simulated_clock(connection, MOMENT.astimezone(ZoneInfo("Asia/Kolkata")))

    assert timedelta() <= read_clock(connection) - MOMENT < LITTLE
