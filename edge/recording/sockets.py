"""Records WebSockets as requests: how long, how many messages each way, how they were closed."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from starlette.types import Scope

from edge.recording.capture import Capture
from edge.recording.frames import FrameCounter
from edge.runtime.proxy.upgrade import parse_upgrade

Factory = Callable[[], asyncio.Protocol | None]

_NO_STATUS: Final = 1005
_ABNORMAL: Final = 1006


class SocketRecorder(Protocol):
    """Decides what is recorded, and takes it when it is over."""

    def begin_socket(self, kind: str, scope: Scope) -> Capture | None: ...
    def finish(self, capture: Capture) -> None: ...


class TracedProtocol(Protocol):
    """A protocol that passes the request's id on."""

    request_id: str


@dataclass(slots=True)
class Messages:
    """What is known of a socket's messages."""

    received: FrameCounter
    sent: FrameCounter

    def describe(self) -> dict[str, Any]:
        """Return attributes of the request."""
        found: dict[str, Any] = {"network.protocol.name": "websocket"}
        if self.sent.status == 101:
            code = self.sent.close_code or self.received.close_code
            is_answered = self.sent.close_code is not None or self.received.close_code is not None
            found["websocket.messages_received"] = self.received.messages
            found["websocket.messages_sent"] = self.sent.messages
            found["websocket.close_code"] = code if is_answered else _ABNORMAL
        return found


def record_upgrades(recorder: SocketRecorder, kind: str, open_protocol: Factory) -> Factory:
    """Return a factory of protocols whose connections are recorded."""

    def create() -> asyncio.Protocol | None:
        protocol = open_protocol()
        return RecordedSocket(protocol, kind, recorder) if protocol else None

    return create


class RecordedSocket(asyncio.Protocol):
    """Passes a connection on to `protocol`, and counts what goes either way."""

    def __init__(self, protocol: asyncio.Protocol, kind: str, recorder: SocketRecorder) -> None:
        self._protocol = protocol
        self._kind = kind
        self._recorder = recorder
        self._messages = Messages(FrameCounter(), FrameCounter())
        self._capture: Capture | None = None
        self._has_begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        counted = _CountedTransport(cast("asyncio.Transport", transport), self._messages.sent)
        self._protocol.connection_made(cast("asyncio.Transport", counted))

    def data_received(self, data: bytes) -> None:
        if not self._has_begun:
            self._begin(data)
        if self._capture:
            self._messages.received.feed(data)
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)
        capture, self._capture = self._capture, None
        if capture is None:
            return
        received, sent = self._messages.received, self._messages.sent
        capture.ended = time.perf_counter()
        capture.status = sent.status or 499
        capture.request_bytes, capture.response_bytes = received.size, sent.size
        self._recorder.finish(capture)

    def _begin(self, data: bytes) -> None:
        self._has_begun = True
        try:
            scope = parse_upgrade(data)
        except (ValueError, IndexError):
            return  # the protocol refuses it
        self._capture = self._recorder.begin_socket(self._kind, scope)
        if self._capture:
            self._capture.is_request_complete = True
            self._capture.messages = self._messages
            if hasattr(self._protocol, "request_id"):
                cast("TracedProtocol", self._protocol).request_id = self._capture.request_id


class _CountedTransport:
    """The transport of a connection, whose writes are counted; all else is its own."""

    def __init__(self, transport: asyncio.Transport, counter: FrameCounter) -> None:
        self._transport = transport
        self._counter = counter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._counter.feed(data)
        self._transport.write(data)

    def writelines(self, parts: Iterable[bytes]) -> None:
        for part in parts:
            self.write(part)
