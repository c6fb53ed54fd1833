"""WebSocket upgrades by path: to a service of the stack, or to the functions.

uvicorn hands over the raw request of an upgrade; the protocol that is chosen by its path takes the
connection.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, cast

from edge.gateway.coalescing import CoalescingTransport

Factory = Callable[[], asyncio.Protocol | None]
Choice = Callable[[str], Factory]

_UNAVAILABLE: Final = b'{"error":"The service is not running"}'


class UpgradeRouter(asyncio.Protocol):
    """Reads the path, and lets another protocol take the connection."""

    def __init__(self, choose: Choice, **_: Any) -> None:
        self._choose_factory = choose
        self._transport: asyncio.Transport | None = None
        self._protocol: asyncio.Protocol | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A WebSocket's frames are written whole: holding them back would only cost time.
        is_held = isinstance(transport, CoalescingTransport)
        self._transport = transport.detach() if is_held else cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._protocol is None:
            self._choose(data)
        if self._protocol:
            self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received() if self._protocol else False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._protocol:
            self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        if self._protocol:
            self._protocol.pause_writing()

    def resume_writing(self) -> None:
        if self._protocol:
            self._protocol.resume_writing()

    def _choose(self, data: bytes) -> None:
        transport = self._transport
        assert transport is not None
        path = data.split(b" ", 2)[1].partition(b"?")[0].decode("latin-1")
        protocol = self._choose_factory(path)()
        if protocol is None:
            _refuse(transport)
            return
        self._protocol = protocol
        protocol.connection_made(transport)
        # uvicorn sets this router as the protocol after its first bytes.
        asyncio.get_running_loop().call_soon(self._hand_over)

    def _hand_over(self) -> None:
        if self._transport and self._protocol and not self._transport.is_closing():
            self._transport.set_protocol(self._protocol)


def _refuse(transport: asyncio.Transport) -> None:
    head = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n"
    length = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(_UNAVAILABLE)
    transport.write(head + length + _UNAVAILABLE)
    transport.close()


def route_upgrades(routes: Mapping[str, Factory], default: Factory) -> Callable[..., UpgradeRouter]:
    """Return what uvicorn's `ws` calls for a protocol; a route that returns None answers 503."""

    def choose(path: str) -> Factory:
        for prefix, factory in routes.items():
            if path == prefix or path.startswith(f"{prefix}/"):
                return factory
        return default

    return choose_upgrades(choose)


def choose_upgrades(choose: Choice) -> Callable[..., UpgradeRouter]:
    """Return what uvicorn's `ws` calls, where `choose` finds the protocol by the path."""
    return partial(UpgradeRouter, choose)
