"""A WebSocket connection: handshake, frames, liveness. The one place that owns a transport.

The protocol is the websockets library's; frames to clients are written as the bytes that the hub
has made once for all receivers. A client that does not read is closed with 1013 at 8 MB.
"""

import asyncio
import json
import logging
import time
from collections import deque
from typing import Any, Final, Protocol, cast
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from edge.emulator.realtime.codec import Version
from edge.emulator.realtime.session import Session
from edge.emulator.realtime.tokens import Identity, InvalidTokenError
from edge.emulator.realtime.turns import Turn

_LOG: Final = logging.getLogger(__name__)
_MAX_MESSAGE: Final = 5 * 1024 * 1024
_MAX_UNREAD: Final = 8 * 1024 * 1024
_MAX_INBOX: Final = 64
_IDLE_SECONDS: Final = 60.0
_CLOSE_SECONDS: Final = 5.0
_REASONS: Final = {400: "Bad Request", 401: "Unauthorized", 429: "Too Many Requests"}


class Realtime(Protocol):
    """What a socket needs of the service."""

    def authenticate(self, key: str) -> Identity: ...
    def may_connect(self) -> bool: ...
    def open_session(self, socket: "RealtimeSocket", identity: Identity) -> Session: ...
    def forget(self, socket: "RealtimeSocket") -> None: ...


class HandshakeError(Exception):
    """A handshake that is answered with an HTTP error."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class RealtimeSocket(asyncio.Protocol):
    """One connection."""

    def __init__(self, service: Realtime) -> None:
        self.version: Version = "1.0.0"
        self.session: Session | None = None
        self.heard_at = time.monotonic()
        self._service = service
        self._websocket = ServerProtocol(max_size=_MAX_MESSAGE)
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self._is_text = True
        self._inbox: deque[str | bytes] = deque()
        self._waiting = 0  # characters and bytes in the inbox
        self._working: asyncio.Task[None] | None = None
        self._is_closing = False
        self._is_open = False  # frames may be sent

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        self._websocket.receive_data(data)
        for event in self._websocket.events_received():
            self._handle(event)
        self._flush()
        self._is_open = self._is_open and self._websocket.state is State.OPEN

    def eof_received(self) -> None:
        self._websocket.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closing, self._is_open = True, False
        self._transport = None
        self._inbox.clear()
        if self.session:
            self.session.close()
        self._service.forget(self)

    def pause_writing(self) -> None:
        """Go on: `send_frame` closes a connection that does not read."""

    def resume_writing(self) -> None:
        """Go on."""

    def shutdown(self) -> None:
        """Close, for the server stops."""
        self.close(1012, "")

    # What the service calls

    def send_frame(self, data: bytes) -> None:
        """Write a frame that is complete."""
        transport = self._transport
        if transport is None or not self._is_open:
            return
        if transport.get_write_buffer_size() + len(data) > _MAX_UNREAD:
            self.close(1013, "Messages are not read")
            transport.abort()
            return
        transport.write(data)

    def close(self, code: int, reason: str) -> None:
        if self._is_closing or self._transport is None:
            return
        self._is_closing, self._is_open = True, False
        if self._websocket.state is State.OPEN:
            self._websocket.send_close(code, reason)
            self._flush()
        transport = self._transport
        asyncio.get_running_loop().call_later(_CLOSE_SECONDS, transport.close)

    def is_idle(self, now: float) -> bool:
        """Return whether nothing came for so long that the client must be gone."""
        return now - self.heard_at > _IDLE_SECONDS

    # Receiving

    def _handle(self, event: Any) -> None:
        if isinstance(event, Request):
            self._shake_hands(event)
        elif isinstance(event, Frame):
            self._take_frame(event)

    def _shake_hands(self, request: Request) -> None:
        try:
            identity, self.version = self._read_request(request)
        except HandshakeError as exc:
            self._refuse(exc.status, exc.text)
            return
        response = self._websocket.accept(request)
        self._websocket.send_response(response)
        if response.status_code == 101:
            self.session = self._service.open_session(self, identity)
            self._is_open = True

    def _read_request(self, request: Request) -> tuple[Identity, Version]:
        url = urlsplit(request.path)
        query = parse_qs(url.query)
        key = request.headers.get("x-api-key") or next(iter(query.get("apikey", [])), "")
        if not key:
            raise HandshakeError(401, "API key is missing")
        version = next(iter(query.get("vsn", [])), "1.0.0")
        if version not in ("1.0.0", "2.0.0"):
            raise HandshakeError(400, f"Unsupported protocol version: {version[:20]}")
        try:
            identity = self._service.authenticate(key)
        except InvalidTokenError as exc:
            raise HandshakeError(401, exc.text) from exc
        if not self._service.may_connect():
            raise HandshakeError(429, "Too many connected users")
        return identity, version

    def _refuse(self, status: int, text: str) -> None:
        body = json.dumps({"error": text}).encode()
        headers = Headers(
            {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                "Connection": "close",
            }
        )
        self._websocket.send_response(
            Response(status, _REASONS.get(status, "Refused"), headers, body)
        )

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._is_text = frame.opcode is Opcode.TEXT
            self._parts = []
        elif frame.opcode is not Opcode.CONT:
            return  # the library answers pings and closes
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return
        data, self._parts = b"".join(self._parts), []
        try:
            self._inbox.append(data.decode() if self._is_text else data)
        except UnicodeDecodeError:
            self.close(1007, "")
            return
        self._waiting += len(self._inbox[-1])
        if self._is_full() and self._transport:
            self._transport.pause_reading()
        if self._working is None:
            self._working = asyncio.create_task(self._work())

    async def _work(self) -> None:
        """Handle what has arrived, one message after the other."""
        turn = Turn()
        try:
            while self._inbox and self.session:
                await turn.share()
                was_full = self._is_full()
                data = self._inbox.popleft()
                self._waiting -= len(data)
                if was_full and not self._is_full() and self._transport:
                    self._transport.resume_reading()
                await self._receive(self.session, data)
        finally:
            self._working = None

    def _is_full(self) -> bool:
        return len(self._inbox) > _MAX_INBOX or self._waiting > _MAX_MESSAGE

    async def _receive(self, session: Session, data: str | bytes) -> None:
        try:
            await session.receive(data)
        except Exception:
            _LOG.exception("A message of a socket failed")
            self.close(1011, "Internal error")

    def _flush(self) -> None:
        transport = self._transport
        if transport is None:
            return
        try:
            for data in self._websocket.data_to_send():
                if data:
                    transport.write(data)
                else:
                    transport.close()
        except WebSocketException:
            transport.close()
        if self._websocket.close_expected() and self._websocket.state is State.CLOSED:
            transport.close()
