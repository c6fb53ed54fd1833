"""Days of history: old ones are dropped whole, failures later than the rest; too much goes too."""

from datetime import UTC, datetime, timedelta

import psycopg

from edge.emulator.postgres.cluster import Cluster
from edge.project.recording import RecordingSettings
from edge.recording.schema import ensure_partitions, ensure_schema, purge

TODAY = datetime.now(UTC).date()
_INSERT = """
insert into edge_console.requests (id, kind, method, path, status, failed, started_at, duration_ms,
  cold, request_bytes, response_bytes)
values (gen_random_uuid(), 'function', 'GET', '/', %s, %s, %s, 1, false, 0, 0)"""


def kept(connection: psycopg.Connection) -> list[tuple[int, bool]]:
    rows = connection.execute(
        "select started_at::date, failed from edge_console.requests order by 1, 2"
    )
    return [((TODAY - day).days, failed) for day, failed in rows.fetchall()]


def fill(connection: psycopg.Connection) -> None:
    ensure_schema(connection)
    for days in (0, 2, 5, 20):
        ensure_partitions(connection, TODAY - timedelta(days))
        at = datetime.now(UTC) - timedelta(days)
        for failed in (False, True):
            connection.execute(_INSERT, (500 if failed else 200, failed, at))


def test_failures_are_kept_longer(cluster: Cluster, database: str) -> None:
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        fill(connection)

        purge(connection, RecordingSettings(days=3, failed_days=14), TODAY)

        assert kept(connection) == [(5, True), (2, False), (2, True), (0, False), (0, True)]


def test_what_is_too_much_goes_failures_last(cluster: Cluster, database: str) -> None:
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        fill(connection)

        purge(connection, RecordingSettings(max_mb=0), TODAY)

        assert kept(connection) == []


def test_tables_of_another_version_are_replaced_and_others_stay(
    cluster: Cluster, database: str
) -> None:
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        fill(connection)
        connection.execute("create table edge_console.audit (id int)")
        ensure_schema(connection)
        assert len(kept(connection)) == 8

        connection.execute("comment on table edge_console.requests is 'version 0'")
        ensure_schema(connection)

        assert kept(connection) == []
        connection.execute("select id from edge_console.audit")
