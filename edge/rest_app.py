"""What `edge rest` serves, and the HTTP server around it."""

import asyncio
import socket
from typing import Final

from starlette.types import ASGIApp

from edge.emulator.rest.app import RestApp
from edge.emulator.rest.database import Database
from edge.emulator.rest.environment import Settings
from edge.rest_cors import Cors
from edge.tokens import prepare
from edge.uvicorn_parts import Config, HttpToolsProtocol, UvicornServer

_PREPARE_AFTER: Final = 0.1
"""Seconds; a request with a token imports what verifies it if it comes sooner."""


def create_rest_app(settings: Settings, database: Database) -> ASGIApp:
    """Return the app that serves the settings' database at its root."""
    origins = settings.values.get("server_cors_allowed_origins", "").split(",")
    listed = [origin.strip() for origin in origins if origin.strip()]
    return Cors(RestApp(settings.dsn, keys=settings.keys(), database=database), listed)


async def run_server(app: ASGIApp, listener: socket.socket) -> None:
    """Listen and serve until a signal."""
    config = Config(
        app,
        http=HttpToolsProtocol,
        ws="none",
        interface="asgi3",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
    )
    await _Server(config).serve([listener])


class _Server(UvicornServer):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and import what verifies tokens later: who waits for us is answered first."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        loop.call_later(_PREPARE_AFTER, loop.run_in_executor, None, prepare)
