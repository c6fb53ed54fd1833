"""Passes a request's trace on to the project's services, and to the function's log."""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import httpx

_HEADERS: Final = ("traceparent", "tracestate")
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_LONGEST: Final = 512
_current: Final[ContextVar[Mapping[str, str] | None]] = ContextVar("trace", default=None)


def adopt_trace(headers: Mapping[str, str]) -> str:
    """Take over the trace of a request's headers; return its id, empty if there is none."""
    found = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    if found is None:
        _current.set(None)
        return ""
    kept = {name: headers[name] for name in _HEADERS if 0 < len(headers.get(name, "")) <= _LONGEST}
    _current.set(kept)
    return found[1]


async def pass_trace_on(request: "httpx.Request") -> None:
    """Add the current trace to a request that leaves: an event hook of httpx."""
    for name, value in (_current.get() or {}).items():
        request.headers.setdefault(name, value)
