"""Recording never stands in the way: without a database, with one that is away, and in a flood."""

import threading
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.events import RequestServed
from edge.project.recording import RecordingSettings
from edge.recording.assembly import Assembler
from edge.recording.callers import CallerReader
from edge.recording.capture import Capture
from edge.recording.recorder import Recorder
from edge.recording.redaction import Redaction
from edge.recording.rows import RowMaker
from edge.recording.schema import ensure_partitions, ensure_schema
from edge.recording.store import Store
from edge.recording.writer import Writer
from edge.tokens import Keys
from tests.support.waiting import wait_for

SCOPE: dict[str, Any] = {
    "method": "POST",
    "raw_path": b"/functions/v1/hello",
    "query_string": b"",
    "headers": [(b"authorization", b"Bearer not a token")],
}


def make_writer(dsn: str, closing: threading.Event) -> Writer:
    rows = RowMaker(Redaction(), CallerReader(Keys("s" * 32), {}))
    return Writer(Store(dsn, RecordingSettings()), Assembler(rows), closing)


def pass_one(
    recorder: Recorder,
    status: int = 200,
    body: bytes = b"{}",
    scope: Mapping[str, Any] = SCOPE,
) -> Capture | None:
    """Let a request pass; returns what was captured of it."""
    capture = recorder.begin("function", "", {**scope})
    request_id = capture.request_id if capture else "00000000-0000-4000-8000-000000000000"
    recorder(RequestServed("hello", "", request_id, "POST", "/hello", status, 1.0))
    if capture:
        capture.status, capture.ended = status, time.perf_counter()
        capture.add_response(body)
        recorder.finish(capture)
    return capture


def count(dsn: str, table: str) -> int:
    with psycopg.connect(dsn) as connection:
        try:
            found = connection.execute(f"select count(*) from edge_console.{table}".encode())
            row = found.fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
    return row[0] if row else 0


async def test_what_happens_before_the_database_is_there_is_stored(
    cluster: Cluster, database: str
) -> None:
    dsn = cluster.dsn(database)
    recorder = Recorder(RecordingSettings())
    recorder.start()
    for _ in range(3):
        pass_one(recorder)

    recorder.connect(lambda closing: make_writer(dsn, closing))
    await recorder.close()

    assert count(dsn, "requests") == 3
    assert recorder.dropped == 0


async def test_without_a_database_nothing_waits_and_drops_are_counted(tmp_path: Path) -> None:
    recorder = Recorder(RecordingSettings(per_second=1_000_000))
    recorder.start()
    recorder.connect(lambda closing: make_writer(f"host={tmp_path}", closing))
    body = b"x" * 60_000

    began = time.process_time()
    for _ in range(1500):
        pass_one(recorder, body=body)
    await recorder.close()

    assert recorder.dropped > 0
    assert time.process_time() - began < 20


async def test_tables_that_are_gone_are_made_again(cluster: Cluster, database: str) -> None:
    """As after `edge db reset`."""
    dsn = cluster.dsn(database)
    recorder = Recorder(RecordingSettings())
    recorder.start()
    recorder.connect(lambda closing: make_writer(dsn, closing))
    pass_one(recorder)
    wait_for(lambda: count(dsn, "requests") == 1)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("drop schema edge_console cascade")

    pass_one(recorder)
    await recorder.close()

    assert count(dsn, "requests") == 1


async def test_in_a_flood_failures_are_kept_and_counts_are_exact(
    cluster: Cluster, database: str
) -> None:
    dsn = cluster.dsn(database)
    recorder = Recorder(RecordingSettings(per_second=1))
    recorder.start()
    recorder.connect(lambda closing: make_writer(dsn, closing))

    captured = [pass_one(recorder) for _ in range(600)]
    pass_one(recorder, status=503)
    await recorder.close()

    assert recorder._queue.batch_seconds == 0.6, "fewer batches"  # pyright: ignore[reportPrivateUsage]
    assert captured[0] is not None
    assert captured[-1] is None
    with psycopg.connect(dsn) as connection:
        failed = connection.execute(
            "select status, function from edge_console.requests where failed"
        ).fetchall()
        calls = connection.execute("select sum(calls), sum(errors) from edge_console.calls")
        assert calls.fetchone() == (601, 1)
    assert failed == [(503, "hello")]


async def test_a_row_that_postgres_refuses_takes_no_other_with_it(
    cluster: Cluster, database: str
) -> None:
    dsn = cluster.dsn(database)
    recorder = Recorder(RecordingSettings())
    recorder.start()
    for method in ("GET", "G\x00T", "POST", "PUT"):
        pass_one(recorder, scope={**SCOPE, "method": method})
    recorder.connect(lambda closing: make_writer(dsn, closing))
    await recorder.close()

    assert (count(dsn, "requests"), count(dsn, "bodies")) == (3, 8)
    assert recorder.dropped == 1


async def test_rows_are_written_once_though_old_ones_cannot_be_removed(
    cluster: Cluster, database: str
) -> None:
    dsn = cluster.dsn(database)
    with psycopg.connect(dsn, autocommit=True) as connection:
        ensure_schema(connection)
        ensure_partitions(connection, date(2020, 1, 1))
        connection.execute("create view kept as select * from edge_console.logs_20200101")
    recorder = Recorder(RecordingSettings())
    recorder.start()
    pass_one(recorder)
    recorder.connect(lambda closing: make_writer(dsn, closing))
    await recorder.close()

    assert count(dsn, "requests") == 1
    assert recorder.dropped == 0


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "🎉"])
async def test_any_text_can_be_stored(cluster: Cluster, database: str, text: str) -> None:
    dsn = cluster.dsn(database)
    recorder = Recorder(RecordingSettings())
    recorder.start()
    recorder.connect(lambda closing: make_writer(dsn, closing))

    body = ('{"code":"X","message":"' + text + '"}').encode("utf-8", "surrogatepass")
    pass_one(recorder, status=500, body=body)
    await recorder.close()

    assert count(dsn, "requests") == 1
    assert recorder.dropped == 0
