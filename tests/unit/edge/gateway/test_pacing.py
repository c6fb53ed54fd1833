"""What a connection receives at once is handled in pieces, between which others have turns."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from edge.gateway.pacing import paced
from tests.support.waiting import PATIENCE

REQUEST = b"GET /" + b"x" * 20_000
DATA = bytes(range(256)) * 800


class Slow(asyncio.Protocol):
    """Takes a millisecond for each piece."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.pieces: list[bytes] = []
        self.has_ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        time.sleep(0.001)
        self.pieces.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.has_ended.set()


async def received(protocol: Slow, size: int) -> int:
    """Wait for so many bytes; returns how many turns that took."""
    turns = 0
    while sum(map(len, protocol.pieces)) < size:
        turns += 1
        await asyncio.sleep(0)
    return turns


@asynccontextmanager
async def connected(protocol: Slow) -> AsyncIterator[socket.socket]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    opened = paced(lambda: protocol)()
    assert opened
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: opened, sock=ours)
    await loop.sock_sendall(theirs, REQUEST)
    await received(protocol, len(REQUEST))
    yield theirs
    theirs.close()


async def test_others_have_turns_between_the_pieces() -> None:
    slow = Slow()
    async with connected(slow) as client:
        sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(client, DATA))
        turns = await received(slow, len(REQUEST + DATA))
        await sending

    assert slow.pieces[0] == REQUEST
    assert b"".join(slow.pieces) == REQUEST + DATA
    assert turns > 20


async def test_a_protocol_that_pauses_is_given_nothing_until_it_goes_on() -> None:
    slow = Slow()
    async with connected(slow) as client:
        assert slow.transport
        sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(client, DATA))
        await received(slow, len(REQUEST) + 1)
        slow.transport.pause_reading()
        count = len(slow.pieces)
        await asyncio.sleep(0.05)
        assert len(slow.pieces) == count
        slow.transport.resume_reading()
        await asyncio.wait_for(sending, PATIENCE)
        await received(slow, len(REQUEST + DATA))


@pytest.mark.parametrize("pauses", [False, True])
async def test_the_end_comes_after_the_last_piece(pauses: bool) -> None:
    slow = Slow()
    async with connected(slow) as client:
        await asyncio.get_running_loop().sock_sendall(client, DATA)
        client.shutdown(socket.SHUT_WR)
        if pauses and slow.transport:
            slow.transport.pause_reading()
            await asyncio.sleep(0.01)
            slow.transport.resume_reading()
        await asyncio.wait_for(slow.has_ended.wait(), PATIENCE)

    assert b"".join(slow.pieces) == REQUEST + DATA
