"""What can happen in the platform, as frozen values; terminal, logs and metrics observe them.

The runtime's kinds follow supabase/edge-runtime's ext/event_worker/events.rs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from edge.logs.record import RequestRecord


class ShutdownReason(StrEnum):
    """Why a worker ended."""

    EVENT_LOOP_COMPLETED = "EventLoopCompleted"
    """It ended by itself: a crash, os._exit, a signal from outside."""
    WALL_CLOCK_TIME = "WallClockTime"
    CPU_TIME = "CPUTime"
    MEMORY = "Memory"
    EVENT_LOOP_BLOCKED = "EventLoopBlocked"
    """Blocking code in an async function, or a C extension that holds the interpreter's lock."""
    EARLY_DROP = "EarlyDrop"
    """It was retired or idle and had nothing left to do."""
    TERMINATION_REQUESTED = "TerminationRequested"
    """The stack stops, or its code has been replaced."""


class Level(StrEnum):
    """How loud a line is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Boot:
    """A worker listens; `boot_ms` since it was asked for."""

    slug: str
    execution_id: str
    pid: int
    boot_ms: float


@dataclass(frozen=True, slots=True)
class BootFailure:
    """A function could not be loaded; `message` is a traceback for a person."""

    slug: str
    execution_id: str
    message: str


@dataclass(frozen=True, slots=True)
class WorkerRetired:
    """A worker gets no new requests; `reason` is what it is retired for."""

    slug: str
    execution_id: str
    reason: ShutdownReason


@dataclass(frozen=True, slots=True)
class Shutdown:
    """A worker ended. A negative `status` is the signal that killed it; memory is what it used
    above the zygote's, at its last measurement."""

    slug: str
    execution_id: str
    reason: ShutdownReason
    status: int
    cpu_ms: float = 0.0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a function wrote to `stream` (stdout or stderr), in which request if known.

    `record` is what the text says, if it is a request's record: edge/logs/line.py reads it.
    """

    slug: str
    execution_id: str
    stream: str
    level: Level
    text: str
    request_id: str = ""
    record: RequestRecord | None = None


@dataclass(frozen=True, slots=True)
class UncaughtException:
    """A function let an exception out, or printed one; `exception` is its traceback."""

    slug: str
    execution_id: str
    exception: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class RequestServed:
    """A request for a function was answered; `code` is the platform's when the platform refused.

    `is_cold` when it waited for a worker to boot.
    """

    slug: str
    execution_id: str
    request_id: str
    method: str
    path: str
    status: int
    duration_ms: float
    code: str | None = None
    is_cold: bool = False


@dataclass(frozen=True, slots=True)
class SourceChanged:
    """Files of a function changed; its next request runs the new code."""

    slug: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ZygoteReady:
    """The heavy modules are imported: from now on a worker is a fork."""

    preload_ms: float
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ZygoteLost:
    """The zygote died and took its workers along; another is being started."""

    status: int | None


Event = (
    Boot
    | BootFailure
    | WorkerRetired
    | Shutdown
    | LogLine
    | UncaughtException
    | RequestServed
    | SourceChanged
    | ZygoteReady
    | ZygoteLost
)
Observer = Callable[[Event], None]
