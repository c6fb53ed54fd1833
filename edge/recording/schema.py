"""The schema edge_console: tables by day, of which old ones are dropped whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg import sql

from edge.project.recording import RecordingSettings

SCHEMA: Final = "edge_console"
_VERSION: Final = 2
_TABLES: Final = """
create schema if not exists edge_console;
revoke all on schema edge_console from public;
drop table if exists edge_console.requests, edge_console.bodies, edge_console.spans,
  edge_console.logs, edge_console.calls;
create table edge_console.requests (
  seq bigint generated always as identity, id uuid not null, parent_id uuid, execution_id text,
  kind text not null, function text, method text not null, path text not null, query text,
  status integer not null, failed boolean not null, code text, error text, fingerprint text,
  started_at timestamptz not null, duration_ms double precision not null,
  cold boolean not null, role text, sub text, api_key text, claims jsonb,
  request_bytes bigint not null, response_bytes bigint not null, replay_of uuid, attributes jsonb
) partition by list (failed);
create table edge_console.bodies (
  request_id uuid not null, started_at timestamptz not null, failed boolean not null,
  direction text not null, headers jsonb not null, head bytea not null,
  truncated boolean not null, redacted boolean not null
) partition by list (failed);
create table edge_console.spans (
  request_id uuid not null, started_at timestamptz not null, failed boolean not null,
  id text not null, parent text, kind text not null, name text not null,
  start_us bigint not null, end_us bigint not null, attributes jsonb not null
) partition by list (failed);
create table edge_console.logs (
  seq bigint generated always as identity, at timestamptz not null, request_id uuid,
  execution_id text, source text not null, function text, level text not null,
  event_type text not null, text text not null, fields jsonb
) partition by range (at);
create table edge_console.calls (
  function text not null, minute timestamptz not null, calls bigint not null,
  errors bigint not null, cold bigint not null, durations bigint[] not null,
  primary key (function, minute)
);
create index on edge_console.requests (started_at desc, id desc);
create index on edge_console.requests (function, started_at desc, id desc);
create index on edge_console.requests (id);
create index on edge_console.requests (parent_id) where parent_id is not null;
create index on edge_console.requests (replay_of) where replay_of is not null;
create index on edge_console.requests (seq);
create index on edge_console.bodies (request_id);
create index on edge_console.spans (request_id);
create index on edge_console.logs (at desc, seq desc);
create index on edge_console.logs (request_id) where request_id is not null;
create index on edge_console.logs (seq);
create index on edge_console.calls (minute);
comment on table edge_console.requests is 'version 2';
"""
_FAILABLE: Final = ("requests", "bodies", "spans")
_READ_VERSION: Final = """
select obj_description(to_regclass('edge_console.requests'), 'pg_class')"""
_SIZES: Final = """
select c.relname, coalesce(pg_total_relation_size(c.oid), 0) from pg_class c -- null: just dropped
where c.relnamespace = 'edge_console'::regnamespace and c.relkind = 'r' order by c.relname"""
_FORGET_LOGS: Final = """
delete from {} log where log.level in ('debug', 'info') and not exists (
  select from edge_console.requests r where r.failed and r.id = log.request_id)"""


@dataclass(frozen=True, slots=True)
class Partition:
    """The rows of a table for one day; `failed` is None for logs."""

    table: str
    day: date
    failed: bool | None

    @property
    def name(self) -> str:
        return f"{self.parent}_{self.day:%Y%m%d}"

    @property
    def parent(self) -> str:
        if self.failed is None:
            return self.table
        return f"{self.table}_{'failed' if self.failed else 'ok'}"


def partitions_of(day: date) -> list[Partition]:
    """Return the partitions that rows of a day need."""
    failable = [Partition(t, day, failed) for t in _FAILABLE for failed in (False, True)]
    return [*failable, Partition("logs", day, None)]


def ensure_schema(connection: psycopg.Connection[Any]) -> None:
    """Create the tables if they are missing; those of another version are replaced."""
    row = connection.execute(_READ_VERSION).fetchone()
    if row and row[0] == f"version {_VERSION}":
        return
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(730422)")  # others make tables there too
        connection.execute(_TABLES)
        for table in _FAILABLE:
            for name, is_failed in (("ok", False), ("failed", True)):
                statement = sql.SQL(
                    "create table {} partition of {} for values in ({})"
                    " partition by range (started_at)"
                )
                connection.execute(
                    statement.format(
                        sql.Identifier(SCHEMA, f"{table}_{name}"),
                        sql.Identifier(SCHEMA, table),
                        sql.Literal(is_failed),
                    )
                )


def ensure_partitions(connection: psycopg.Connection[Any], today: date) -> None:
    """Create the partitions of yesterday, today and tomorrow."""
    for day in (today - timedelta(1), today, today + timedelta(1)):
        for partition in partitions_of(day):
            statement = sql.SQL(
                "create table if not exists {} partition of {} for values from ({}) to ({})"
            )
            connection.execute(
                statement.format(
                    sql.Identifier(SCHEMA, partition.name),
                    sql.Identifier(SCHEMA, partition.parent),
                    sql.Literal(f"{day} 00:00:00+00"),
                    sql.Literal(f"{day + timedelta(1)} 00:00:00+00"),
                )
            )


def purge(
    connection: psycopg.Connection[Any], settings: RecordingSettings, today: date
) -> list[str]:
    """Drop what is too old, then what is too much, the oldest first; returns what was dropped."""
    found = list(_find(connection))
    dropped: list[str] = []
    for partition in found:
        days = settings.days if partition.failed is False else settings.failed_days
        if partition.day < today - timedelta(days):
            dropped.append(_drop(connection, partition))
        elif partition.failed is None and partition.day < today - timedelta(settings.days):
            statement = sql.SQL(_FORGET_LOGS).format(sql.Identifier(SCHEMA, partition.name))
            connection.execute(statement)
    oldest_minute = datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(
        settings.failed_days
    )
    connection.execute("delete from edge_console.calls where minute < %s", (oldest_minute,))
    left = [each for each in found if each.name not in dropped]
    return dropped + _shrink(connection, left, settings.max_mb << 20)


def _find(connection: psycopg.Connection[Any]) -> Iterator[Partition]:
    for name, _ in connection.execute(_SIZES).fetchall():
        stem, _, digits = str(name).rpartition("_")
        if not digits.isdigit() or len(digits) != 8:
            continue
        day = datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC).date()
        table, _, kind = stem.partition("_")
        yield Partition(table, day, {"ok": False, "failed": True}.get(kind))


def _shrink(
    connection: psycopg.Connection[Any], partitions: list[Partition], most: int
) -> list[str]:
    """Empty partitions until the rest fits: bodies before rows, what went well before failures."""
    sizes: dict[str, int] = dict(connection.execute(_SIZES).fetchall())
    total = sum(sizes.values())
    emptied: list[str] = []
    order = {"bodies": 0, "spans": 1, "logs": 2, "requests": 3}
    for each in sorted(partitions, key=lambda p: (p.failed is True, p.day, order[p.table])):
        if total <= most:
            break
        total -= sizes.get(each.name, 0)
        connection.execute(sql.SQL("truncate {}").format(sql.Identifier(SCHEMA, each.name)))
        emptied.append(each.name)
    return emptied


def _drop(connection: psycopg.Connection[Any], partition: Partition) -> str:
    connection.execute(sql.SQL("drop table {}").format(sql.Identifier(SCHEMA, partition.name)))
    return partition.name
