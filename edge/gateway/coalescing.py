"""Sends what is written in one turn of the event loop as one piece.

uvicorn writes the head of an answer and its body separately; the peer would be woken twice for what
is mostly a few hundred bytes.
"""

import asyncio
from typing import Any, Final

from edge.uvicorn_parts import HttpToolsProtocol

_MOST_HELD: Final = 16 * 1024


class CoalescingTransport:
    """A transport that holds back writes for a moment; all else passes through, after them."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._held: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        self._flush()
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)
        self._size += len(data)
        if self._size > _MOST_HELD:  # so that the transport can say when it is too much
            self._flush()

    def detach(self) -> asyncio.Transport:
        """Send what is held, and return the transport itself."""
        self._flush()
        return self._transport

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def _flush(self) -> None:
        if self._held:
            held, self._held, self._size = self._held, [], 0
            if not self._transport.is_closing():
                self._transport.write(held[0] if len(held) == 1 else b"".join(held))


class CoalescingHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 on a coalescing transport."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(CoalescingTransport(transport))  # pyright: ignore[reportArgumentType]
