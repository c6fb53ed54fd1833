"""The chat backend as a process of its own beside the session's stack, and its clients."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import socketio

from tests.support.processes import free_port, running
from tests.support.waiting import wait_for


@dataclass(frozen=True, slots=True)
class ChatServer:
    """A running backend; `pid` is its process."""

    url: str
    pid: int

    def http(self, token: str = "") -> httpx.Client:
        """A client of its HTTP routes, with a user's token if there is one."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)


@contextmanager
def chat_server(api_url: str, key: str, database_url: str, **more: str) -> Generator[ChatServer]:
    """Serve the chat backend of the project at `api_url` until the block ends."""
    port = free_port()
    variables = {
        "SUPABASE_URL": api_url,
        "SUPABASE_SERVICE_ROLE_KEY": key,
        "SUPABASE_DB_URL": database_url,
        "PORT": str(port),
        **more,
    }
    with running([sys.executable, "-m", "backend"], None, **variables) as process:
        url = f"http://127.0.0.1:{port}"

        def is_ready() -> bool:
            assert process.poll() is None, "the chat backend has ended"
            try:
                return httpx.get(f"{url}/healthz", timeout=5).status_code == 200
            except httpx.HTTPError:
                return False

        wait_for(is_ready)
        yield ChatServer(url, process.pid)


def message(text: str, session_id: str | None = None, **more: Any) -> dict[str, Any]:
    """An input message as the real client emits it."""
    return {
        "agents": [],
        "msg_type": "input",
        "sender": "user",
        "conv_id": str(uuid4().int % 10**13),
        "msg_id": str(uuid4().int % 10**13),
        "session_id": session_id or str(uuid4()),
        "collection_id": None,
        "video_id": None,
        "content": [{"type": "text", "text": text}],
        **more,
    }


@dataclass
class ChatClient:
    """A Socket.IO client that keeps all outputs, in order of arrival."""

    socket: socketio.AsyncClient
    outputs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def send(self, data: Any, event: str = "chat") -> None:
        """Emit without an acknowledgement, as the real client does."""
        await self.socket.emit(event, data, namespace="/chat")

    async def ask(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Emit a message and return its output with a terminal status."""
        await self.send(dict(data))
        return await self.wait_end(data["conv_id"])

    async def wait_end(self, conv_id: str) -> dict[str, Any]:
        """The terminal output of a conversation."""
        found = await self.wait(
            lambda output: output["conv_id"] == conv_id and output["status"] != "progress"
        )
        return found[-1]

    async def wait(self, condition: Any) -> list[dict[str, Any]]:
        """The outputs that fulfil a condition, once there is one."""
        async with asyncio.timeout(60), self._arrived:
            while not (found := [each for each in self.outputs if condition(each)]):
                await self._arrived.wait()
            return found

    async def _add(self, output: dict[str, Any]) -> None:
        async with self._arrived:
            self.outputs.append(output)
            self._arrived.notify_all()

    async def _add_event(self, event: dict[str, Any]) -> None:
        self.events.append(event)


@asynccontextmanager
async def connect(
    url: str, auth: Any = None, transports: list[str] | None = None
) -> AsyncGenerator[ChatClient]:
    """Connect to namespace /chat of a server."""
    socket = socketio.AsyncClient(reconnection=False, json=json)  # NiceGUI sets its own
    client = ChatClient(socket)
    socket.on("chat", client._add, namespace="/chat")
    socket.on("event", client._add_event, namespace="/chat")
    await socket.connect(url, namespaces=["/chat"], auth=auth, transports=transports)
    try:
        yield client
    finally:
        if socket.transport() == "polling":  # the server would end its last request after 30 s
            await socket.eio.disconnect(abort=True)
        else:
            await socket.disconnect()
