"""Which outputs are sent again, to whom, and how often."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import socketio
from engineio.async_socket import AsyncSocket

from backend.chat import acknowledgements as module
from backend.chat.acknowledgements import AcknowledgingManager
from backend.chat.emitter import NAMESPACE, Emitter
from backend.chat.namespace import ChatNamespace
from backend.chat.runner import Runner
from backend.chat.stores.sqlite import SqliteStore
from backend.chat.users import Users
from tests.support.waiting import PATIENCE

ENDED = {"session_id": "s", "msg_id": "o", "status": "success"}
STARTED = {**ENDED, "status": "progress"}


class Client:
    """A client of `server` whose connection is a queue."""

    def __init__(self, server: socketio.AsyncServer, name: str) -> None:
        self._server = server
        self._name = name
        self._socket = AsyncSocket(server.eio, name)
        self._socket.connected = True
        server.eio.sockets[name], server.environ[name] = self._socket, {}

    async def connect(self, auth: Any) -> None:
        await self._server._handle_eio_message(self._name, f"0/chat,{json.dumps(auth)}")
        assert (await self.read())[0].startswith("0/chat")

    async def read(self) -> tuple[str, Any]:
        """Return the head of the next packet and its JSON."""
        packet = await asyncio.wait_for(self._socket.queue.get(), PATIENCE)
        head, _, text = packet.data.partition(",")
        digits = text[: len(text) - len(text.lstrip("0123456789"))]
        return f"{head},{digits}", json.loads(text[len(digits) :] or "null")

    async def acknowledge(self, head: str) -> None:
        await self._server._handle_eio_message(self._name, head.replace("2", "3", 1) + "[]")

    def is_empty(self) -> bool:
        return self._socket.queue.empty()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[socketio.AsyncServer]:
    monkeypatch.setattr(module, "_SECONDS", 0.02)
    manager = AcknowledgingManager()
    made = socketio.AsyncServer(async_mode="asgi", async_handlers=False, client_manager=manager)
    store, users = (
        SqliteStore("sqlite://unused"),
        Users("http://127.0.0.1:1", "k", is_required=False),
    )
    handler = ChatNamespace(store, Emitter(made, store), cast("Runner", None), users)
    made.register_namespace(handler)
    yield made
    await manager.stop()
    await users.close()


async def test_a_client_that_takes_an_output_gets_it_once(server: socketio.AsyncServer) -> None:
    taking, silent = Client(server, "a"), Client(server, "b")
    await taking.connect({"acknowledge": True})
    await silent.connect({"acknowledge": "yes"})
    for data in (STARTED, ENDED):
        await server.emit("chat", data, namespace=NAMESPACE)
    assert [await silent.read() for _ in range(2)] == [
        ("2/chat,", ["chat", STARTED]),
        ("2/chat,", ["chat", ENDED]),
    ]
    assert await taking.read() == ("2/chat,", ["chat", STARTED])
    head, event = await taking.read()
    assert (head, event) == ("2/chat,1", ["chat", ENDED])
    await taking.acknowledge(head)
    await asyncio.sleep(0.1)
    assert taking.is_empty()
    assert silent.is_empty()


async def test_one_that_does_not_gets_it_three_times_and_is_disconnected(
    server: socketio.AsyncServer,
) -> None:
    client = Client(server, "a")
    await client.connect({"acknowledge": True})
    await server.emit("chat", ENDED, namespace=NAMESPACE)
    seen = [await client.read() for _ in range(4)]
    assert [event for _, event in seen] == [["chat", ENDED]] * 3 + [None]
    assert seen[3][0].startswith("1/chat")  # the namespace's disconnection
    manager = server.manager
    assert isinstance(manager, AcknowledgingManager)
    assert (manager.unacknowledged, manager.acknowledging) == (1, set())


async def test_one_that_leaves_is_waited_for_no_more(server: socketio.AsyncServer) -> None:
    client = Client(server, "a")
    await client.connect({"acknowledge": True})
    await server.emit("chat", ENDED, namespace=NAMESPACE)
    await client.read()
    await server._handle_eio_message("a", "1/chat,")
    await asyncio.sleep(0.1)
    assert client.is_empty()
    assert cast("AcknowledgingManager", server.manager).unacknowledged == 0
