"""Calling windows: what the database answers, against a search minute by minute with zoneinfo."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.emulator.postgres.cluster import Cluster

ZONES = (
    "America/New_York",
    "America/Phoenix",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "Europe/Berlin",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Auckland",
)
MINUTE = timedelta(minutes=1)
HORIZON = timedelta(days=14)
# Clocks change in these weeks in one or another of the zones.
CHANGES = (
    datetime(2026, 3, 7, tzinfo=UTC),
    datetime(2026, 3, 28, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC),
    datetime(2026, 4, 23, tzinfo=UTC),
    datetime(2026, 9, 5, tzinfo=UTC),
    datetime(2026, 9, 26, tzinfo=UTC),
    datetime(2026, 10, 3, tzinfo=UTC),
    datetime(2026, 10, 24, tzinfo=UTC),
    datetime(2026, 10, 29, tzinfo=UTC),
    datetime(2026, 10, 31, tzinfo=UTC),
)
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)

Window = tuple[time, time]


def is_open(moment: datetime, zone: ZoneInfo, window: Window, days: Sequence[int]) -> bool:
    local = moment.astimezone(zone)
    return window[0] <= local.time() < window[1] and local.isoweekday() in days


def search(
    zones: Sequence[str], window: Window, days: Sequence[int], not_before: datetime
) -> datetime | None:
    clocks = [ZoneInfo(zone) for zone in zones]
    moment = not_before
    while moment <= not_before + HORIZON:
        if all(is_open(moment, clock, window, days) for clock in clocks):
            return moment
        moment += MINUTE
    return None


minutes = st.integers(0, 24 * 60 - 1).map(lambda n: time(n // 60, n % 60))
windows = st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1]).map(sorted).map(tuple)


def minute_after(start: datetime, count: int) -> datetime:
    return start + count * MINUTE


moments = st.builds(minute_after, st.sampled_from(CHANGES), st.integers(0, 3 * 24 * 60))


@pytest.fixture(scope="module")
def connection(cluster: Cluster, project_template: str) -> Iterator[psycopg.Connection]:
    dsn = cluster.create_database("calling_windows", template=project_template)
    with psycopg.connect(dsn, autocommit=True) as opened:
        yield opened
    cluster.drop_database("calling_windows")


def ask(
    connection: psycopg.Connection,
    zones: Sequence[str],
    window: Window,
    days: Sequence[int],
    not_before: datetime,
) -> datetime | None:
    row = connection.execute(
        "select telephony.next_open_time(%s::text[], %s, %s, %s::smallint[], %s)",
        (list(zones), *window, list(days), not_before),
    ).fetchone()
    assert row is not None
    return row[0]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True),
    window=windows,
    days=st.sets(st.integers(1, 7), min_size=1),
    not_before=moments,
)
def test_it_is_the_first_minute_open_in_every_zone(
    connection: psycopg.Connection,
    zones: list[str],
    window: Window,
    days: set[int],
    not_before: datetime,
) -> None:
    found = ask(connection, zones, window, sorted(days), not_before)

    assert found == search(zones, window, sorted(days), not_before)


@pytest.mark.parametrize(
    ("zone", "opens", "not_before", "expected"),
    [
        # 02:30 does not come on 8 March in New York: the day opens when the clock is put forward.
        ("America/New_York", time(2, 30), "2026-03-08T05:00Z", "2026-03-08T07:00Z"),
        # 01:30 comes twice on 1 November: the first is the earliest.
        ("America/New_York", time(1, 30), "2026-11-01T04:00Z", "2026-11-01T05:30Z"),
        ("America/New_York", time(1, 30), "2026-11-01T06:10Z", "2026-11-01T06:30Z"),
        # Lord Howe's clock is put forward by half an hour.
        ("Australia/Lord_Howe", time(2, 15), "2026-10-03T14:00Z", "2026-10-03T15:30Z"),
        ("Asia/Kolkata", time(8, 0), "2026-11-21T00:00Z", "2026-11-21T02:30Z"),
    ],
)
def test_clocks_that_change_and_zones_of_half_an_hour(
    connection: psycopg.Connection, zone: str, opens: time, not_before: str, expected: str
) -> None:
    start = datetime.fromisoformat(not_before)

    found = ask(connection, [zone], (opens, time(20, 0)), EVERY_DAY, start)

    assert found == datetime.fromisoformat(expected)


def test_an_open_moment_is_returned_as_it_is(connection: psycopg.Connection) -> None:
    start = datetime(2026, 11, 20, 15, 0, 0, 123456, tzinfo=UTC)

    found = ask(connection, ["America/New_York"], (time(8), time(20)), [5], start)

    assert found == start


def test_zones_that_are_never_open_together_have_no_time(connection: psycopg.Connection) -> None:
    start = datetime(2026, 11, 20, tzinfo=UTC)

    found = ask(
        connection, ["America/Los_Angeles", "Asia/Kolkata"], (time(9), time(10)), [5], start
    )

    assert found is None


def test_without_a_zone_nobody_may_be_called(connection: psycopg.Connection) -> None:
    start = datetime(2026, 11, 20, 15, tzinfo=UTC)

    assert ask(connection, [], (time(8), time(20)), EVERY_DAY, start) is None
