"""Connections to Postgres that are cut are made again, by themselves."""

import asyncio
import json
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import psycopg
import pytest
from engineio.async_socket import AsyncSocket

from backend.chat.emitter import NAMESPACE
from backend.chat.managers import PostgresManager
from backend.chat.services import make_server, make_services
from backend.chat.settings import Settings
from backend.chat.stores.postgres import PostgresStore
from backend.chat.stores.store import StoreError
from edge.emulator.postgres.cluster import Cluster
from tests.support.media.valkey import run_valkey
from tests.support.waiting import PATIENCE

Cut = Callable[[], None]


@pytest.fixture
def cut(cluster: Cluster, database: str) -> Cut:
    """End all other connections of the test's database."""

    def end() -> None:
        with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid, 60000) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )

    return end


@pytest.mark.parametrize("length", [10, 20_000])
async def test_instances_hear_each_other_again(
    cluster: Cluster, database: str, cut: Cut, length: int
) -> None:
    url = cluster.dsn(database)
    sender, receiver = PostgresManager(url), PostgresManager(url)
    heard: list[Any] = []

    async def listen() -> None:
        async for text in receiver._listen():
            heard.append(json.loads(text))

    async def publish(number: int) -> None:
        """Publish until it is heard: what is sent while a listener is away is lost."""
        async with asyncio.timeout(PATIENCE):
            while {"number": number, "text": "x" * length} not in heard:
                await sender._publish({"number": number, "text": "x" * length})
                await asyncio.sleep(0.02)

    listener = asyncio.create_task(listen())
    for number in range(3):
        await publish(number)
        await asyncio.to_thread(cut)
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)
    for manager in (sender, receiver):
        if manager._publisher:
            await manager._publisher.close()


@pytest.mark.parametrize("over_redis", [False, True])
async def test_an_instance_hears_others_from_the_start(
    cluster: Cluster, database: str, *, over_redis: bool
) -> None:
    """What they send while its first client connects is not lost."""
    with run_valkey() if over_redis else nullcontext("") as redis_url:
        settings = Settings("http://127.0.0.1:9", "key", cluster.dsn(database), redis_url)
        sender, receiver = make_server(settings), make_server(settings)
        services = make_services(settings, receiver)
        await services.open()
        socket = AsyncSocket(receiver.eio, "eio")
        receiver.eio.sockets["eio"] = socket
        sid = await receiver.manager.connect("eio", NAMESPACE)
        await receiver.manager.enter_room(sid, NAMESPACE, "s")
        await sender.emit("chat", {"text": "done"}, to="s", namespace=NAMESPACE)
        async with asyncio.timeout(PATIENCE):
            assert "done" in (await socket.queue.get()).data
        await services.close()
        receiver.manager.thread.cancel()
        await asyncio.gather(receiver.manager.thread, return_exceptions=True)
        if over_redis:
            await sender.manager.redis.aclose()
            await receiver.manager.redis.aclose()
        else:
            await sender.manager._publisher.close()


async def test_a_store_goes_on(cluster: Cluster, database: str, cut: Cut) -> None:
    store = PostgresStore(cluster.dsn(database))
    await store.open()
    assert await store.list_sessions(None) == []
    await asyncio.to_thread(cut)
    answered: list[bool] = []
    for _ in range(9):  # eight connections may be broken
        try:
            answered.append(await store.list_sessions(None) == [])
        except StoreError:
            answered.append(False)
    assert answered[-1]
    await store.close()
