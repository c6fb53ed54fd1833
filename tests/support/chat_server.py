"""The chat backend as a process of its own beside the session's stack, and its clients."""

import asyncio
import atexit
import json
import os
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import aiohttp
import httpx
import socketio

from tests.support.fork_server import ForkedProcess, ForkServer
from tests.support.paths import ROOT
from tests.support.processes import free_port
from tests.support.waiting import PATIENCE, wait_for

_SERVE: Final = """
import sys
from backend.__main__ import main
sys.exit(main())
"""
_IMPORTED: Final = (
    "backend.__main__",
    "engineio.async_drivers.asgi",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)


@dataclass(frozen=True, slots=True)
class ChatServer:
    """A running backend; `pid` is its process."""

    url: str
    pid: int

    def http(self, token: str = "") -> httpx.Client:
        """A client of its HTTP routes, with a user's token if there is one."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE)


@contextmanager
def chat_server(api_url: str, key: str, database_url: str, **more: str) -> Generator[ChatServer]:
    """Serve the chat backend of the project at `api_url` until the block ends."""
    port = int(more.get("PORT") or free_port())
    variables = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SUPABASE_URL": api_url,
        "SUPABASE_SERVICE_ROLE_KEY": key,
        "SUPABASE_DB_URL": database_url,
        "PORT": str(port),
        **more,
    }
    url = f"http://127.0.0.1:{port}"
    with _forked(variables) as process:

        def is_ready() -> bool:
            assert not process.poll(), "the chat backend has ended"
            try:
                return httpx.get(f"{url}/healthz", timeout=PATIENCE).status_code == 200
            except httpx.HTTPError:
                return False

        wait_for(is_ready)
        yield ChatServer(url, process.pid)


@contextmanager
def _forked(variables: Mapping[str, str]) -> Generator[ForkedProcess]:
    """Run `python -m backend`, forked from a process that has imported it."""
    output = Path(os.devnull)
    process = _server().fork(_SERVE, "backend", folder=ROOT, environ=variables, output=output)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@cache
def _server() -> ForkServer:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    server = ForkServer(Path(sys.executable), ROOT, environ)
    atexit.register(server.close)
    server.preload(_IMPORTED)
    return server


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
        async with asyncio.timeout(PATIENCE), self._arrived:
            while not (found := [each for each in self.outputs if condition(each)]):
                await self._arrived.wait()
            return found

    async def _add(self, output: dict[str, Any]) -> None:
        async with self._arrived:
            self.outputs.append(output)
            self._arrived.notify_all()

    async def wait_event(self, update: str) -> dict[str, Any]:
        """The first event that tells clients to read a list again."""
        async with asyncio.timeout(PATIENCE), self._arrived:
            while not (found := [each for each in self.events if each["update"] == update]):
                await self._arrived.wait()
            return found[0]

    async def _add_event(self, event: dict[str, Any]) -> None:
        async with self._arrived:
            self.events.append(event)
            self._arrived.notify_all()


@asynccontextmanager
async def connect(
    url: str,
    auth: Any = None,
    transports: list[str] | None = None,
    browser: aiohttp.ClientSession | None = None,
) -> AsyncGenerator[ChatClient]:
    """Connect to namespace /chat of a server; a browser keeps its cookies."""
    socket = socketio.AsyncClient(
        reconnection=False,
        json=json,  # NiceGUI sets its own
        request_timeout=PATIENCE,
        http_session=browser,
    )
    client = ChatClient(socket)
    socket.on("chat", client._add, namespace="/chat")
    socket.on("event", client._add_event, namespace="/chat")
    await socket.connect(
        url, namespaces=["/chat"], auth=auth, transports=transports, wait_timeout=PATIENCE
    )
    try:
        yield client
    finally:
        if socket.transport() == "polling":  # the server would end its last request after 30 s
            await socket.eio.disconnect(abort=True)
        else:
            await socket.disconnect()
