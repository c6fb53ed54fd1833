"""The ASGI front of a function deployed alone; it ships inside the function's bundle.

It enforces what the gateway enforces: verify_jwt, rate_limit, body_limit and timeout. Refusals have
the platform's status, code and message; each request is logged in Cloud Logging's structure.
"""

import asyncio
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive

from edge.production.cloud_logging import AnsweredRequest, render_request
from edge.runtime.errors import Refusal, body_too_large, idle_timeout
from edge.telemetry.context import parse_trace

if TYPE_CHECKING:
    from edge.standalone.telemetry import StandaloneTelemetry

_Header = tuple[bytes, bytes]
Check = Callable[[Request], Awaitable[Refusal | None]]
HEALTH: Final = ("/_internal/health", "/_internal/live")
_CLIENT_GONE: Final = 499
_REQUEST_ID: Final = b"sb-request-id"
_RESERVED_HEADERS: Final = (_REQUEST_ID, b"sb-api-key")
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class StandaloneApp:
    """Wraps `function`, which serves `slug`; `body_limit` in bytes, `timeout` in seconds."""

    slug: str
    function: Callable[[Request], Awaitable[Any]]
    body_limit: int
    timeout: float
    checks: Sequence[Check] = ()
    trace_project: str = ""
    write: Callable[[bytes], object] = field(default=lambda line: sys.stdout.buffer.write(line))
    telemetry: "StandaloneTelemetry | None" = None

    async def serve(self, request: Request) -> Any:
        """Return the function's response, or an error response."""
        scope = request.scope
        if scope["path"] in HEALTH:
            return JSONResponse({"message": "ok"}, headers={"cache-control": "no-store"})
        started, request_id = time.perf_counter(), str(uuid.uuid4())
        headers, span = _with_request_id(scope["headers"], request_id), None
        if self.telemetry and (span := self.telemetry.begin(self.slug, headers)):
            headers = span.headers(headers)
        body = _Body(request.receive, self.body_limit)
        request = Request({**scope, "headers": headers}, body.receive)
        status, code = _CLIENT_GONE, ""
        try:
            response = await self._respond(request, body)
            status = response.status_code if isinstance(response, Response) else 200
            code = self._add_headers(response, request_id) if isinstance(response, Response) else ""
        finally:
            answered = self._describe(request, request_id, status, time.perf_counter() - started)
            self.write(render_request(answered, time.time(), self.trace_project))
            sys.stdout.flush()
            if self.telemetry:
                self.telemetry.end(span, answered, code)
        return response

    def _add_headers(self, response: Response, request_id: str) -> str:
        """Add what the platform adds to each response; return its error code, if it has one."""
        response.headers["sb-request-id"] = request_id
        response.headers["x-served-by"] = "edge-functions"
        if response.status_code >= 500:
            response.headers.setdefault("sb-error-code", "EDGE_FUNCTION_ERROR")
        return response.headers.get("sb-error-code", "")

    async def _respond(self, request: Request, body: "_Body") -> Any:
        for check in self.checks:
            if refusal := await check(request):
                return _refuse(refusal)
        if body.is_announced_too_large(request.headers):
            return _refuse(body_too_large(self.body_limit))
        try:
            async with asyncio.timeout(self.timeout):
                response = await self.function(request)
        except TimeoutError:
            return _refuse(idle_timeout(self.timeout))
        except Exception:
            if not body.is_too_large:
                raise
            response = None
        # The function may have caught the disconnect and responded itself.
        return _refuse(body_too_large(self.body_limit)) if body.is_too_large else response

    def _describe(
        self, request: Request, request_id: str, status: int, seconds: float
    ) -> AnsweredRequest:
        headers = request.headers
        return AnsweredRequest(
            method=request.method,
            url=request.scope["path"][:_LONGEST],  # without the query, which may hold secrets
            status=status,
            seconds=seconds,
            response_size=0,
            user_agent=headers.get("user-agent", "")[:_LONGEST],
            remote_ip=headers.get("x-forwarded-for", "").partition(",")[0].strip()
            or (request.client.host if request.client else ""),
            protocol=f"HTTP/{request.scope['http_version']}",
            labels={"function": self.slug, "request_id": request_id},
            trace=parse_trace(
                headers.get("traceparent", ""), headers.get("x-cloud-trace-context", "")
            ),
        )


class _Body:
    """Counts the request's body, and disconnects the function when it passes the limit."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self.is_too_large = False
        self._receive = receive
        self._limit = limit
        self._size = 0

    def is_announced_too_large(self, headers: Mapping[str, str]) -> bool:
        announced = headers.get("content-length", "")
        return announced.isdecimal() and int(announced) > self._limit

    async def receive(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            self.is_too_large = True
            raise ClientDisconnect
        return message


def _with_request_id(given: Sequence[_Header], request_id: str) -> list[_Header]:
    """Replace the client's sb-request-id with ours."""
    headers = [header for header in given if header[0] not in _RESERVED_HEADERS]
    return [*headers, (_REQUEST_ID, request_id.encode())]


def _refuse(refusal: Refusal) -> Response:
    headers = {name.decode(): value.decode() for name, value in refusal.headers()}
    return Response(refusal.body(), refusal.status, headers)
