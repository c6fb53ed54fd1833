"""A server of ours running in a thread with its own event loop, for tests that use real HTTP."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import contextmanager
from typing import Any, TypeVar

import uvicorn
import uvloop

from edge.intake import Intake

T = TypeVar("T")


class LoopThread:
    """An event loop that runs in a thread until closed."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], deadline: float = 60) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(deadline)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Any:
        yield


class HttpServer:
    """An ASGI app on a free loopback port, served on the loop that starts it."""

    def __init__(
        self, app: Callable[..., Awaitable[None]], ws: Any = "none", http: type[Intake] = Intake
    ) -> None:
        config = uvicorn.Config(
            app, lifespan="off", log_config=None, access_log=False, ws=ws, http=http
        )
        self._server = _Server(config)
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    async def start(self) -> None:
        self._serving = asyncio.create_task(self._server.serve([self._socket]))
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        self._server.should_exit = True
        await self._serving
        self._socket.close()
