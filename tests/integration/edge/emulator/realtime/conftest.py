"""The realtime service in this process over the test's own database."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import psycopg
import pytest
from websockets.asyncio.client import connect

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.realtime.service import RealtimeService
from edge.tokens import Keys
from tests.support.realtime_service import SECRET, Client, user_token
from tests.support.waiting import PATIENCE

Connect = Callable[..., Awaitable[Client]]


@pytest.fixture
def is_limited() -> bool:
    """Whether the platform's limits apply."""
    return False


@pytest.fixture
async def service(
    cluster: Cluster, database: str, is_limited: bool
) -> AsyncIterator[RealtimeService]:
    service = RealtimeService(cluster.dsn(database), Keys(SECRET), {}, is_limited=is_limited)
    yield service
    await service.close()
    _wait_for_slots(cluster, database)


def _wait_for_slots(cluster: Cluster, database: str) -> None:
    """Wait until the stream's temporary slot is gone, or else the database cannot be dropped."""
    query = "select count(*) from pg_replication_slots where database = %s"
    ends_at = time.monotonic() + PATIENCE
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        while connection.execute(query, (database,)).fetchone() != (0,):
            assert time.monotonic() < ends_at
            time.sleep(0.01)


@pytest.fixture
async def http(service: RealtimeService) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the HTTP API, with the token of role `anon`."""
    headers = {"authorization": f"Bearer {user_token(None)}"}
    transport = httpx.ASGITransport(service.start())
    async with httpx.AsyncClient(
        transport=transport, base_url="http://realtime", headers=headers
    ) as client:
        yield client


@pytest.fixture
async def open_socket(service: RealtimeService) -> AsyncIterator[Connect]:
    """Open a socket; `key` is the API key or token, `vsn` the protocol's version."""
    server = await asyncio.get_running_loop().create_server(service.create_socket, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with AsyncExitStack() as exits:

        async def opening(key: str | None = None, vsn: str = "2.0.0") -> Client:
            url = f"ws://127.0.0.1:{port}/realtime/v1/websocket"
            query = f"?apikey={user_token(None) if key is None else key}&vsn={vsn}"
            socket = await exits.enter_async_context(connect(url + query, proxy=None))
            return Client(socket)

        yield opening
    server.close()
