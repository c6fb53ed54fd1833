"""The time that a request to Replicate may take in all."""

import asyncio
from contextlib import suppress

import pytest

from shared.database.clients import close_http_pools
from shared.errors import UnavailableError
from shared.replicate import client
from shared.replicate.client import UnknownOutcomeError, create_prediction, read_prediction
from shared.replicate.env import ReplicateEnv


async def test_an_answer_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: asyncio.Queue[None] = asyncio.Queue()

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer byte by byte without an end, which no limit on a single read notices."""
        with suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        closed.put_nowait(None)

    monkeypatch.setattr(client, "_SECONDS", 0.2)
    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    env = ReplicateEnv("r8", f"http://127.0.0.1:{port}", ())
    try:
        with pytest.raises(UnknownOutcomeError):
            await create_prediction(env, "0" * 64, {}, "http://127.0.0.1/")
        with pytest.raises(UnavailableError):
            await read_prediction(env, "p1")
    finally:
        await close_http_pools()
        server.close()
    for _ in range(2):
        await closed.get()
