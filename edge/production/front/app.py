"""Passes requests for the hosted project's services on to it, streaming both ways.

Requests and answers go as they came: keys, preflights and errors are the project's to judge. What
is added is the client's address; what is left out are headers of one connection.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from typing import Final

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from edge.gateway.app import Header
from edge.production.front.failure import BUSY, TIMEOUT, UNREACHABLE, Failure, send_failure
from edge.production.front.paths import (
    MARK,
    Slugs,
    is_foreign_function,
    is_marked,
    is_of_project,
    is_of_service,
)
from edge.runtime.proxy.forwarded import forwarded_headers

MAX_CONNECTIONS: Final = 512
"""Requests that one process has at the project at once; the next ones wait."""
_IDLE_CONNECTIONS: Final = 64
_IDLE_SECONDS: Final = 30.0
_CONNECT_SECONDS: Final = 10.0
_READ_SECONDS: Final = 150.0
_WARN_SECONDS: Final = 10.0
HOP_BY_HOP: Final = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization"),
        *(b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect"),
    )
)
_FRAMING: Final = frozenset((b"host", b"content-length"))
# Our server has a date of its own, and the project's other endpoints are not ours.
_NOT_RETURNED: Final = HOP_BY_HOP | {b"date", b"alt-svc"}
_REPEATABLE: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_OF_BODIES: Final = ("content-length", "transfer-encoding")


@dataclass(slots=True)
class Front:
    """ASGI app: the services at `url`, everything else by `app`; `trusted` are proxies before us.

    With `slugs`, functions that are none of them are the project's at `url` as well.
    `timeout` is what the project may take to begin its answer, and between its parts, and the
    client to take a part; `patience` what a request may wait while `max_connections` are at the
    project.
    """

    app: ASGIApp
    url: str
    warn: Callable[[str], None]
    trusted: str = ""
    timeout: float = _READ_SECONDS
    patience: float = _CONNECT_SECONDS
    max_connections: int = MAX_CONNECTIONS
    slugs: Slugs | None = None
    _transport: httpx.AsyncHTTPTransport = field(init=False)
    _warned_at: float = field(default=-_WARN_SECONDS, init=False)

    def __post_init__(self) -> None:
        limits = httpx.Limits(
            max_connections=self.max_connections,
            max_keepalive_connections=_IDLE_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
        )
        self._transport = httpx.AsyncHTTPTransport(limits=limits)

    async def close(self) -> None:
        await self._transport.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_passed_on(scope):
            await self.app(scope, receive, send)
            return
        body = _Body(receive)
        exchange = asyncio.ensure_future(self._exchange(scope, body, send))
        gone = asyncio.ensure_future(body.wait_until_gone())
        try:
            await asyncio.wait({exchange, gone}, return_when=asyncio.FIRST_COMPLETED)
            if exchange.done():
                exchange.result()
        finally:
            for task in (exchange, gone):
                task.cancel()
            await asyncio.wait({exchange, gone})

    def _is_passed_on(self, scope: Scope) -> bool:
        path: bytes = scope["raw_path"]
        is_foreign = is_foreign_function(path, self.slugs) and not is_marked(scope["headers"])
        return is_foreign or is_of_service(path)

    async def _exchange(self, scope: Scope, body: "_Body", send: Send) -> None:
        request = self._request(scope, body)
        try:
            response = await self._open(request)
        except _ClientGoneError:
            return
        except httpx.PoolTimeout:
            await send_failure(send, BUSY)
        except httpx.ConnectTimeout as exc:
            await self._refuse(send, UNREACHABLE, exc)
        except httpx.TimeoutException as exc:
            await self._refuse(send, TIMEOUT, exc)
        except (httpx.HTTPError, OSError) as exc:
            await self._refuse(send, UNREACHABLE, exc)
        else:
            try:
                await self._answer(scope, response, send)
            finally:
                await response.aclose()

    def _request(self, scope: Scope, body: "_Body") -> httpx.Request:
        target: bytes = scope["raw_path"]
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        named = _names_in(scope["headers"], b"connection")
        headers = forwarded_headers(scope, HOP_BY_HOP | _FRAMING | named, self.trusted)
        length = next((v for n, v in scope["headers"] if n == b"content-length"), None)
        is_chunked = any(name == b"transfer-encoding" for name, _ in scope["headers"])
        if length is not None:
            headers.append((b"content-length", length))
        if not is_of_service(scope["raw_path"]):
            headers.append(MARK)
        has_body = is_chunked or (length or b"0").strip(b"0") != b""
        if not has_body:
            body.end()
        timeout = httpx.Timeout(self.timeout, connect=_CONNECT_SECONDS, pool=self.patience)
        return httpx.Request(
            scope["method"],
            self.url,
            headers=headers,
            content=body.read() if has_body else b"" if length is not None else None,
            extensions={"timeout": timeout.as_dict(), "target": target},
        )

    async def _open(self, request: httpx.Request) -> httpx.Response:
        """Send the request; once more if the connection that was kept had been closed."""
        try:
            return await self._transport.handle_async_request(request)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if request.method not in _REPEATABLE or any(n in request.headers for n in _OF_BODIES):
                raise
            return await self._transport.handle_async_request(request)

    async def _answer(self, scope: Scope, response: httpx.Response, send: Send) -> None:
        dropped = _NOT_RETURNED | _names_in(response.headers.raw, b"connection")
        headers = [
            (name.lower(), self._locate(scope, value) if name.lower() == b"location" else value)
            for name, value in response.headers.raw
            if name.lower() not in dropped
        ]
        status = response.status_code
        await send({"type": "http.response.start", "status": status, "headers": headers})
        try:
            async for part in response.aiter_raw():
                async with asyncio.timeout(self.timeout):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
        # The server closes the connection of an answer that is not complete.
        except httpx.HTTPError as exc:
            self._warn(f"{self.url} broke off its answer: {exc or type(exc).__name__}")
            return
        except TimeoutError:  # a client that does not read would keep a connection of all clients'
            return
        await send({"type": "http.response.body", "body": b""})

    def _locate(self, scope: Scope, location: bytes) -> bytes:
        """Return a location below the project's URL as one below ours."""
        rest = location.removeprefix(self.url.encode())
        if rest == location or not is_of_project(rest.partition(b"?")[0]):
            return location
        given = dict(forwarded_headers(scope, (), self.trusted))
        host = given.get(b"x-forwarded-host", b"")
        return given[b"x-forwarded-proto"] + b"://" + host + rest if host else rest

    async def _refuse(self, send: Send, failure: Failure, cause: Exception) -> None:
        self._warn(f"{self.url} does not answer: {cause or type(cause).__name__}")
        await send_failure(send, failure)

    def _warn(self, text: str) -> None:
        if time.monotonic() - self._warned_at >= _WARN_SECONDS:
            self._warned_at = time.monotonic()
            self.warn(text)


class _ClientGoneError(Exception):
    """The client went away before its request was complete."""


class _Body:
    """A request's body, read as fast as the project takes it; afterwards, the client's going."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = asyncio.Event()
        self._is_gone = False

    async def read(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._is_gone = True
                self._ended.set()
                raise _ClientGoneError
            more = message.get("more_body", False)
            if not more:
                self._ended.set()
            yield message.get("body", b"")

    async def wait_until_gone(self) -> None:
        """Return when the client has gone away, which is seen only once its body has been read."""
        await self._ended.wait()
        while not self._is_gone:
            self._is_gone = (await self._receive())["type"] == "http.disconnect"

    def end(self) -> None:
        """Note that there is no body to read."""
        self._ended.set()


def _names_in(headers: Collection[Header], wanted: bytes) -> frozenset[bytes]:
    """Return the header names that a header such as Connection lists."""
    values = (value for name, value in headers if name.lower() == wanted)
    return frozenset(part.strip().lower() for value in values for part in value.split(b","))
