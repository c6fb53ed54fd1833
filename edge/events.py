"""What can happen in the platform, as frozen values; logs and metrics are observers of these.

The runtime's kinds follow supabase/edge-runtime's ext/event_worker/events.rs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class ShutdownReason(StrEnum):
    """Why a worker ended."""

    EXITED = "Exited"
    TERMINATION_REQUESTED = "TerminationRequested"


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
class Shutdown:
    """A worker ended; a negative `status` is the signal that killed it."""

    slug: str
    execution_id: str
    reason: ShutdownReason
    status: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a function wrote to `stream` (stdout or stderr)."""

    slug: str
    execution_id: str
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class RequestServed:
    """A request for a function was answered."""

    slug: str
    method: str
    path: str
    status: int
    duration_ms: float


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


Event = Boot | BootFailure | Shutdown | LogLine | RequestServed | SourceChanged | ZygoteReady
Observer = Callable[[Event], None]
