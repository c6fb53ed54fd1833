"""Writes of one turn of the loop go out as one, in order, and before whatever else is done."""

import asyncio
import socket
from collections.abc import Callable

from edge.gateway.coalescing import CoalescingTransport
from tests.support.waiting import PATIENCE


async def received(act: Callable[[CoalescingTransport], None]) -> list[bytes]:
    """What the other side reads, piece by piece, of what is written on a connection."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    act(CoalescingTransport(transport))
    pieces: list[bytes] = []
    while piece := await asyncio.wait_for(loop.sock_recv(theirs, 1 << 20), PATIENCE):
        pieces.append(piece)
        if not transport.is_closing():
            transport.close()
    theirs.close()
    return pieces


async def test_a_head_and_its_body_arrive_together() -> None:
    def answer(cork: CoalescingTransport) -> None:
        cork.write(b"head ")
        cork.write(b"body")

    assert await received(answer) == [b"head body"]


async def test_what_is_held_goes_out_before_the_end() -> None:
    def answer(cork: CoalescingTransport) -> None:
        cork.write(b"last words")
        cork.close()

    assert await received(answer) == [b"last words"]


async def test_much_is_not_held_so_that_the_transport_can_say_stop() -> None:
    sizes: list[int] = []

    def answer(cork: CoalescingTransport) -> None:
        for _ in range(64):
            cork.write(bytes(64 * 1024))
        sizes.append(cork.get_write_buffer_size())

    pieces = await received(answer)

    assert sum(map(len, pieces)) == 64 * 64 * 1024
    assert sizes[0] > 0


async def test_nothing_is_written_on_a_closed_connection() -> None:
    def answer(cork: CoalescingTransport) -> None:
        cork.close()
        cork.write(b"too late")

    assert await received(answer) == []
