"""Writes batches of rows into Postgres over one connection, opened when there is a server."""

import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final, LiteralString, cast

import psycopg

from edge.project.recording import RecordingSettings
from edge.recording.rows import BODY_COLUMNS, LOG_COLUMNS, REQUEST_COLUMNS, Row
from edge.recording.schema import ensure_partitions, ensure_schema, purge
from edge.recording.spans import SPAN_COLUMNS

_LOG: Final = logging.getLogger(__name__)
_COLUMNS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "requests": (REQUEST_COLUMNS, "started_at"),
    "bodies": (BODY_COLUMNS, "started_at"),
    "spans": (SPAN_COLUMNS, "started_at"),
    "logs": (LOG_COLUMNS, "at"),
}
_COUNT: Final = """
insert into edge_console.calls as c (function, minute, calls, errors, cold, durations)
values (%s, to_timestamp(%s), %s, %s, %s, %s)
on conflict (function, minute) do update set calls = c.calls + excluded.calls,
  errors = c.errors + excluded.errors, cold = c.cold + excluded.cold,
  durations = (select array_agg(a + b order by n)
    from unnest(c.durations, excluded.durations) with ordinality as t(a, b, n))"""
_LATE: Final = """
update edge_console.requests set code = coalesce(code, %s), error = %s, fingerprint = %s
where id = %s and started_at = %s and failed"""
_PURGE_SECONDS: Final = 3600.0


@dataclass(slots=True)
class Batch:
    """Rows by table, and what is changed besides."""

    rows: dict[str, list[Row]] = field(
        default_factory=lambda: {name: list[Row]() for name in _COLUMNS}
    )
    late: list[Row] = field(default_factory=list[Row])
    """Errors that became known after their request was written."""
    counts: list[Row] = field(default_factory=list[Row])

    @property
    def is_empty(self) -> bool:
        return not (any(self.rows.values()) or self.late or self.counts)

    @property
    def size(self) -> int:
        return sum(map(len, self.rows.values()))

    def split(self) -> "list[Batch]":
        """Return two batches with half of the rows each; none if there is only one row."""
        rows = [(table, row) for table, found in self.rows.items() for row in found]
        first, second = Batch(), Batch(late=self.late, counts=self.counts)
        half = (len(rows) + 1) // 2
        for number, (table, row) in enumerate(rows):
            (first if number < half else second).rows[table].append(row)
        return [] if first.is_empty or second.is_empty else [first, second]


@dataclass(slots=True)
class Store:
    """One connection as the server's owner; `write` raises psycopg.Error."""

    dsn: str
    settings: RecordingSettings
    _connection: psycopg.Connection[Any] | None = field(default=None, init=False)
    _days: set[date] = field(default_factory=set[date], init=False)
    _purges_at: float = field(default=0.0, init=False)

    def write(self, batch: Batch) -> None:
        """Write the batch in one transaction; connects, and makes the tables, as necessary."""
        connection = self._connect()
        self._prepare_days(connection, batch)
        with connection.transaction(), connection.cursor() as cursor:
            for table, rows in batch.rows.items():
                if rows:
                    _copy(cursor, table, rows)
            if batch.late:
                cursor.executemany(_LATE, batch.late)
            if batch.counts:
                cursor.executemany(_COUNT, batch.counts)
        if time.monotonic() >= self._purges_at:
            self._purges_at = time.monotonic() + _PURGE_SECONDS
            try:
                purge(connection, self.settings, datetime.now(UTC).date())
            except psycopg.Error as exc:  # the batch is stored: it must not be written again
                _LOG.warning("Old records are not removed: %s", exc)

    def close(self) -> None:
        """Close the connection; the next `write` opens another."""
        connection, self._connection = self._connection, None
        self._days.clear()
        if connection:
            with suppress(psycopg.Error):
                connection.close()

    def _connect(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._days.clear()
            connection = psycopg.connect(
                self.dsn,
                autocommit=True,
                application_name="edge-recording",
                connect_timeout=5,
                options="-c synchronous_commit=off -c client_min_messages=warning",
            )
            try:
                ensure_schema(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare_days(self, connection: psycopg.Connection[Any], batch: Batch) -> None:
        days = {datetime.now(UTC).date()}
        for table, rows in batch.rows.items():
            columns, time_column = _COLUMNS[table]
            index = columns.index(time_column)
            days |= {cast("datetime", row[index]).date() for row in rows}
        for day in days - self._days:
            ensure_partitions(connection, day)
            self._days.add(day)


def _copy(cursor: psycopg.Cursor[Any], table: str, rows: Iterable[Row]) -> None:
    columns = ", ".join(_COLUMNS[table][0])
    statement = cast("LiteralString", f"copy edge_console.{table} ({columns}) from stdin")
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
