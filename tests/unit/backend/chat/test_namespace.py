"""What a client of the namespace is sent, and whose messages are stored."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, cast

import pytest
import socketio
from engineio.async_socket import AsyncSocket

from backend.chat.emitter import NAMESPACE, Emitter
from backend.chat.messages import Message, Output
from backend.chat.namespace import ChatNamespace
from backend.chat.runner import Runner
from backend.chat.stores import sqlite
from backend.chat.stores.sqlite import SqliteStore
from backend.chat.users import User, Users
from tests.support.waiting import PATIENCE

_OWNER: Final = "11111111-1111-4111-8111-111111111111"
_CHAT: Final[list[Any]] = [
    "chat",
    {"session_id": "s", "content": [{"type": "text", "text": "x"}]},
]


class BusyStore(SqliteStore):
    """A store whose session has a run that stores and sends an output after each reading."""

    waiting: list[dict[str, Any]]
    emitter: Emitter

    async def fetch_outputs(self, *args: Any, **kwargs: Any) -> Sequence[dict[str, Any]]:
        found = await super().fetch_outputs(*args, **kwargs)
        if self.waiting:
            await self.emitter.publish(self.waiting.pop(0))
        return found


async def test_the_last_output_that_is_sent_is_the_newest(tmp_path: Path) -> None:
    server = socketio.AsyncServer(async_mode="asgi")
    store = BusyStore(f"sqlite://{tmp_path}/chat.db")
    await store.open()
    store.emitter = Emitter(server, store)
    users = Users("http://127.0.0.1:1", "key", is_required=False)
    namespace = ChatNamespace(store, store.emitter, cast("Runner", None), users)
    server.register_namespace(namespace)
    socket = AsyncSocket(server.eio, "eio")
    socket.connected = True
    server.eio.sockets["eio"] = socket
    sid = await server.manager.connect("eio", NAMESPACE)
    await namespace.on_connect(sid, {})
    given = Message.model_validate({"session_id": "s", "content": [{"type": "text", "text": "x"}]})
    await store.begin(given, "o-1", None)
    first, second, ended = (
        Output("s", given.conv_id, "o-1", status=status, text=text).render()
        for status, text in (("progress", "one"), ("progress", "two"), ("success", "done"))
    )
    await store.save_output(first)
    store.waiting = [second, ended]
    await namespace.on_reconnect(sid, {"session_id": "s", "conv_id": given.conv_id})
    sent = [socket.queue.get_nowait() for _ in range(socket.queue.qsize())]
    outputs = [json.loads(packet.data.partition(",")[2])[1] for packet in sent]
    assert outputs == [second, first, ended, second, ended]
    await store.close()
    await users.close()


class SignedIn(Users):
    """Knows one user by any token."""

    async def find(self, token: str) -> User:
        return User(_OWNER if token else None)


class SlowStore(SqliteStore):
    """A store that begins a message when it may."""

    may_begin: asyncio.Event

    async def begin(self, *args: Any, **kwargs: Any) -> Any:
        await self.may_begin.wait()
        return await super().begin(*args, **kwargs)


class Idle(Runner):
    """Runs nothing."""

    def __init__(self) -> None:
        """Hold nothing."""

    def wake(self) -> None:
        """Do nothing."""


@asynccontextmanager
async def signed_in(
    tmp_path: Path, *, is_ordered: bool
) -> AsyncIterator[tuple[socketio.AsyncServer, SlowStore]]:
    """Connect a signed-in client; its events are handled one after the other if `is_ordered`."""
    server = socketio.AsyncServer(async_mode="asgi", async_handlers=not is_ordered)
    store = SlowStore(f"sqlite://{tmp_path}/chat.db")
    store.may_begin = asyncio.Event()
    await store.open()
    users = SignedIn("http://127.0.0.1:1", "key", is_required=False)
    server.register_namespace(ChatNamespace(store, Emitter(server, store), Idle(), users))
    socket = AsyncSocket(server.eio, "eio")
    socket.connected = True
    server.eio.sockets["eio"], server.environ["eio"] = socket, {}
    await server._handle_eio_message("eio", '0/chat,{"token":"t"}')
    yield server, store
    await store.close()
    await users.close()


async def test_a_client_stays_the_user_who_connected(tmp_path: Path) -> None:
    """Also if it sends events that are named as the connection's own."""
    async with signed_in(tmp_path, is_ordered=True) as (server, store):
        store.may_begin.set()
        events: list[list[Any]] = [["disconnect"], ["connect", {}, {}], [{}, 1], [7], _CHAT]
        for event in events:
            await server._handle_eio_message("eio", f"2/chat,{json.dumps(event)}")
        assert await store.list_sessions(None) == []
        assert [each["session_id"] for each in await store.list_sessions(_OWNER)] == ["s"]


async def test_a_message_that_waits_is_its_users_also_if_the_client_disconnects(
    tmp_path: Path,
) -> None:
    async with signed_in(tmp_path, is_ordered=False) as (server, store):
        before = asyncio.all_tasks()
        for session in ("s", "t"):
            event = ["chat", {**_CHAT[1], "session_id": session}]
            await server._handle_eio_message("eio", f"2/chat,{json.dumps(event)}")
        waiting = asyncio.all_tasks() - before
        await asyncio.sleep(0)
        await server._handle_eio_message("eio", "1/chat,")
        store.may_begin.set()
        await asyncio.gather(*waiting)
        assert await store.list_sessions(None) == []
        found = {each["session_id"] for each in await store.list_sessions(_OWNER)}
        assert found == {"s", "t"}


@pytest.mark.parametrize("session_id", ["\ud800", "a\x00b", 7, None, ["s"]])
async def test_an_id_that_cannot_be_stored_is_ignored(tmp_path: Path, session_id: object) -> None:
    async with signed_in(tmp_path, is_ordered=True) as (server, store):
        store.may_begin.set()
        sid, chat = server.manager.sid_from_eio_sid("eio", NAMESPACE), server.namespace_handlers
        asked = {"session_id": session_id, "conv_id": "c"}
        await chat[NAMESPACE].trigger_event("reconnect", sid, asked)
        await server._handle_eio_message("eio", f"2/chat,{json.dumps(_CHAT)}")
        assert len(await store.list_sessions(_OWNER)) == 1


async def test_a_message_beyond_the_limit_is_refused_before_it_waits(tmp_path: Path) -> None:
    async with signed_in(tmp_path, is_ordered=False) as (server, store):
        sent = server.eio.sockets["eio"].queue
        before = asyncio.all_tasks()
        event = ["chat", {**_CHAT[1], "conv_id": "c"}]
        for _ in range(31):
            await server._handle_eio_message("eio", f"2/chat,{json.dumps(event)}")
        packets = [await asyncio.wait_for(sent.get(), PATIENCE) for _ in range(2)]
        refused = json.loads(packets[1].data.partition(",")[2])[1]
        assert refused["status"] == "overlimit"
        assert "Too many messages" in json.dumps(refused)
        store.may_begin.set()
        await asyncio.gather(*(asyncio.all_tasks() - before))


async def test_a_session_that_is_full_says_so_and_stores_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "MOST_MESSAGES", 1)
    async with signed_in(tmp_path, is_ordered=True) as (server, store):
        store.may_begin.set()
        sent = server.eio.sockets["eio"].queue
        for number in range(2):
            ids = {"conv_id": f"c{number}", "msg_id": f"m{number}"}
            event = ["chat", {**_CHAT[1], **ids}]
            await server._handle_eio_message("eio", f"2/chat,{json.dumps(event)}")
        packets = [sent.get_nowait().data.partition(",")[2] for _ in range(sent.qsize())]
        full = json.loads(packets[-1])[1]
        assert (full["conv_id"], full["status"]) == ("c1", "sessionlimit")
        assert "Start a new one" in full["content"][0]["text"]
        session = await store.fetch_session("s", _OWNER)
        assert session
        assert [each["conv_id"] for each in session["conversation"]] == ["c0", "c0"]
