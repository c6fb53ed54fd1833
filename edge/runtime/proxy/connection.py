"""HTTP/1.1 to a worker over its unix socket: bytes pass through unbuffered in both directions.

One exchange = one ASGI request forwarded, one response relayed. Memory is bounded: the socket is
not read while the client is slow, the request body not pulled while the worker is slow.
"""

import asyncio
import fcntl
import termios
from collections import deque
from typing import Final, cast

import httptools
from starlette.types import Message, Receive, Send

from edge.runtime.proxy.upload import HOP_BY_HOP, LENGTH, Header, Outgoing, Upload

_HIGH_WATER: Final = 256 * 1024
_ONE_PIECE: Final = 32 * 1024
_BODILESS: Final = frozenset((204, 304))


class WorkerGoneError(ConnectionError):
    """The worker closed the connection before its answer was complete."""


class MalformedAnswerError(Exception):
    """A worker sent more than one answer, or an interim one, which its server never does."""


class Connection(asyncio.Protocol):
    """A kept-alive connection to one worker; serves one exchange at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.is_reusable = False
        self.was_unread = False
        self._written: list[int] = []
        self._parser: httptools.HttpResponseParser | None = None
        self._headers: list[Header] = []
        self._events: deque[Message] = deque()
        self._buffered = 0
        self._has_no_body = False
        self._is_complete = False
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
        upload = Upload(self, request, receive)
        try:
            await upload.begin()
            status = await self._relay(send, upload)
        except BaseException:
            self.close()
            raise
        finally:
            upload.end()
        if not (self.is_reusable and upload.is_sent):
            self.close()
        return status

    def _begin(self, method: str) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers = []
        self._has_no_body = method == "HEAD"
        self._is_complete = False
        self.is_reusable = False
        self._written.clear()

    def is_unread(self) -> bool:
        """Whether the worker has not yet read anything of the request, which is on its way.

        The kernel keeps what is written at once in one piece, if it is short, and says only whether
        something is left.
        """
        is_one_piece = len(self._written) == 1 and self._written[0] <= _ONE_PIECE
        if self.transport is None or self._is_lost or not is_one_piece:
            return False
        sock = self.transport.get_extra_info("socket")
        waiting = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
        return any(waiting)

    def write(self, data: bytes) -> None:
        assert self.transport is not None
        if len(self._written) < 2:
            self._written.append(len(data))
        self.transport.write(data)

    async def drain(self) -> None:
        """Return when the worker reads again."""
        await self._writable.wait()

    def wake(self) -> None:
        """Let the relay look at what has happened."""
        self._wake.set()

    async def _relay(self, send: Send, upload: Upload) -> int:
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
            if upload.failure:
                raise upload.failure
            self._wake.clear()
            await self._wake.wait()

    def _next_message(self) -> Message:
        """Return the next event, all body bytes that have arrived put together."""
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
        dropped = HOP_BY_HOP | {LENGTH} if status in _BODILESS else HOP_BY_HOP
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
