"""Connections to Postgres that are cut are made again, by themselves."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import redis
import socketio
from engineio.async_socket import AsyncSocket

from backend.chat import managers
from backend.chat.emitter import NAMESPACE, Emitter, room_of
from backend.chat.managers import PostgresManager
from backend.chat.messages import Message, Output
from backend.chat.services import Services, make_server, make_services
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
        await manager._hang_up()


async def test_a_connection_that_does_not_answer_in_time_is_closed(
    cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else would: it is open, and Postgres works for it."""
    manager = PostgresManager(cluster.dsn(database))
    await manager._publish({"n": 1})
    slow = manager._publisher
    assert slow is not None
    monkeypatch.setattr(managers, "_PUBLISH_SECONDS", 0.0)

    with pytest.raises(TimeoutError):
        await manager._publish({"n": 2})

    assert slow.closed


@dataclass(frozen=True, slots=True)
class Instances:
    """A server that sends, and the services and a client of another one, in session s."""

    sender: socketio.AsyncServer
    services: Services
    client: AsyncSocket

    async def wait_for(self, text: str) -> None:
        """Wait until the client is sent a text."""
        async with asyncio.timeout(PATIENCE):
            while text not in (await self.client.queue.get()).data:
                pass


@asynccontextmanager
async def two_instances(database_url: str, redis_url: str) -> AsyncGenerator[Instances]:
    settings = Settings("http://127.0.0.1:9", "key", database_url, redis_url)
    sender, receiver = make_server(settings), make_server(settings)
    services = make_services(settings, receiver)
    await services.open()
    client = AsyncSocket(receiver.eio, "eio")
    receiver.eio.sockets["eio"] = client
    sid = await receiver.manager.connect("eio", NAMESPACE)
    await receiver.manager.enter_room(sid, NAMESPACE, room_of("s"))
    yield Instances(sender, services, client)
    await services.close()
    receiver.manager.thread.cancel()
    await asyncio.gather(receiver.manager.thread, return_exceptions=True)
    if redis_url:
        await sender.manager.redis.aclose()
        await receiver.manager.redis.aclose()
    else:
        for server in (sender, receiver):
            await server.manager._hang_up()


@pytest.mark.parametrize("over_redis", [False, True])
async def test_an_instance_hears_others_from_the_start(
    cluster: Cluster, database: str, *, over_redis: bool
) -> None:
    """What they send while its first client connects is not lost."""
    with run_valkey() if over_redis else nullcontext("") as redis_url:
        async with two_instances(cluster.dsn(database), redis_url) as instances:
            data = {"text": "done"}
            await instances.sender.emit("chat", data, to=room_of("s"), namespace=NAMESPACE)
            await instances.wait_for("done")


@pytest.mark.parametrize("over_redis", [False, True])
async def test_clients_acknowledge_what_other_instances_send(
    cluster: Cluster, database: str, *, over_redis: bool
) -> None:
    with run_valkey() if over_redis else nullcontext("") as redis_url:
        async with two_instances(cluster.dsn(database), redis_url) as instances:
            sids = instances.services.manager.get_participants(NAMESPACE, room_of("s"))
            instances.services.manager.acknowledging.update(sid for sid, _ in sids)
            for status in ("progress", "success"):
                data = {"session_id": "s", "status": status}
                await instances.sender.emit("chat", data, to=room_of("s"), namespace=NAMESPACE)
            async with asyncio.timeout(PATIENCE):
                packets = [(await instances.client.queue.get()).data for _ in range(2)]
            assert [packet.partition("[")[0] for packet in packets] == ["2/chat,", "2/chat,1"]


def end_listeners(database_url: str, redis_url: str) -> None:
    """End the connections that listen to other instances."""
    if redis_url:
        client = redis.Redis.from_url(redis_url)
        assert client.client_kill_filter(_type="pubsub")
        client.close()
        return
    with psycopg.connect(database_url, autocommit=True) as connection:
        ended = connection.execute(
            "select pg_terminate_backend(pid, 60000) from pg_stat_activity"
            " where datname = current_database() and query like 'listen %'"
        ).fetchall()
        assert ended == [(True,)]


@pytest.mark.parametrize("over_redis", [False, True])
async def test_what_others_sent_while_they_were_not_heard_is_sent_then(
    cluster: Cluster, database: str, *, over_redis: bool
) -> None:
    url = cluster.dsn(database)
    with run_valkey() if over_redis else nullcontext("") as redis_url:
        async with two_instances(url, redis_url) as instances:
            store, text = instances.services.store, {"type": "text", "text": "x"}
            given = Message.model_validate({"session_id": "s", "content": [text]})
            await store.begin(given, "o-1", None)
            for number in range(2):
                output = Output("s", given.conv_id, f"o-{number}", text=f"output {number}")
                await asyncio.to_thread(end_listeners, url, redis_url)
                await Emitter(instances.sender, store).publish(output.render())
                await instances.wait_for(f"output {number}")


@pytest.mark.parametrize("over_redis", [False, True])
async def test_a_connection_that_is_silent_is_asked_and_stays(
    cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch, *, over_redis: bool
) -> None:
    monkeypatch.setattr(managers, "_SILENT_SECONDS", 0.05)
    with run_valkey() if over_redis else nullcontext("") as redis_url:
        async with two_instances(cluster.dsn(database), redis_url) as instances:
            subscription = instances.services.server.manager.subscription
            ended: list[float] = []
            subscription.on_subscribe = ended.append
            for number in range(5):
                await asyncio.sleep(0.06)
                data = {"text": f"output {number}"}
                await instances.sender.emit("chat", data, to=room_of("s"), namespace=NAMESPACE)
                await instances.wait_for(f"output {number}")
            assert ended == []


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
