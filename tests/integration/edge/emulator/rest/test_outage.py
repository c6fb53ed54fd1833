"""Postgres goes away and comes back: requests fail at once, then work again by themselves."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap
from edge.emulator.rest.app import RestApp
from edge.tokens import Keys

pytestmark = pytest.mark.process
_LESS_THAN_A_REQUEST_MAY_TAKE = 10.0  # seconds


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A server that the test may stop."""
    server = Cluster(tmp_path / "data", durable=False)
    server.start()
    bootstrap(server.dsn())
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("create table public.things (id int)")
        connection.execute("grant select on public.things to anon")
    yield server
    server.stop()


async def test_requests_fail_fast_while_postgres_is_away_and_recover(own_cluster: Cluster):
    app = RestApp(own_cluster.dsn(user="authenticator"), keys=Keys("s" * 40))
    await app.open()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://rest"
    ) as client:
        before = await client.get("/things")
        await asyncio.to_thread(own_cluster.stop)
        async with asyncio.timeout(_LESS_THAN_A_REQUEST_MAY_TAKE):
            during = await client.get("/things")
        own_cluster.start()
        after = await client.get("/things")
    await app.close()

    assert [before.status_code, during.status_code, after.status_code] == [200, 503, 200]
    assert during.json()["code"] == "PGRST000"


async def test_a_service_started_before_postgres_finds_it_later(own_cluster: Cluster):
    own_cluster.stop()
    app = RestApp(own_cluster.dsn(user="authenticator"), keys=Keys("s" * 40))
    await app.open()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://rest"
    ) as client:
        before = await client.get("/things")
        own_cluster.start()
        after = await client.get("/things")
    await app.close()

    assert [before.status_code, after.status_code] == [503, 200]
