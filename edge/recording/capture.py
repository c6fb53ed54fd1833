"""Takes a copy of a request and its response as they pass: the heads, and the first bytes."""

import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.events import RequestServed
from edge.trace import Trace, current_request, with_trace

if TYPE_CHECKING:
    from edge.recording.sockets import Messages

Header = tuple[bytes, bytes]

_LENGTH: Final = b"content-length"
_CLIENT_GONE: Final = 499
_END: Final = 4096


@dataclass(slots=True)
class Capture(Trace):
    """One request with what is kept of its bodies, `limit` bytes of each."""

    kind: str
    scope: Scope
    path: str
    limit: int
    started_at: float = field(default_factory=time.time)
    began: float = field(default_factory=time.perf_counter)
    ended: float = field(default=0.0, init=False)
    parent_id: str | None = field(default=None, init=False)
    trace_id: str = field(default="", init=False)
    """Of W3C's trace context: the id of the request that all this began with, or its client's."""
    replay_of: str | None = field(default=None, init=False)
    is_marked: bool = field(default=False, init=False)
    """Sent by the console, which looks for it by its id."""
    request_body: list[bytes] = field(default_factory=list[bytes], init=False)
    request_bytes: int = field(default=0, init=False)
    is_request_complete: bool = field(default=False, init=False)
    status: int = field(default=0, init=False)
    response_headers: list[Header] = field(default_factory=list[Header], init=False)
    response_body: list[bytes] = field(default_factory=list[bytes], init=False)
    response_bytes: int = field(default=0, init=False)
    response_end: bytes = field(default=b"", init=False)
    """The last bytes of a provider's answer that is cut: there it tells its tokens."""
    served: RequestServed | None = field(default=None, init=False)
    messages: "Messages | None" = field(default=None, init=False)
    """Of a WebSocket."""

    @property
    def size(self) -> int:
        """Roughly the memory that it takes."""
        kept = sum(map(len, self.request_body)) + sum(map(len, self.response_body))
        return 4096 + kept + len(self.response_end)

    @property
    def duration_ms(self) -> float:
        return (self.ended - self.began) * 1000

    def add_request(self, body: bytes) -> None:
        """Keep what there is room for."""
        room = self.limit - self.request_bytes
        self.request_bytes += len(body)
        if body and room > 0:
            self.request_body.append(body[:room])

    def add_response(self, body: bytes) -> None:
        """Keep what there is room for."""
        room = self.limit - self.response_bytes
        self.response_bytes += len(body)
        if body and room > 0:
            self.response_body.append(body[:room])
        if len(body) > room and self.kind == "provider":
            self.response_end = (self.response_end + body[-_END:])[-_END:]


class Recorder(Protocol):
    """Decides what is recorded, and takes it when it is over."""

    def begin(self, kind: str, prefix: str, scope: Scope) -> Capture | None: ...
    def finish(self, capture: Capture) -> None: ...


@dataclass(frozen=True, slots=True)
class RecordedApp:
    """Passes requests on to `app`, and a copy of them to the recorder."""

    app: ASGIApp
    kind: str
    prefix: str
    recorder: Recorder

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Return what is awaited: the app's own coroutine, where nothing is recorded."""
        capture = self.recorder.begin(self.kind, self.prefix, scope)
        if capture is None:
            return self.app(scope, receive, send)
        return self._record(capture, receive, send)

    async def _record(self, capture: Capture, receive: Receive, send: Send) -> None:
        exchange = _Exchange(capture, receive, send)
        current_request.set(capture.request_id)  # the server has a task for each request
        try:
            await self.app(with_trace(capture.scope, capture), exchange.receive, exchange.send)
        except BaseException:
            capture.status = capture.status or 500
            raise
        finally:
            capture.ended = time.perf_counter()
            capture.status = capture.status or _CLIENT_GONE
            self.recorder.finish(capture)


@dataclass(slots=True)
class _Exchange:
    capture: Capture
    forward_receive: Receive
    forward_send: Send
    _is_receiving: bool = False

    async def receive(self) -> Message:
        self._is_receiving = True
        message = await self.forward_receive()
        self._is_receiving = False
        self._note(message)
        return message

    async def send(self, message: Message) -> None:
        capture = self.capture
        if message["type"] == "http.response.body":
            capture.add_response(message.get("body", b""))
        elif message["type"] == "http.response.start":
            if not (capture.is_request_complete or self._is_receiving):
                await self._read_unread()
            capture.status = message["status"]
            capture.response_headers = list(message.get("headers", ()))
        await self.forward_send(message)

    async def _read_unread(self) -> None:
        """Read the body of a request that is refused unread, so that it can be replayed.

        Only what the client has announced to be short: it is on its way with the head.
        """
        announced = next((v for n, v in self.capture.scope["headers"] if n == _LENGTH), b"")
        if not announced.isdigit() or int(announced) > self.capture.limit:
            return
        while not self.capture.is_request_complete:
            message = await self.forward_receive()
            self._note(message)
            if message["type"] != "http.request":
                return

    def _note(self, message: Message) -> None:
        if message["type"] == "http.request":
            self.capture.add_request(message.get("body", b""))
            self.capture.is_request_complete = not message.get("more_body", False)
