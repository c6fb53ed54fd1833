"""What stands before a function that is deployed alone, where no gateway of ours does.

It enforces what `edge start` enforces: verify_jwt, the rate, the body's size, the time to the first
byte; answers refusals in the platform's words; and logs each request as Cloud Logging reads it.
"""

import asyncio
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from edge.production.cloud_logging import AnsweredRequest, parse_trace, render_request
from edge.runtime.errors import Refusal, body_too_large, idle_timeout

Check = Callable[[Request], Awaitable[Refusal | None]]
Message = MutableMapping[str, Any]
HEALTH: Final = ("/_internal/health", "/_internal/live")
_CLIENT_GONE: Final = 499
_REQUEST_ID: Final = b"sb-request-id"
_OURS_ALONE: Final = (_REQUEST_ID, b"sb-api-key")
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Door:
    """Before the function `slug`; `body_limit` in bytes, `timeout` in seconds."""

    slug: str
    function: Callable[[Request], Awaitable[Any]]
    body_limit: int
    timeout: float
    checks: Sequence[Check] = ()
    trace_project: str = ""
    write: Callable[[bytes], object] = field(default=lambda line: sys.stdout.buffer.write(line))

    async def serve(self, request: Request) -> Any:
        """The function's answer, or the refusal."""
        if request.url.path in HEALTH:
            return JSONResponse({"message": "ok"}, headers={"cache-control": "no-store"})
        started, request_id = time.perf_counter(), str(uuid.uuid4())
        status = _CLIENT_GONE
        try:
            answer = await self._answer(_named(request, request_id))
            status = answer.status_code if isinstance(answer, Response) else 200
        finally:
            self._log(request, request_id, status, time.perf_counter() - started)
        if isinstance(answer, Response):
            answer.headers["sb-request-id"] = request_id
            answer.headers["x-served-by"] = "edge-functions"
            if status >= 500:
                answer.headers.setdefault("sb-error-code", "EDGE_FUNCTION_ERROR")
        return answer

    async def _answer(self, request: Request) -> Any:
        for check in self.checks:
            if refusal := await check(request):
                return _refuse(refusal)
        body = _Body(request.receive, self.body_limit)
        if body.is_announced_too_large(request.headers):
            return _refuse(body_too_large(self.body_limit))
        try:
            async with asyncio.timeout(self.timeout):
                answer = await self.function(Request(request.scope, body.receive))
        except TimeoutError:
            return _refuse(idle_timeout(self.timeout))
        except Exception:
            if not body.is_too_large:
                raise
            answer = None
        # A function may also have made an answer of its own of a body that was cut off.
        return _refuse(body_too_large(self.body_limit)) if body.is_too_large else answer

    def _log(self, request: Request, request_id: str, status: int, seconds: float) -> None:
        headers = request.headers
        answered = AnsweredRequest(
            method=request.method,
            url=request.url.path[:_LONGEST],  # without the query: callers put secrets there
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
        self.write(render_request(answered, time.time(), self.trace_project))
        sys.stdout.flush()


class _Body:
    """The request's body on its way to the function, cut off where it gets too large."""

    def __init__(self, receive: Callable[[], Awaitable[Message]], limit: int) -> None:
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


def _named(request: Request, request_id: str) -> Request:
    """The request with an identifier that nobody else has chosen."""
    headers = [header for header in request.scope["headers"] if header[0] not in _OURS_ALONE]
    headers.append((_REQUEST_ID, request_id.encode()))
    return Request({**request.scope, "headers": headers}, request.receive)


def _refuse(refusal: Refusal) -> Response:
    headers = {name.decode(): value.decode() for name, value in refusal.headers()}
    return Response(refusal.body(), refusal.status, headers)
