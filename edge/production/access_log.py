"""Middleware of the production gateway: health endpoints, and a log line for every request."""

import json
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.gateway.app import Header
from edge.production.cloud_logging import AnsweredRequest
from edge.telemetry.context import parse_trace

if TYPE_CHECKING:
    from edge.telemetry.export import RequestSpan

LIVE: Final = b"/_internal/live"
READY: Final = b"/_internal/health"
_CLIENT_GONE: Final = 499
_LONGEST: Final = 2000
_FUNCTIONS: Final = "/functions/v1/"
_LABELS: Final = {
    b"sb-request-id": "request_id",
    b"x-execution-id": "execution_id",
    b"sb-error-code": "error_code",
}


@dataclass(slots=True)
class AccessLog:
    """Wraps `gateway`; `log` gets every response.

    Readiness is 200 once `is_ready()` until `is_draining`. `prepare` gets the headers of each
    request before the gateway does. `begin_span`, if there is one, begins the request's span, which
    is named after the function if it is one of `functions()`.
    """

    gateway: ASGIApp
    log: Callable[[AnsweredRequest], None]
    is_ready: Callable[[], bool]
    prepare: Callable[[Iterable[Header]], Awaitable[None]] | None = None
    begin_span: "Callable[[str, Iterable[Header]], RequestSpan | None] | None" = None
    functions: Callable[[], Collection[str]] = tuple
    is_draining: bool = False
    in_flight: int = field(default=0, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.gateway(scope, receive, send)
        elif scope["raw_path"] == LIVE:
            await _send_message(send, 200, "ok")
        elif scope["raw_path"] in {READY, b"/health"}:
            await self._send_readiness(send)
        else:
            await self._forward(scope, receive, send)

    async def _send_readiness(self, send: Send) -> None:
        if self.is_draining:
            await _send_message(send, 503, "stopping")
        elif not self.is_ready():
            await _send_message(send, 503, "starting")
        else:
            await _send_message(send, 200, "ok")

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        record = _Record(send)
        started = time.perf_counter()
        span = None
        if self.begin_span and (span := self.begin_span(self._name(scope), scope["headers"])):
            scope = {**scope, "headers": span.headers(scope["headers"])}
        self.in_flight += 1
        try:
            if self.prepare:
                await self.prepare(scope["headers"])
            await self.gateway(scope, receive, record.send)
        finally:
            self.in_flight -= 1
            answered = _describe(scope, record, time.perf_counter() - started)
            self.log(answered)
            if span:
                span.end(
                    answered.status, answered.attributes(), record.labels.get("error_code", "")
                )

    def _name(self, scope: Scope) -> str:
        """Return the name of the request's span; clients cannot make up names."""
        path = scope["raw_path"].decode("latin-1")
        is_known = path.startswith(_FUNCTIONS) and _slug(path) in self.functions()
        return f"{scope['method']} {_FUNCTIONS}{_slug(path)}" if is_known else scope["method"]


@dataclass(slots=True)
class _Record:
    """Forwards the response and records what is logged about it."""

    forward: Send
    status: int = _CLIENT_GONE
    size: int = 0
    labels: dict[str, str] = field(default_factory=dict[str, str])

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            for name, value in message.get("headers", ()):
                if label := _LABELS.get(name):
                    self.labels[label] = value.decode("latin-1")
        else:
            self.size += len(message.get("body", b""))
        await self.forward(message)


def _describe(scope: Scope, record: _Record, seconds: float) -> AnsweredRequest:
    headers = _first_values(scope["headers"])
    # For readers of logs only: any client can send this header.
    forwarded = headers.get("x-forwarded-for", "").partition(",")[0].strip()
    client = scope.get("client") or ("", 0)
    path = scope["raw_path"].decode("latin-1")
    return AnsweredRequest(
        method=scope["method"],
        url=path[:_LONGEST],  # without the query, which may hold secrets
        status=record.status,
        seconds=seconds,
        response_size=record.size,
        user_agent=headers.get("user-agent", "")[:_LONGEST],
        remote_ip=forwarded or client[0],
        protocol=f"HTTP/{scope['http_version']}",
        labels={"function": _slug(path), **record.labels},
        trace=parse_trace(headers.get("traceparent", ""), headers.get("x-cloud-trace-context", "")),
    )


def _slug(path: str) -> str:
    return path.removeprefix(_FUNCTIONS).partition("/")[0][:_LONGEST]


def _first_values(headers: Iterable[Header]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return found


async def _send_message(send: Send, status: int, message: str) -> None:
    body = json.dumps({"message": message}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
