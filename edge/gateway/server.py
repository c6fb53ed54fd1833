"""The HTTP server before every gateway: uvicorn with our intake, run and ended by its owner."""

import asyncio
import logging
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, Final

from starlette.types import ASGIApp

from edge.gateway.client_limits import ClientLimits
from edge.gateway.protocol import KEEP_ALIVE_SECONDS, HardenedHttpProtocol
from edge.uvicorn_parts import Config, UvicornServer

GRACE_SECONDS: Final = 15
_DATE_SECONDS: Final = 1.0
_SHORTEST_PAUSE: Final = 0.001
_LONGEST_PAUSE: Final = 0.05
_log = logging.getLogger("uvicorn.error")


class Server(UvicornServer):
    """Serves `app`; `upgrades` is the protocol of connections that ask for another than HTTP.

    Requests in progress have `grace` seconds to finish once it stops. `clients` limits what one
    address may have open.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        upgrades: Any = "none",
        http: type[HardenedHttpProtocol] = HardenedHttpProtocol,
        grace: float = GRACE_SECONDS,
        clients: ClientLimits | None = None,
    ) -> None:
        members = {"clients": clients or ClientLimits()}
        config = Config(
            app,
            http=type("LimitedHttpProtocol", (http,), members),
            ws=upgrades,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=max(1, round(grace)),
        )
        super().__init__(config)
        self._listens = asyncio.Event()
        self._ends = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals to the owner."""
        yield

    async def start(self, listener: socket.socket) -> asyncio.Task[None]:
        """What runs until the server ends, once it listens; its own exception if it does not."""
        self._serving = asyncio.create_task(self.serve([listener]))
        listens = asyncio.create_task(self._listens.wait())
        await asyncio.wait({self._serving, listens}, return_when=asyncio.FIRST_COMPLETED)
        if self._serving.done():
            listens.cancel()
            self._serving.result()
            raise RuntimeError("the server ended before it listened")
        return self._serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does it, and then `start` may return."""
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._listens.set()

    async def main_loop(self) -> None:
        """Write the date once a second until `end`; uvicorn looks ten times a second."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(_DATE_SECONDS):
                    await self._ends.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does it, but without its pauses of 0.1 s when nothing is under way."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                await self._wait_tasks_to_complete()
        except TimeoutError:
            tasks = self.server_state.tasks
            _log.error("%s requests under way are cancelled: the time is over", len(tasks))
            for task in tasks:
                task.cancel()

    async def _wait_tasks_to_complete(self) -> None:
        pause = _SHORTEST_PAUSE
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        for server in self.servers:
            await server.wait_closed()

    def end(self) -> None:
        """Have it end; from any thread."""
        self.should_exit = True
        if self._loop:
            self._loop.call_soon_threadsafe(self._ends.set)

    async def close(self) -> None:
        """End it; requests under way finish."""
        self.end()
        if self._serving:
            await self._serving
