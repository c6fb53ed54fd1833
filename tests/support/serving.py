"""A server of ours running in a thread with its own event loop, for tests that use real HTTP."""

import asyncio
import socket
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop
from starlette.types import ASGIApp

from edge.gateway.client_limits import ClientLimits
from edge.gateway.protocol import HardenedHttpProtocol
from edge.gateway.server import Server
from tests.support.waiting import PATIENCE

T = TypeVar("T")


class LoopThread:
    """An event loop that runs in a thread until closed."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], deadline: float = PATIENCE) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(deadline)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class HttpServer:
    """An ASGI app on a free loopback port, served on the loop that starts it."""

    def __init__(
        self,
        app: ASGIApp,
        ws: Any = "none",
        http: type[HardenedHttpProtocol] = HardenedHttpProtocol,
        clients: ClientLimits | None = None,
    ) -> None:
        self._server = Server(app, upgrades=ws, http=http, clients=clients)
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    async def start(self) -> None:
        await self._server.start(self._socket)

    async def close(self) -> None:
        await self._server.close()
        self._socket.close()
