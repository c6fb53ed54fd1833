"""The data API as a server of its own: any database, settings from PostgREST's variables.

It listens once the schema cache is loaded. While Postgres starts a session and reads its catalogue,
what serves requests is imported.
"""

import asyncio
import gc
import importlib
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from edge.emulator.rest.environment import ROLE_SETTINGS, Settings
from edge.errors import EdgeError
from edge.project.environment import environ_or_default

if TYPE_CHECKING:
    from edge.emulator.rest.pool import Connection

_DEFAULT_PORT: Final = "3000"
_DEFAULT_HOST: Final = "127.0.0.1"
_SWITCH_SECONDS: Final = 0.0002
"""How long the event loop waits for a thread that imports: by default 5 ms, each time it reads."""


def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Serve until interrupted; raises EdgeError for settings that cannot be."""
    settings = Settings.from_environment(environ_or_default(environ))
    if not settings.dsn:
        raise EdgeError(
            "No database is named.", cure="export PGRST_DB_URI=postgresql://user@host/database"
        )
    settings = settings.with_address(host, port, _DEFAULT_HOST)
    sys.setswitchinterval(_SWITCH_SECONDS)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(settings, host, port))


async def _serve(settings: Settings, host: str | None, port: int | None) -> None:
    from edge.emulator.rest.database import Database

    importing = asyncio.create_task(asyncio.to_thread(importlib.import_module, "edge.rest_app"))
    connection = await connect(settings.dsn) if settings.reads_role_settings else None
    if connection:
        settings = await read_role_settings(settings, connection)
    base = settings.without_role_settings().config()
    database = Database(settings.dsn, settings.config(), base)
    address = host or settings.values.get("server_host") or _DEFAULT_HOST
    with _bind(address, _choose_port(settings, port)) as listener:
        opening = asyncio.create_task(database.open(connection))
        server = await importing
        app = server.create_rest_app(settings, database)
        await opening
        gc.freeze()
        gc.enable()
        listener.listen()  # whoever reads the address may use it
        print(f"REST    http://{address}:{listener.getsockname()[1]}", flush=True)  # noqa: T201
        try:
            await server.run_server(app, listener)
        finally:
            await database.close()


async def connect(dsn: str) -> "Connection":
    """Open the connection that reads the settings and the schema; raises EdgeError."""
    from edge.emulator.rest.errors import RestError
    from edge.emulator.rest.pool import open_connection

    try:
        return await open_connection(dsn)
    except RestError as exc:
        raise EdgeError(
            f"The database cannot be reached: {exc.details}", cure="Check PGRST_DB_URI"
        ) from exc


async def read_role_settings(settings: Settings, connection: "Connection") -> Settings:
    """Return the settings with those that the login role has in the database."""
    rows = await (await connection.execute(ROLE_SETTINGS)).fetchall()
    return settings.with_role_settings({row["name"]: row["value"] for row in rows})


def _choose_port(settings: Settings, port: int | None) -> int:
    given = settings.values.get("server_port", _DEFAULT_PORT)
    if port is None and not (given.isascii() and given.isdecimal() and int(given) < 65536):
        raise EdgeError(
            f"PGRST_SERVER_PORT is {given!r}, which is no port.",
            cure="export PGRST_SERVER_PORT=3000",
        )
    return int(given) if port is None else port


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as exc:
        listener.close()
        raise EdgeError(
            f"Port {port} cannot be listened on: {exc.strerror}.",
            cure="Choose another: edge rest --port N",
        ) from exc
    return listener
