"""What a client is sent that follows a session while one of its runs goes on."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import socketio
from engineio.async_socket import AsyncSocket

from backend.chat.emitter import NAMESPACE, Emitter
from backend.chat.messages import Message, Output
from backend.chat.namespace import ChatNamespace
from backend.chat.runner import Runner
from backend.chat.stores.sqlite import SqliteStore
from backend.chat.users import Users


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
    namespace = ChatNamespace(store, store.emitter, cast("Runner", None), cast("Users", None))
    server.register_namespace(namespace)
    socket = AsyncSocket(server.eio, "eio")
    socket.connected = True
    server.eio.sockets["eio"] = socket
    sid = await server.manager.connect("eio", NAMESPACE)
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
