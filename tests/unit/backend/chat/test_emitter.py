"""What is sent again, given up, or held back from clients that do not read."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import socketio
from engineio.async_socket import AsyncSocket
from engineio.packet import MESSAGE, Packet

from backend.chat import emitter as module
from backend.chat.emitter import NAMESPACE, Emitter, room_of
from backend.chat.messages import Message, Output
from backend.chat.stores.sqlite import SqliteStore
from backend.chat.stores.store import Store, StoreError
from tests.support.waiting import PATIENCE, wait_for

OUTPUT = {"session_id": "s", "conv_id": "c", "msg_id": "o", "status": "progress"}


class FailingServer:
    """A server whose manager cannot be reached a number of times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.sent: list[tuple[str, Mapping[str, Any], str | None]] = []
        self.manager = self

    def get_participants(self, _namespace: str, _room: str | None) -> list[tuple[str, str]]:
        return []

    async def emit(
        self, event: str, data: Mapping[str, Any], to: str | None, namespace: str
    ) -> None:
        assert namespace == NAMESPACE
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the manager is away")
        self.sent.append((event, data, to))


class FailingStore:
    """A store that takes outputs after a number of failures."""

    def __init__(self, failures: int = 0, *, takes: bool = True) -> None:
        self.failures = failures
        self.takes = takes

    async def save_output(self, _message: Mapping[str, Any]) -> bool:
        if self.failures:
            self.failures -= 1
            raise StoreError("the database is away")
        return self.takes

    async def fetch_output(self, _session_id: str, _msg_id: str) -> None:
        """Its session is gone."""


def make(server: Any, store: FailingStore | Store | None = None) -> Emitter:
    return Emitter(cast("socketio.AsyncServer", server), cast("Store", store or FailingStore()))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(module, "_CHECK_SECONDS", 0.01)


@pytest.mark.parametrize(("failures", "given_up"), [(0, 0), (3, 0), (4, 1)])
async def test_an_emit_is_tried_four_times(failures: int, given_up: int) -> None:
    server = FailingServer(failures)
    emitter = make(server)
    assert await emitter.publish(OUTPUT)
    assert len(server.sent) == 1 - given_up
    assert emitter.failures == given_up


async def test_nothing_is_sent_that_is_not_stored() -> None:
    server = FailingServer(0)
    assert not await make(server, FailingStore(takes=False)).publish(OUTPUT)
    assert await make(server, FailingStore(3)).publish(OUTPUT)
    with pytest.raises(StoreError):
        await make(server, FailingStore(4)).publish(OUTPUT)
    assert server.sent == [("chat", OUTPUT, room_of("s"))]


@pytest.fixture
async def client() -> tuple[socketio.AsyncServer, str, AsyncSocket]:
    """A server with one client in room s, whose queue nobody empties."""
    server = socketio.AsyncServer(async_mode="asgi")
    socket = AsyncSocket(server.eio, "eio")
    socket.connected = True
    server.eio.sockets["eio"] = socket
    sid = await server.manager.connect("eio", NAMESPACE)
    await server.manager.enter_room(sid, NAMESPACE, room_of("s"))
    return server, sid, socket


async def test_an_output_that_has_ended_is_sent_as_another_instance_stored_it(
    client: tuple[socketio.AsyncServer, str, AsyncSocket], tmp_path: Path
) -> None:
    """That instance was killed before it sent what it had stored."""
    server, _, socket = client
    store = SqliteStore(f"sqlite://{tmp_path}/chat.db")
    await store.open()
    given = Message.model_validate({"session_id": "s", "content": [{"type": "text", "text": "x"}]})
    await store.begin(given, "o-1", None)
    ended = Output("s", given.conv_id, "o-1", status="success", text="done").render()
    assert await store.save_output(ended)
    again = Output("s", given.conv_id, "o-1", status="success", text="done again").render()
    assert not await make(server, store).publish(again)
    assert json.loads(socket.queue.get_nowait().data.partition(",")[2]) == ["chat", ended]
    await store.close()


@pytest.mark.parametrize(("count", "length", "is_slow"), [(256, 9, False), (257, 9, True)])
async def test_a_client_that_reads_nothing_is_disconnected(
    client: tuple[socketio.AsyncServer, str, AsyncSocket], count: int, length: int, is_slow: bool
) -> None:
    server, sid, socket = client
    for _ in range(count):
        await socket.queue.put(Packet(MESSAGE, "x" * length))
    await make(server).send("chat", OUTPUT, room_of("s"))
    assert server.manager.is_connected(sid, NAMESPACE) != is_slow


async def test_large_messages_of_other_instances_count_as_well(
    client: tuple[socketio.AsyncServer, str, AsyncSocket],
) -> None:
    server, sid, socket = client
    emitter = make(server)
    emitter.start()
    await socket.queue.put(Packet(MESSAGE, "x" * (5 << 20)))
    await emitter.send("chat", OUTPUT, "nobody")
    assert server.manager.is_connected(sid, NAMESPACE)
    await socket.queue.put(Packet(MESSAGE, "x"))
    await asyncio.to_thread(wait_for, lambda: not server.manager.is_connected(sid, NAMESPACE))
    await emitter.stop()


class BusyStore(SqliteStore):
    """A store that fails at first, and whose output changes while it is sent."""

    failures = 2
    waiting: list[dict[str, Any]]

    async def list_changed(self, *args: Any) -> Sequence[tuple[str, str]]:
        if self.failures:
            self.failures -= 1
            raise StoreError("the database is away")
        return await super().list_changed(*args)

    async def fetch_output(self, *args: Any) -> dict[str, Any] | None:
        found = await super().fetch_output(*args)
        if self.waiting:
            await self.save_output(self.waiting.pop(0))
        return found


async def test_what_was_missed_is_sent_until_it_is_the_newest(
    client: tuple[socketio.AsyncServer, str, AsyncSocket], tmp_path: Path
) -> None:
    server, _, socket = client
    store = BusyStore(f"sqlite://{tmp_path}/chat.db")
    await store.open()
    outputs: dict[str, list[dict[str, Any]]] = {}
    for session in ("s", "t"):
        content = [{"type": "text", "text": "x"}]
        given = Message.model_validate({"session_id": session, "content": content})
        await store.begin(given, "o-1", None)
        outputs[session] = [
            Output(session, given.conv_id, "o-1", status=status, text=text).render()
            for status, text in (("progress", "one"), ("progress", "two"), ("success", "done"))
        ]
        await store.save_output(outputs[session][0])
    store.waiting = outputs["s"][1:]
    emitter = make(server, store)
    emitter.replay(1.0)
    sent: list[list[Any]] = []
    async with asyncio.timeout(PATIENCE):
        while ["chat", outputs["s"][2]] not in sent:
            sent.append(json.loads((await socket.queue.get()).data.partition(",")[2]))
    assert [data for event, data in sent if event == "chat"] == outputs["s"]
    assert {data["update"] for event, data in sent if event == "event"} == {"collections", "videos"}
    await emitter.stop()
    await store.close()


async def test_without_clients_nothing_is_read() -> None:
    emitter = make(socketio.AsyncServer(async_mode="asgi"))
    emitter.replay(1.0)
    await asyncio.sleep(0)
    await emitter.stop()
    assert emitter.failures == 0
