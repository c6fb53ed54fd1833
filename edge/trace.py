"""What the layers note about one request as it passes them; only of requests that are recorded."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from starlette.types import Scope

current_request: Final[ContextVar[str]] = ContextVar("edge_current_request", default="")
"""The id of the recorded request that this task serves; empty for others."""
_KEY: Final = "edge.trace"


@dataclass(slots=True)
class Trace:
    """A request under way: its id, and when it reached which point, by `time.perf_counter`."""

    request_id: str
    verified: float = field(default=0.0, init=False)
    """Its token was checked."""
    admitted: float = field(default=0.0, init=False)
    """A worker takes it."""
    answered: float = field(default=0.0, init=False)
    """The head of the worker's response was there."""


def with_trace(scope: Scope, trace: Trace) -> Scope:
    """Return the scope with `trace`, for the layers below."""
    return {**scope, _KEY: trace}


def trace_of(scope: Scope) -> Trace | None:
    """Return the request's trace, None if it is not recorded."""
    return scope.get(_KEY)
