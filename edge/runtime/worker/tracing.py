"""Which request a line or an outgoing call belongs to: sent to the parent, and to the stack.

Each line of output begins with the id of the request in whose context it was written; the parent
takes it off again. Calls to the stack's own API by httpx, urllib or requests have it as a header.
"""

import functools
import http.client
import io
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final, TextIO, cast
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from edge.runtime.pool.output import MARK

PARENT_HEADER: Final = "sb-parent-request-id"
_REQUEST_ID: Final = b"sb-request-id"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_current: ContextVar[str] = ContextVar("edge_request_id", default="")


class MarkedOutput(io.TextIOWrapper):
    """A stream by lines that prints what is no UTF-8, half of a surrogate pair, escaped.

    Each line begins with the mark of its request, if there is one.
    """

    def __init__(self, fd: int) -> None:
        raw = io.BufferedWriter(io.FileIO(fd, "w", closefd=False))
        super().__init__(raw, encoding="utf-8", errors="backslashreplace", line_buffering=True)
        self._is_at_start = True

    def write(self, s: str, /) -> int:
        request_id = _current.get()
        if request_id and s:
            mark = f"{MARK}{request_id}{MARK}"
            marked = s[:-1].replace("\n", f"\n{mark}") + s[-1]
            super().write(mark + marked if self._is_at_start else marked)
        else:
            super().write(s)
        if s:
            self._is_at_start = s[-1] == "\n"
        return len(s)


def with_request_id(app: ASGIApp) -> ASGIApp:
    """Wrap the app; what a request's handler writes and calls belongs to that request."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        _instrument_httpx()
        headers: list[tuple[bytes, bytes]] = scope.get("headers", [])
        given = next((value for name, value in headers if name == _REQUEST_ID), b"")
        # Never reset: the server has a task for each request, which logs its failure afterwards.
        _current.set(given.decode("latin-1"))
        await app(scope, receive, send)

    return serve


class _Instrumented:
    """The API's address, and whether httpx knows already; it may be imported late."""

    host: str = ""
    port: int | None = None
    has_httpx: bool = False


def mark_calls(environment: Mapping[str, str]) -> None:
    """Have HTTP clients name the request in calls to this machine's SUPABASE_URL."""
    url = urlsplit(environment.get("SUPABASE_URL", ""))
    if url.hostname not in _LOOPBACK:
        return
    _Instrumented.host, _Instrumented.port = url.hostname or "", url.port
    _instrument_http_client()
    _instrument_httpx()


def _is_api(host: str, port: int | None) -> bool:
    return port == _Instrumented.port and host == _Instrumented.host


def _instrument_http_client() -> None:
    """For urllib, and for requests, whose urllib3 builds on it."""
    end: Any = http.client.HTTPConnection.endheaders

    @functools.wraps(end)
    def end_headers(self: http.client.HTTPConnection, *args: Any, **options: Any) -> Any:
        request_id = _current.get()
        if request_id and _is_api(self.host, self.port):
            self.putheader(PARENT_HEADER, request_id)
        return end(self, *args, **options)

    http.client.HTTPConnection.endheaders = end_headers  # type: ignore[method-assign]


def _instrument_httpx() -> None:
    if _Instrumented.has_httpx or not _Instrumented.host or "httpx" not in sys.modules:
        return
    httpx: Any = sys.modules["httpx"]
    if not hasattr(httpx, "AsyncClient"):  # it is being imported
        return
    _Instrumented.has_httpx = True
    for client in (httpx.Client, httpx.AsyncClient):
        client.send = _with_header(client.send)


def _with_header(send: Any) -> Any:
    @functools.wraps(send)
    def sending(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        request_id = _current.get()
        if request_id and _is_api(request.url.host, request.url.port):
            request.headers.setdefault(PARENT_HEADER, request_id)
        return send(self, request, *args, **options)

    return sending


def open_output(fd: int) -> TextIO:
    """Return the stream for standard output or error.

    It is a new one: the zygote's may have been a file, which reconfiguring it would seek in.
    """
    return cast("TextIO", MarkedOutput(fd))
