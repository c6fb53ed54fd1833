"""Asking the dialler: at once, one request at a time, and never at the webhook's cost."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from functions.retell_webhook.request_next_batch import BatchRequester
from shared.env import SupabaseEnv, read_env


@dataclass(slots=True)
class Dialler:
    """Answers when it is let to; what it was asked is in `bodies`."""

    status: int = 200
    is_let: asyncio.Event = field(default_factory=asyncio.Event)
    arrivals: asyncio.Queue[None] = field(default_factory=asyncio.Queue[None])
    heads: list[str] = field(default_factory=list[str])
    bodies: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    env: SupabaseEnv = field(init=False)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].split("\r\n")[0])
        self.heads.append(head)
        self.bodies.append(json.loads(await reader.readexactly(length)))
        self.arrivals.put_nowait(None)
        await self.is_let.wait()
        writer.write(f"HTTP/1.1 {self.status} X\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def dialler(status: int = 200) -> AsyncGenerator[Dialler]:
    running = Dialler(status)
    server = await asyncio.start_server(running.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    keys = {"SUPABASE_SECRET_KEYS": '{"default": "sb_secret_x"}'}
    running.env = read_env({"SUPABASE_URL": f"http://127.0.0.1:{port}", **keys}).supabase
    async with server:
        yield running


async def test_a_batch_is_asked_for_with_the_secret_key() -> None:
    async with dialler() as asked:
        asked.is_let.set()

        await BatchRequester(asked.env).request("c1")

    assert asked.bodies == [{"action": "process_batch", "campaign_id": "c1"}]
    assert asked.heads[0].startswith("post /functions/v1/campaign-trigger ")
    assert "apikey: sb_secret_x" in asked.heads[0]


async def test_who_asks_while_it_is_asked_is_served_by_one_more_request() -> None:
    async with dialler() as asked:
        requester = BatchRequester(asked.env)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(requester.request("c1"))
            await asked.arrivals.get()
            for _ in range(10):
                tasks.create_task(requester.request("c1"))
            tasks.create_task(requester.request("c2"))
            await asked.arrivals.get()
            asked.is_let.set()

        await requester.request("c1")  # nothing is under way any more

    assert sorted(body["campaign_id"] for body in asked.bodies) == ["c1", "c1", "c1", "c2"]


@pytest.mark.parametrize("status", [404, 500])
async def test_a_dialler_that_fails_is_noted(
    status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async with dialler(status) as asked:
        asked.is_let.set()

        await BatchRequester(asked.env).request("c1")

    assert f"campaign-trigger answered {status}" in capsys.readouterr().err


async def test_a_dialler_that_is_not_there_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    async with dialler() as asked:
        pass

    await BatchRequester(asked.env).request("c1")

    assert "campaign-trigger cannot be reached" in capsys.readouterr().err
