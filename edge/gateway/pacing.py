"""Hands what a connection receives to its protocol in pieces, between which others have turns.

A read of 256 KB may hold 40,000 frames of a WebSocket, which take half a second to handle.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, cast

_PIECE: Final = 4 * 1024
_SECONDS: Final = 0.002


def paced(
    open_protocol: Callable[[], asyncio.Protocol | None],
) -> Callable[[], asyncio.Protocol | None]:
    """Return a factory of protocols that receive in pieces."""

    def create() -> asyncio.Protocol | None:
        protocol = open_protocol()
        return PacedProtocol(protocol) if protocol else None

    return create


class PacedProtocol(asyncio.Protocol):
    """Passes a connection on to `protocol`; reading pauses while pieces wait.

    What comes first, the request, is passed on whole.
    """

    def __init__(self, protocol: asyncio.Protocol) -> None:
        self._protocol = protocol
        self._transport: asyncio.Transport | None = None
        self._has_begun = False
        self._waiting = b""
        self._next: asyncio.Handle | None = None
        self._is_paused = False  # by the protocol
        self._has_ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        seen = _PacedTransport(self._transport, self._pause, self._resume)
        self._protocol.connection_made(cast("asyncio.Transport", seen))

    def data_received(self, data: bytes) -> None:
        if not self._has_begun or (len(data) <= _PIECE and not self._waiting):
            self._has_begun = True
            self._protocol.data_received(data)
            return
        self._waiting += data
        if self._next is None:
            self._pass_on()

    def eof_received(self) -> bool | None:
        if not self._waiting:
            return self._protocol.eof_received()
        self._has_ended = True
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport, self._waiting = None, b""
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    @property
    def _is_alive(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def _pass_on(self) -> None:
        """Pass pieces on for some time, and the rest later."""
        self._next = None
        data, at = self._waiting, 0
        until = time.monotonic() + _SECONDS
        while at < len(data) and self._is_alive and not self._is_paused:
            self._protocol.data_received(data[at : at + _PIECE])
            at += _PIECE
            if time.monotonic() > until:
                break
        self._waiting = data[at:] if self._is_alive else b""
        self._go_on()

    def _go_on(self) -> None:
        """Read no more while pieces wait, or the protocol takes none."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._waiting and not self._is_paused and self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._pass_on)
        if self._waiting or self._is_paused:
            transport.pause_reading()
        elif self._has_ended:
            self._has_ended = False
            if not self._protocol.eof_received():
                transport.close()
        else:
            transport.resume_reading()

    def _pause(self) -> None:
        self._is_paused = True
        self._go_on()

    def _resume(self) -> None:
        self._is_paused = False
        self._go_on()


class _PacedTransport:
    """The transport as the protocol sees it: all but reading is its own."""

    def __init__(
        self,
        transport: asyncio.Transport,
        pause_reading: Callable[[], None],
        resume_reading: Callable[[], None],
    ) -> None:
        self._transport = transport
        self.pause_reading = pause_reading
        self.resume_reading = resume_reading

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
