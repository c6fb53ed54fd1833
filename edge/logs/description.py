"""Describes each event as a log entry: its level, its message, and its numbers as fields."""

from datetime import UTC, datetime
from typing import Any, Final

from edge.events import (
    Boot,
    BootFailure,
    Level,
    LogLine,
    RequestServed,
    Shutdown,
    ShutdownReason,
    SourceChanged,
    UncaughtException,
    WorkerRetired,
    ZygoteLost,
    ZygoteReady,
)
from edge.logs.entry import Entry, Kind
from edge.logs.level import level_of_status
from edge.logs.queue import LinesDropped, TimestampedEvent
from edge.logs.record import RequestRecord

MAX_CHARS: Final = 10_000
"""The platform's longest line: supabase.com/docs/guides/functions/limits."""

_LIMITS: Final = frozenset(
    {
        ShutdownReason.WALL_CLOCK_TIME,
        ShutdownReason.CPU_TIME,
        ShutdownReason.MEMORY,
        ShutdownReason.EVENT_LOOP_BLOCKED,
    }
)


def describe(timestamped: TimestampedEvent) -> Entry:
    """Build the log entry of an event."""
    time = datetime.fromtimestamp(timestamped.time, UTC)
    match timestamped.event:
        case LogLine() as event:
            return _describe_line(event, time)
        case RequestServed() as event:
            return _describe_request(event, time)
        case Boot() | BootFailure() | UncaughtException() | WorkerRetired() | Shutdown() as event:
            return _describe_worker(event, time)
        case LinesDropped() | SourceChanged() | ZygoteReady() | ZygoteLost() as event:
            return _describe_platform(event, time)


def level_of_shutdown(event: Shutdown) -> Level:
    """Return ERROR for a crash or an exceeded limit, INFO for what ended in its time."""
    if event.reason is ShutdownReason.WALL_CLOCK_TIME and event.status == 0:
        return Level.INFO  # of old age, with nothing open
    is_error = event.reason in _LIMITS or event.reason is ShutdownReason.EVENT_LOOP_COMPLETED
    return Level.ERROR if is_error else Level.INFO


def level_of_retirement(event: WorkerRetired) -> Level:
    """Return WARNING for a worker that used too much, INFO for one that is old or idle."""
    is_old = event.reason is ShutdownReason.WALL_CLOCK_TIME
    return Level.WARNING if event.reason in _LIMITS and not is_old else Level.INFO


def _describe_line(event: LogLine, time: datetime) -> Entry:
    record = event.record
    return Entry(
        time=time,
        level=event.level,
        kind=Kind.REQUEST_RECORD if record else Kind.LOG,
        message=_summarise(record) if record else event.text[:MAX_CHARS],
        function=event.slug,
        execution_id=event.execution_id,
        request_id=record.request_id if record else event.request_id,
        fields=record.fields if record else {"stream": event.stream},
    )


def _summarise(record: RequestRecord) -> str:
    took = "" if record.duration_ms is None else f" in {record.duration_ms:.0f} ms"
    failure = record.failure
    failed = f": {failure.code} {failure.message}".rstrip() if failure else ""
    return f"answered {record.status}{took}{failed}"


def _describe_request(event: RequestServed, time: datetime) -> Entry:
    fields: dict[str, Any] = {
        "method": event.method,
        "path": event.path,
        "status": event.status,
        "duration_ms": round(event.duration_ms, 1),
        "is_cold": event.is_cold,
    }
    if event.code:
        fields["code"] = event.code
    return Entry(
        time=time,
        level=level_of_status(event.status),
        kind=Kind.REQUEST,
        message=f"{event.method} {event.path} {event.status}"[:MAX_CHARS],
        function=event.slug,
        execution_id=event.execution_id,
        request_id=event.request_id,
        fields=fields,
    )


def _describe_worker(
    event: Boot | BootFailure | UncaughtException | WorkerRetired | Shutdown, time: datetime
) -> Entry:
    fields: dict[str, Any] = {}
    request_id = event.request_id if isinstance(event, UncaughtException) else ""
    match event:
        case Boot():
            level, kind, message = Level.INFO, Kind.BOOT, f"booted in {event.boot_ms:.0f} ms"
            fields = {"boot_time": round(event.boot_ms, 1), "pid": event.pid}
        case BootFailure():
            # Keep the end of a traceback: it names the exception.
            level, kind, message = Level.ERROR, Kind.BOOT_FAILURE, event.message[-MAX_CHARS:]
        case UncaughtException():
            level, kind = Level.ERROR, Kind.UNCAUGHT_EXCEPTION
            message = event.exception[-MAX_CHARS:]
        case WorkerRetired():
            level, kind = level_of_retirement(event), Kind.WORKER_RETIRED
            message, fields = f"retired: {event.reason}", {"reason": event.reason}
        case Shutdown():
            level, kind, message = level_of_shutdown(event), Kind.SHUTDOWN, f"ended: {event.reason}"
            fields = {
                "reason": event.reason,
                "status": event.status,
                "cpu_time_used": round(event.cpu_ms, 1),
                "memory_used": event.memory_bytes,
            }
    return Entry(
        time, level, kind, message, event.slug, event.execution_id, request_id, fields=fields
    )


def _describe_platform(
    event: LinesDropped | SourceChanged | ZygoteReady | ZygoteLost, time: datetime
) -> Entry:
    slug, level = "", Level.INFO
    match event:
        case LinesDropped(slug, count, cause):
            level, kind = Level.WARNING, Kind.LINES_DROPPED
            message = f"{count} lines are missing here: {cause}"
            fields = {"count": count, "cause": cause.name.lower()}
        case SourceChanged(slug, files):
            kind, message = Kind.SOURCE_CHANGED, f"reloads: {', '.join(files)}"
            fields = {"files": list(files)}
        case ZygoteReady(preload_ms, missing):
            kind, message = Kind.ZYGOTE_READY, f"functions start as forks after {preload_ms:.0f} ms"
            fields = {"preload_ms": round(preload_ms, 1), "missing": list(missing)}
        case ZygoteLost(status):
            level, kind = Level.ERROR, Kind.ZYGOTE_LOST
            message = "the zygote died and took all workers along; another is being started"
            fields = {"status": status}
    return Entry(time, level, kind, message, slug, fields=fields)
