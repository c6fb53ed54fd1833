"""Renders structured log lines as Cloud Logging reads them from standard output.

https://cloud.google.com/logging/docs/structured-logging
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from edge.events import Level
from edge.logs.entry import Entry
from edge.logs.level import level_of_status
from edge.telemetry.context import Trace

_SEVERITY: Final = {
    Level.DEBUG: "DEBUG",
    Level.INFO: "INFO",
    Level.WARNING: "WARNING",
    Level.ERROR: "ERROR",
}
_PREFIX: Final = "logging.googleapis.com/"
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


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

    def attributes(self) -> dict[str, str | int]:
        """Return what a span says of it, by the names of OpenTelemetry's conventions."""
        known = {
            "http.request.method": self.method,
            "url.path": self.url,
            "network.protocol.version": self.protocol.removeprefix("HTTP/"),
            "client.address": self.remote_ip,
            "user_agent.original": self.user_agent,
            "faas.name": self.labels.get("function", ""),
            "faas.invocation_id": self.labels.get("request_id", ""),
            "faas.instance": self.labels.get("execution_id", ""),
            "http.response.body.size": self.response_size,
        }
        return {name: value for name, value in known.items() if value != ""}


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


def render_log_entry(entry: Entry, project: str) -> bytes:
    """Render the line of any other log entry; a function's record names its trace."""
    labels = {
        "function": entry.function,
        "execution_id": entry.execution_id,
        "request_id": entry.request_id,
    }
    trace_id = entry.fields.get("trace_id")
    trace = Trace(trace_id, "", is_sampled=True) if isinstance(trace_id, str) else None
    return _line(
        {
            "severity": _SEVERITY[entry.level],
            "time": _stamp(entry.time),
            "message": entry.message,
            "kind": entry.kind,
            "fields": dict(entry.fields),
            f"{_PREFIX}labels": {name: text for name, text in labels.items() if text},
        }
        | _trace_members(trace, project)
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
