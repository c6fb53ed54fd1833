"""The trace that a request belongs to: W3C's traceparent, or Google's older header."""

import re
from dataclasses import dataclass
from typing import Final

_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?"
)
_CLOUD_TRACE: Final = re.compile(r"(?!0{32})([0-9a-fA-F]{32})(?:/(\d{1,20}))?(?:;o=(\d))?")


@dataclass(frozen=True, slots=True)
class Trace:
    """The trace of a request; `span_id` is empty if the header has none."""

    trace_id: str
    span_id: str
    is_sampled: bool


def parse_trace(traceparent: str, cloud_trace: str) -> Trace | None:
    """Parse W3C's traceparent, else Google's older header; None if neither is well-formed."""
    if found := _TRACEPARENT.fullmatch(traceparent.strip()):
        return Trace(found[1], found[2], bool(int(found[3], 16) & 1))
    if found := _CLOUD_TRACE.fullmatch(cloud_trace.strip()):
        span_id = f"{int(found[2]) & (1 << 64) - 1:016x}" if found[2] else ""
        return Trace(found[1].lower(), span_id, found[3] == "1")
    return None


def render_traceparent(trace: Trace) -> str:
    """Render the header that names `trace` as the parent."""
    return f"00-{trace.trace_id}-{trace.span_id}-{'01' if trace.is_sampled else '00'}"
