"""Renders structured log lines as Cloud Logging reads them from standard output.

https://cloud.google.com/logging/docs/structured-logging
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from edge.events import Level
from edge.logs.entry import Entry
from edge.logs.level import level_of_status

_SEVERITY: Final = {
    Level.DEBUG: "DEBUG",
    Level.INFO: "INFO",
    Level.WARNING: "WARNING",
    Level.ERROR: "ERROR",
}
_PREFIX: Final = "logging.googleapis.com/"
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_CLOUD_TRACE: Final = re.compile(r"([0-9a-fA-F]{32})(?:/(\d{1,20}))?(?:;o=(\d))?")
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Trace:
    """The trace of a request; `span_id` is empty if the header has none."""

    trace_id: str
    span_id: str
    is_sampled: bool


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """A request and its response, with the members of a load balancer's access log."""

    method: str
    url: str
    status: int
    seconds: float
    response_size: int
    user_agent: str
    remote_ip: str
    protocol: str
    labels: Mapping[str, str]
    trace: Trace | None


def parse_trace(traceparent: str, cloud_trace: str) -> Trace | None:
    """Parse W3C's traceparent, else Google's older header; None if neither is well-formed."""
    if found := _TRACEPARENT.fullmatch(traceparent.strip()):
        return Trace(found[1], found[2], bool(int(found[3], 16) & 1))
    if found := _CLOUD_TRACE.fullmatch(cloud_trace.strip()):
        span_id = f"{int(found[2]) & (1 << 64) - 1:016x}" if found[2] else ""
        return Trace(found[1].lower(), span_id, found[3] == "1")
    return None


def render_request(answered: AnsweredRequest, time: float, project: str) -> bytes:
    """Render the access log line of a request."""
    members: dict[str, Any] = {
        "severity": _SEVERITY[level_of_status(answered.status)],
        "time": _stamp(datetime.fromtimestamp(time, UTC)),
        "message": f"{answered.method} {answered.url} {answered.status}",
        "httpRequest": {
            "requestMethod": answered.method,
            "requestUrl": answered.url,
            "status": answered.status,
            "responseSize": str(answered.response_size),
            "userAgent": answered.user_agent,
            "remoteIp": answered.remote_ip,
            "latency": f"{answered.seconds:.6f}s",
            "protocol": answered.protocol,
        },
        f"{_PREFIX}labels": {name: text for name, text in answered.labels.items() if text},
    }
    return _line(members | _trace_members(answered.trace, project))


def render_log_entry(entry: Entry) -> bytes:
    """Render the line of any other log entry."""
    labels = {
        "function": entry.function,
        "execution_id": entry.execution_id,
        "request_id": entry.request_id,
    }
    return _line(
        {
            "severity": _SEVERITY[entry.level],
            "time": _stamp(entry.time),
            "message": entry.message,
            "kind": entry.kind,
            "fields": dict(entry.fields),
            f"{_PREFIX}labels": {name: text for name, text in labels.items() if text},
        }
    )


def render_remark(severity: str, message: str, time: float) -> bytes:
    """Render a message of the instance itself."""
    stamp = _stamp(datetime.fromtimestamp(time, UTC))
    return _line({"severity": severity, "time": stamp, "message": message, "kind": "Instance"})


def _trace_members(trace: Trace | None, project: str) -> dict[str, Any]:
    if trace is None:
        return {}
    name = f"projects/{project}/traces/{trace.trace_id}" if project else trace.trace_id
    span = {f"{_PREFIX}spanId": trace.span_id} if trace.span_id else {}
    return {f"{_PREFIX}trace": name, **span, f"{_PREFIX}trace_sampled": trace.is_sampled}


def _stamp(time: datetime) -> str:
    return time.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _line(members: Mapping[str, Any]) -> bytes:
    return _encode(members).encode(errors="backslashreplace") + b"\n"
