"""kill -9 of a stack under a Realtime subscriber: realtime-py gets changes after the restart."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from realtime import AsyncRealtimeClient

from tests.support.cli_process import DEADLINE
from tests.support.killed_stack import running

pytestmark = [
    pytest.mark.process,
    pytest.mark.e2e,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:ConnectionClosed.*deprecated"),  # raised inside the client
]

SCHEMA = """
create table public.notes (id int primary key);
grant all on public.notes to service_role;
alter publication supabase_realtime add table public.notes;
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    migrations = tmp_path / "supabase/migrations"
    migrations.mkdir(parents=True)
    (migrations / "20260101000000_a.sql").write_text(SCHEMA)
    return tmp_path


async def add_until_heard(
    http: httpx.AsyncClient, heard: "asyncio.Queue[int]", first: int
) -> tuple[int, int]:
    """Insert notes until the subscriber gets a change; return its note and the last one."""
    async with asyncio.timeout(2 * DEADLINE):
        for number in range(first, first + 1000):
            assert (await http.post("/rest/v1/notes", json={"id": number})).status_code == 201
            try:
                return await asyncio.wait_for(heard.get(), 0.2), number
            except TimeoutError:
                continue
    raise AssertionError


async def test_a_subscriber_gets_changes_again_after_the_restart(project: Path) -> None:
    heard: asyncio.Queue[int] = asyncio.Queue()

    def keep(change: Any) -> None:
        heard.put_nowait(change["data"]["record"]["id"])

    async with AsyncExitStack() as exits:
        details, killed = await asyncio.to_thread(exits.enter_context, running(project))
        url, key = details["API_URL"], details["SERVICE_ROLE_KEY"]
        http = httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {key}"})
        await exits.enter_async_context(http)
        subscriber = AsyncRealtimeClient(f"{url}/realtime/v1", key)
        channel = subscriber.channel("notes")
        channel.on_postgres_changes("INSERT", keep, table="notes", schema="public")
        await channel.subscribe()
        exits.push_async_callback(subscriber.close)
        _, last = await add_until_heard(http, heard, 1)

        killed.kill()
        await asyncio.to_thread(killed.wait)
        port = int(url.rpartition(":")[2])
        await asyncio.to_thread(exits.enter_context, running(project, port))
        while not heard.empty():
            heard.get_nowait()
        note, _ = await add_until_heard(http, heard, last + 1)

    assert note > last
