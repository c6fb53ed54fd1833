"""The chat backend as a page of the console reaches it: Socket.IO and the HTTP routes beside it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import aiohttp
import socketio
from socketio.exceptions import SocketIOError

from backend.console.data import as_user
from console import Api, ApiError, api

NAMESPACE: Final = "/chat"
_TOKEN_SECONDS: Final = 480.0
"""A user's token is used for so long; it is valid for ten minutes."""
_CONNECT_SECONDS: Final = 30.0
_ANSWER_SECONDS: Final = 15.0
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_LONGEST_MESSAGE: Final = 16 << 20

Message = Mapping[str, Any]


async def find_backend() -> str | None:
    """Return the base URL of the chat backend that the stack runs; None if it runs none."""
    processes = (await api().get("/processes"))["data"]
    return next((each["url"] for each in processes if each["name"] == "chat"), None)


@cache
def routes_of(url: str) -> Api:
    """Return the client of a backend's HTTP routes."""
    return Api(url, {})


@dataclass(slots=True)
class Caller:
    """The user that a page acts as; without a user id, a caller who is not signed in."""

    user_id: str
    _token: str = field(default="", init=False)
    _until: float = field(default=0.0, init=False)

    async def token(self) -> str:
        """Return the user's token, "" without one. Raises ApiError."""
        if self.user_id and time.monotonic() > self._until:
            header = (await as_user(self.user_id))["authorization"]
            self._token, self._until = header.partition(" ")[2], time.monotonic() + _TOKEN_SECONDS
        return self._token

    async def headers(self) -> dict[str, str]:
        """Return the headers of a request to the backend. Raises ApiError."""
        token = await self.token()
        return {"authorization": f"Bearer {token}"} if token else {}


@dataclass(slots=True)
class ChatClient:
    """A client of the backend at `url` that connects again for ever, until `close`.

    `on_connect` is called after each connection, `on_output` and `on_event` with what is sent,
    `on_state` with words about the connection and whether there is one.
    """

    url: str
    caller: Caller
    on_connect: Callable[[], Awaitable[None]]
    on_output: Callable[[dict[str, Any]], Awaitable[None]]
    on_event: Callable[[dict[str, Any]], Awaitable[None]]
    on_state: Callable[[str, bool], None]
    _socket: socketio.AsyncClient | None = field(default=None, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    def open(self) -> None:
        """Connect in the background."""
        self._task = asyncio.create_task(self._run())

    def close(self) -> None:
        """Disconnect."""
        if self._task:
            self._task.cancel()

    async def emit(self, event: str, data: Mapping[str, Any]) -> None:
        """Send an event, and wait until the backend has taken it; while away nothing is sent."""
        if self._socket is None or NAMESPACE not in self._socket.namespaces:
            return
        with suppress(SocketIOError, TimeoutError):
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._socket.call(event, dict(data), namespace=NAMESPACE)

    async def request(self, method: str, path: str) -> Any:
        """Send a request to a route. Raises ApiError."""
        headers = await self.caller.headers()
        return await routes_of(self.url).request(method, path, headers=headers)

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._stay_connected()
                pause = _FIRST_PAUSE
                self.on_state("Connection lost. Trying again…", False)
            except (SocketIOError, ApiError, OSError, aiohttp.ClientError) as exc:
                self.on_state(f"Not connected: {exc} Trying again…", False)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _stay_connected(self) -> None:
        """Connect, and return once the connection has ended. Raises SocketIOError, ApiError."""
        token = await self.caller.token()
        async with aiohttp.ClientSession() as session:
            socket = socketio.AsyncClient(
                reconnection=False,
                handle_sigint=False,
                http_session=session,
                websocket_extra_options={"max_msg_size": _LONGEST_MESSAGE},
            )
            socket.on("chat", self.on_output, namespace=NAMESPACE)
            socket.on("event", self.on_event, namespace=NAMESPACE)
            try:
                await socket.connect(
                    self.url,
                    namespaces=[NAMESPACE],
                    auth={"acknowledge": True, **({"token": token} if token else {})},
                    transports=["websocket"],
                    wait_timeout=_CONNECT_SECONDS,
                )
                self._socket = socket
                self.on_state("Connected", True)
                await self.on_connect()
                await socket.wait()
            finally:
                self._socket = None
                await socket.disconnect()
