"""A connection that asks for an upgrade sends no faster than the other server reads."""

import asyncio
import socket

from edge.runtime.proxy.upgrade import Pipe, UpgradedConnection
from tests.support.waiting import PATIENCE

EARLY = bytes(400_000)


class Joining(UpgradedConnection):
    """Joins the client to a server at `other` when `is_allowed` is set."""

    def __init__(self, other: socket.socket) -> None:
        super().__init__()
        self._socket = other
        self.is_allowed, self.is_joined = asyncio.Event(), asyncio.Event()

    async def open_other(self, data: bytes) -> None:
        await self.is_allowed.wait()
        pipe, connect = Pipe(), asyncio.get_running_loop().create_connection
        await self.join(pipe, lambda: connect(lambda: pipe, sock=self._socket), data)
        self.is_joined.set()


async def test_what_came_before_the_other_server_counts_as_well() -> None:
    loop = asyncio.get_running_loop()
    (ours, client), (other, server) = socket.socketpair(), socket.socketpair()
    server.setblocking(False)
    other.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    joining = Joining(other)
    transport, _ = await loop.create_connection(lambda: joining, sock=ours)
    joining.data_received(b"GET / HTTP/1.1\r\n\r\n")
    joining.data_received(EARLY)
    assert not transport.is_reading()
    joining.is_allowed.set()
    async with asyncio.timeout(PATIENCE):
        await joining.is_joined.wait()
        assert not transport.is_reading()
        received = b""
        while not received.endswith(EARLY):
            received += await loop.sock_recv(server, len(EARLY))
        assert transport.is_reading()
    for each in (client, server):
        each.close()
    transport.close()
