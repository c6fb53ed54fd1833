"""The log entry of each event."""

import json
from datetime import UTC, datetime

import pytest

from edge.events import (
    Boot,
    BootFailure,
    Event,
    Level,
    LogLine,
    RequestServed,
    Shutdown,
    ShutdownReason,
    SourceChanged,
    WorkerRetired,
    ZygoteLost,
    ZygoteReady,
)
from edge.logs.description import MAX_CHARS, describe
from edge.logs.entry import Entry, Kind
from edge.logs.line import read_line
from edge.logs.queue import DropCause, LinesDropped, TimestampedEvent


def described(event: Event | LinesDropped) -> Entry:
    return describe(TimestampedEvent(1_738_324_800.5, event))


@pytest.mark.parametrize(
    ("event", "kind", "level", "message"),
    [
        (Boot("f", "e", 7, 21.4), Kind.BOOT, Level.INFO, "booted in 21 ms"),
        (BootFailure("f", "e", "SyntaxError: x"), Kind.BOOT_FAILURE, Level.ERROR, "SyntaxError: x"),
        (
            WorkerRetired("f", "e", ShutdownReason.CPU_TIME),
            Kind.WORKER_RETIRED,
            Level.WARNING,
            "retired: CPUTime",
        ),
        (
            WorkerRetired("f", "e", ShutdownReason.TERMINATION_REQUESTED),
            Kind.WORKER_RETIRED,
            Level.INFO,
            "retired: TerminationRequested",
        ),
        (
            Shutdown("f", "e", ShutdownReason.MEMORY, -9, 12.0, 300),
            Kind.SHUTDOWN,
            Level.ERROR,
            "ended: Memory",
        ),
        (
            WorkerRetired("f", "e", ShutdownReason.WALL_CLOCK_TIME),
            Kind.WORKER_RETIRED,
            Level.INFO,
            "retired: WallClockTime",
        ),
        (
            Shutdown("f", "e", ShutdownReason.WALL_CLOCK_TIME, 0),
            Kind.SHUTDOWN,
            Level.INFO,
            "ended: WallClockTime",
        ),
        (
            Shutdown("f", "e", ShutdownReason.WALL_CLOCK_TIME, -9),
            Kind.SHUTDOWN,
            Level.ERROR,
            "ended: WallClockTime",
        ),
        (
            Shutdown("f", "e", ShutdownReason.EARLY_DROP, 0),
            Kind.SHUTDOWN,
            Level.INFO,
            "ended: EarlyDrop",
        ),
        (
            RequestServed("f", "e", "r", "POST", "/f", 504, 1.0, "IDLE_TIMEOUT"),
            Kind.REQUEST,
            Level.ERROR,
            "POST /f 504",
        ),
        (
            LinesDropped("f", 3, DropCause.RATE),
            Kind.LINES_DROPPED,
            Level.WARNING,
            "3 lines are missing here: more than its rate",
        ),
        (SourceChanged("f", ("a.py",)), Kind.SOURCE_CHANGED, Level.INFO, "reloads: a.py"),
    ],
)
def test_an_event_of_a_function(
    event: Event | LinesDropped, kind: Kind, level: Level, message: str
) -> None:
    entry = described(event)

    assert (entry.kind, entry.level, entry.message) == (kind, level, message)
    assert entry.function == "f"
    assert entry.time == datetime(2025, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)


def test_a_shutdown_has_the_resources_that_the_worker_used() -> None:
    fields = described(Shutdown("f", "e", ShutdownReason.MEMORY, -9, 12.34, 300)).fields

    assert fields == {
        "reason": "Memory",
        "status": -9,
        "cpu_time_used": 12.3,
        "memory_used": 300,
    }


def test_a_refused_request_has_its_error_code() -> None:
    refused = described(RequestServed("f", "", "r", "GET", "/f", 503, 1, "BOOT_ERROR", True))
    served = described(RequestServed("f", "", "r", "GET", "/f", 200, 1))

    assert (refused.fields["code"], refused.fields["is_cold"]) == ("BOOT_ERROR", True)
    assert "code" not in served.fields


@pytest.mark.parametrize("event", [ZygoteReady(400.0, ("x",)), ZygoteLost(-9)])
def test_the_zygotes_events_concern_no_function(event: Event) -> None:
    assert described(event).function == ""


def test_a_plain_line_is_kept_as_it_is() -> None:
    entry = described(LogLine("f", "e", "stderr", Level.ERROR, "it broke"))

    assert (entry.kind, entry.level, entry.message) == (Kind.LOG, Level.ERROR, "it broke")
    assert (entry.execution_id, entry.fields) == ("e", {"stream": "stderr"})


def test_a_record_of_a_request_is_kept_structured() -> None:
    record = {
        "request_id": "r-1",
        "status": 502,
        "duration_ms": 812,
        "stages": {"analyse": {"status": "error", "duration_ms": 800}},
        "error": {"code": "PROVIDER_FAILED", "message": "OpenAI failed.", "provider": "OpenAI"},
    }

    entry = described(read_line("f", "e", "stdout", json.dumps(record)))

    assert entry.kind is Kind.REQUEST_RECORD
    assert entry.request_id == "r-1"
    assert entry.message == "answered 502 in 812 ms: PROVIDER_FAILED OpenAI failed."
    assert entry.fields == record


def test_a_long_line_is_cut_and_a_long_traceback_keeps_its_end() -> None:
    line = described(LogLine("f", "e", "stdout", Level.INFO, "a" * 20_000 + "z"))
    failure = described(BootFailure("f", "e", "a" * 20_000 + "z"))

    assert line.message == "a" * MAX_CHARS
    assert failure.message == "a" * (MAX_CHARS - 1) + "z"
