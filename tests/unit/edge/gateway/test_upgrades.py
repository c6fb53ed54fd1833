"""A connection that is upgraded belongs to the protocol of its path."""

import asyncio
import socket

from edge.gateway.coalescing import CoalescingTransport
from edge.gateway.upgrades import route_upgrades
from tests.support.waiting import PATIENCE


class Opened(asyncio.Protocol):
    """A protocol that notes its transport and what comes."""

    def __init__(self) -> None:
        self.transport: asyncio.BaseTransport | None = None
        self.data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data


async def test_it_gets_the_transport_itself_after_what_was_held() -> None:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    held = CoalescingTransport(transport)
    held.write(b"before")
    opened = Opened()
    router = route_upgrades({"/realtime": lambda: opened}, asyncio.Protocol)()
    router.connection_made(held)  # pyright: ignore[reportArgumentType]
    request = b"GET /realtime/socket HTTP/1.1\r\n\r\n"
    router.data_received(request)
    assert opened.transport is transport
    assert opened.data == request
    assert await asyncio.wait_for(loop.sock_recv(theirs, 100), PATIENCE) == b"before"
    transport.close()
    theirs.close()
