"""A request on its way to a worker: its head as bytes, its body as it comes from the client."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from starlette.types import Receive

Header = tuple[bytes, bytes]

HOP_BY_HOP: Final = frozenset(
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
LENGTH: Final = b"content-length"
_NOT_FORWARDED: Final = HOP_BY_HOP | {b"expect"}
_LAST_CHUNK: Final = b"0\r\n\r\n"
# Only a request that takes longer than this is worth watching for the client's departure.
_PATIENCE: Final = 0.1


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
        announced = next((int(value) for name, value in self.headers if name == LENGTH), 0)
        return self.body_limit is not None and announced > self.body_limit

    @property
    def is_chunked(self) -> bool:
        """Whether its length is not announced."""
        names = {name for name, _ in self.headers}
        return b"transfer-encoding" in names and LENGTH not in names


def render_head(method: str, target: bytes, headers: Iterable[Header]) -> tuple[bytes, bool]:
    """Return the request line and headers as bytes, and whether the body goes in chunks."""
    lines = [method.encode("ascii"), b" ", target, b" HTTP/1.1\r\n"]
    has_length = is_chunked = False
    for name, value in headers:
        if name == b"transfer-encoding":
            is_chunked = True
        if name in _NOT_FORWARDED:
            continue
        has_length = has_length or name == LENGTH
        lines += (name, b": ", value, b"\r\n")
    is_chunked = is_chunked and not has_length
    if is_chunked:
        lines.append(b"transfer-encoding: chunked\r\n")
    lines.append(b"\r\n")
    return b"".join(lines), is_chunked


class Line(Protocol):
    """The way to the worker."""

    def write(self, data: bytes) -> None: ...
    async def drain(self) -> None: ...
    def wake(self) -> None: ...


class Upload:
    """A request on its way to the worker, and after it the watch for the client's departure.

    What is there at once, as most bodies are, goes without a task of its own; so does the watch if
    the answer comes soon.
    """

    def __init__(self, line: Line, request: Outgoing, receive: Receive) -> None:
        self.is_sent = False
        self._line = line
        self._request = request
        self._receive = receive
        self._is_chunked = False
        self._size = 0
        self._watch: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def failure(self) -> BaseException | None:
        """Return why it cannot go on, or that the client has left."""
        return self._task.exception() if self._task and self._task.done() else None

    async def begin(self) -> None:
        """Send the head and the first piece of the body."""
        request = self._request
        head, self._is_chunked = render_head(request.method, request.target, request.headers)
        if self._is_chunked:  # the body may begin after the answer
            self._line.write(head)
            self._go_on()
        elif await self._pass_on(head):
            self._go_on()
        else:
            loop = asyncio.get_running_loop()
            self._watch = loop.call_later(_PATIENCE, self._go_on)

    def end(self) -> None:
        """Stop; without the task, whose traceback holds this object, all of it is freed at once."""
        if self._watch:
            self._watch.cancel()
        task, self._task = self._task, None
        if task:
            task.cancel()
            if task.done() and not task.cancelled():
                task.exception()

    def _go_on(self) -> None:
        self._task = asyncio.ensure_future(self._finish())
        self._task.add_done_callback(lambda _: self._line.wake())

    async def _finish(self) -> None:
        """Send the rest, then wait for the client to leave."""
        while not self.is_sent:
            await self._pass_on()
            await self._line.drain()
        while (await self._receive())["type"] != "http.disconnect":
            pass
        raise ClientGoneError

    async def _pass_on(self, head: bytes = b"") -> bool:
        """Send the next piece of the body; whether there is more."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        body: bytes = message.get("body", b"")
        more: bool = message.get("more_body", False)
        self._size += len(body)
        limit = self._request.body_limit
        if limit is not None and self._size > limit:
            raise BodyTooLargeError
        if self._is_chunked:
            body = _chunk(body) + (b"" if more else _LAST_CHUNK)
        self._line.write(head + body if head else body)
        self.is_sent = not more
        return more


def _chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body) if body else b""
