"""Calls by schedule and at once, against an HTTP server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from edge.emulator.clock import Clock
from edge.emulator.scheduler import Schedule, Scheduler
from tests.support.waiting import wait_for

RARELY = Schedule("yearly", "0 0 1 1 *", '{"a": 1}')


@pytest.fixture
async def server() -> AsyncIterator[tuple[str, list[bytes], asyncio.Event]]:
    """The URL of a server, the requests it got, and what it waits for before it answers 500."""
    received: list[bytes] = []
    may_answer = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                received.append(head + await reader.readexactly(len(RARELY.body)))
                await may_answer.wait()
                writer.write(b"HTTP/1.1 500 X\r\ncontent-length: 6\r\n\r\nbroken")
                await writer.drain()
        writer.close()

    serving = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = serving.sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", received, may_answer
    serving.close()


async def test_a_schedule_runs_at_once_when_it_is_asked_for(
    server: tuple[str, list[bytes], asyncio.Event],
) -> None:
    url, received, may_answer = server
    scheduler = Scheduler(lambda: [RARELY], url, "token", Clock())
    assert not scheduler.run_now("yearly")  # not started
    scheduler.start()
    await asyncio.sleep(0)
    assert not scheduler.run_now("unknown")
    assert scheduler.run_now("yearly")
    assert not scheduler.run_now("yearly")  # its call is under way
    may_answer.set()
    calls = scheduler.last_calls
    await asyncio.to_thread(wait_for, lambda: "yearly" in calls and calls["yearly"].status)
    await scheduler.close()

    assert len(received) == 1
    assert received[0].startswith(b"POST /yearly")
    assert b"Bearer token" in received[0]
    assert received[0].endswith(b'{"a": 1}')
    assert scheduler.last_calls["yearly"].status == 500
    assert scheduler.last_calls["yearly"].message == "broken"
