"""The HTTP server before every gateway: uvicorn with our intake, run and ended by its owner."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from edge.gateway.client_limits import ClientLimits
from edge.gateway.protocol import KEEP_ALIVE_SECONDS, HardenedHttpProtocol

GRACE_SECONDS: Final = 15


class Server(uvicorn.Server):
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
        config = uvicorn.Config(
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
        self._listens.set()

    async def close(self) -> None:
        """End it; requests under way finish."""
        self.should_exit = True
        if self._serving:
            await self._serving
