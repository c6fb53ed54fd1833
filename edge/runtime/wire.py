"""HTTP/1.1 to a worker over its unix socket: bytes pass through unbuffered in both directions.

One exchange = one ASGI request forwarded, one response relayed. Memory is bounded: the socket is
not read while the client is slow, the request body not pulled while the worker is slow.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import httptools

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

_HIGH_WATER: Final = 256 * 1024
_HOP_BY_HOP: Final = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
_LENGTH: Final = b"content-length"
_BODILESS: Final = frozenset((204, 304))
_NOT_FORWARDED: Final = _HOP_BY_HOP | {b"expect"}


class WorkerGoneError(ConnectionError):
    """The worker closed the connection before its answer was complete."""


class MalformedAnswerError(Exception):
    """A worker sent more than one answer, or an interim one, which its server never does."""


class BodyTooLargeError(Exception):
    """The request body passed the function's limit."""


class ClientGoneError(ConnectionError):
    """The client left before the answer was complete."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as a worker gets it; a body longer than `body_limit` is not let through."""

    method: str
    target: bytes
    headers: Sequence[Header]
    body_limit: int | None = None

    @property
    def is_too_large(self) -> bool:
        """Whether it announces a longer body than is let through."""
        announced = next((int(value) for name, value in self.headers if name == _LENGTH), 0)
        return self.body_limit is not None and announced > self.body_limit


def render_head(method: str, target: bytes, headers: Iterable[Header]) -> tuple[bytes, bool]:
    """The request line and headers as bytes, and whether the body goes in chunks."""
    lines = [method.encode("ascii"), b" ", target, b" HTTP/1.1\r\n"]
    has_length = is_chunked = False
    for name, value in headers:
        if name == b"transfer-encoding":
            is_chunked = True
        if name in _NOT_FORWARDED:
            continue
        has_length = has_length or name == _LENGTH
        lines += (name, b": ", value, b"\r\n")
    is_chunked = is_chunked and not has_length
    if is_chunked:
        lines.append(b"transfer-encoding: chunked\r\n")
    lines.append(b"\r\n")
    return b"".join(lines), is_chunked


def _abandon(upload: "asyncio.Future[None]") -> None:
    upload.cancel()
    if upload.done() and not upload.cancelled():
        upload.exception()


class Connection(asyncio.Protocol):
    """A kept-alive connection to one worker; serves one exchange at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.is_reusable = False
        self._parser: httptools.HttpResponseParser | None = None
        self._headers: list[Header] = []
        self._events: deque[Message] = deque()
        self._buffered = 0
        self._has_no_body = False
        self._is_complete = False
        self._is_sent = False
        self._is_lost = False
        self._wake = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    @classmethod
    async def open(cls, path: str) -> "Connection":
        """Connect to the worker listening at `path`."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_unix_connection(cls, path)
        return connection

    @property
    def is_open(self) -> bool:
        return not self._is_lost

    def close(self) -> None:
        self.is_reusable = False
        if self.transport:
            self.transport.abort()

    async def exchange(self, request: Outgoing, receive: Receive, send: Send) -> int:
        """Forward a request, relay the response; its status.

        Raises WorkerGoneError, ClientGoneError or BodyTooLargeError; the connection is then closed.
        """
        self._begin(request.method)
        upload = asyncio.ensure_future(self._upload(request, receive))
        try:
            status = await self._relay(send, upload)
        except BaseException:
            self.close()
            raise
        finally:
            _abandon(upload)
        if not (self.is_reusable and self._is_sent):
            self.close()
        return status

    def _begin(self, method: str) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers = []
        self._has_no_body = method == "HEAD"
        self._is_complete = False
        self._is_sent = False
        self.is_reusable = False

    async def _upload(self, request: Outgoing, receive: Receive) -> None:
        """Send head and body, then wait for the client to leave."""
        assert self.transport is not None
        head, is_chunked = render_head(request.method, request.target, request.headers)
        pending = head
        size = 0
        if is_chunked:
            self.transport.write(head)
            pending = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            body: bytes = message.get("body", b"")
            more: bool = message.get("more_body", False)
            size += len(body)
            if request.body_limit is not None and size > request.body_limit:
                raise BodyTooLargeError
            if is_chunked:
                body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (
                    b"" if more else b"0\r\n\r\n"
                )
            self.transport.write(pending + body if pending else body)
            pending = b""
            if not more:
                break
            await self._writable.wait()
        self._is_sent = True
        while (await receive())["type"] != "http.disconnect":
            pass
        raise ClientGoneError

    async def _relay(self, send: Send, upload: "asyncio.Future[None]") -> int:
        upload.add_done_callback(lambda _: self._wake.set())
        status = 0
        while True:
            while self._events:
                message = self._next_message()
                status = message.get("status", status)
                await send(message)
                if message["type"] == "http.response.body" and not message["more_body"]:
                    return status
            if self._is_lost:
                raise WorkerGoneError
            if upload.done() and (error := upload.exception()):
                raise error
            self._wake.clear()
            await self._wake.wait()

    def _next_message(self) -> Message:
        """The next event, all body bytes that have arrived put together."""
        message = self._events.popleft()
        if message["type"] == "http.response.start":
            return message
        parts = [message["body"]]
        while self._events:
            message = self._events.popleft()
            parts.append(message["body"])
        message["body"] = parts[0] if len(parts) == 1 else b"".join(parts)
        self._consumed(len(message["body"]))
        return message

    def _consumed(self, size: int) -> None:
        was_full = self._buffered > _HIGH_WATER
        self._buffered -= size
        if was_full and self._buffered <= _HIGH_WATER and self.transport and not self._is_lost:
            self.transport.resume_reading()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        self.is_reusable = False
        self._writable.set()
        self._wake.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        if self._parser is None or self._is_complete:
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.close()
        if self._buffered > _HIGH_WATER and self.transport:
            self.transport.pause_reading()
        self._wake.set()

    def eof_received(self) -> bool:
        return False

    # httptools callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        status = self._parser.get_status_code()
        headers, self._headers = self._headers, []
        if self._is_complete or status < 200:
            raise MalformedAnswerError(status)
        dropped = _HOP_BY_HOP | {_LENGTH} if status in _BODILESS else _HOP_BY_HOP
        kept = [(name, value) for name, value in headers if name not in dropped]
        self._events.append({"type": "http.response.start", "status": status, "headers": kept})
        if self._has_no_body:
            self._finish()

    def on_body(self, body: bytes) -> None:
        if not self._is_complete:
            self._buffered += len(body)
            self._events.append({"type": "http.response.body", "body": body, "more_body": True})

    def on_message_complete(self) -> None:
        assert self._parser is not None
        if not self._is_complete:
            self.is_reusable = self._parser.should_keep_alive()
            self._finish()

    def _finish(self) -> None:
        self._is_complete = True
        self._events.append({"type": "http.response.body", "body": b"", "more_body": False})
