"""The auth service as a server of its own: settings from GoTrue's variables, mails at /mail."""

import asyncio
import gc
import logging
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo
from starlette.applications import Starlette
from starlette.routing import Mount

from edge.emulator.auth.app import create_auth_app, create_pool
from edge.emulator.auth.gotrue_environment import read_environment
from edge.emulator.auth.mail.app import create_mailbox_app
from edge.emulator.auth.mail.mailbox import Mailbox
from edge.emulator.auth.schemas import Params
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap, bootstrap_auth
from edge.errors import EdgeError
from edge.gateway.guard import Guard
from edge.project.environment import environ_or_default
from edge.uvicorn_parts import Config, UvicornServer

DEFAULT_DATA: Final = Path(".edge/auth")
_DEFAULT_PORT: Final = 9999
_DEFAULT_HOST: Final = "127.0.0.1"
_DATABASE: Final = ("GOTRUE_DB_DATABASE_URL", "DATABASE_URL")


@dataclass(frozen=True, slots=True)
class _Address:
    host: str
    port: int


_BACKLOG: Final = 128


def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    data: Path = DEFAULT_DATA,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Serve until interrupted; raises EdgeError for settings that cannot be."""
    variables = environ_or_default(environ)
    config = read_environment(variables)
    address = _read_address(variables, host, port)
    url = next((variables[name] for name in _DATABASE if variables.get(name)), None)
    mailbox = Mailbox()
    cluster = None if url else Cluster(data.resolve())
    try:
        dsn = _prepare(url) if url else _start(cluster)
        listener = _listen(address)
        pool = create_pool(dsn)
        app = create_auth_app(pool, config, mailbox)
        served = Starlette(
            routes=[
                Mount("/mail", Guard(create_mailbox_app(mailbox))),
                Mount("/auth/v1", app),
                Mount("/", app),
            ]
        )
        served_at = f"http://{address.host}:{listener.getsockname()[1]}"
        print(f"Auth    {served_at}\nMails   {served_at}/mail", flush=True)  # noqa: T201
        server = UvicornServer(Config(served, log_level="warning", access_log=False))
        Params.model_rebuild()  # imports what builds the bodies' models, each when it is used
        gc.freeze()
        gc.enable()
        with suppress(KeyboardInterrupt):
            asyncio.run(server.serve([listener]))
    finally:
        if cluster:
            cluster.stop()


def _read_address(variables: Mapping[str, str], host: str | None, port: int | None) -> _Address:
    given = variables.get("GOTRUE_API_PORT") or variables.get("PORT") or str(_DEFAULT_PORT)
    if port is None and not given.isdecimal():
        raise EdgeError(f"PORT is {given!r}, which is no port.", cure="export PORT=9999")
    return _Address(
        host or variables.get("GOTRUE_API_HOST") or _DEFAULT_HOST,
        int(given) if port is None else port,
    )


def _listen(address: _Address) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
        listener.listen(_BACKLOG)  # requests that come before it serves wait
    except OSError as exc:
        listener.close()
        raise EdgeError(
            f"Port {address.port} cannot be listened on: {exc.strerror}.",
            cure="Choose another: edge auth --port N",
        ) from exc
    return listener


def _start(cluster: Cluster | None) -> str:
    """Start the Postgres of its own and return its DSN."""
    assert cluster is not None
    logging.getLogger(__name__).debug("starting Postgres")
    cluster.start()
    bootstrap(cluster.dsn())
    return cluster.dsn(user="supabase_auth_admin")


def _prepare(url: str) -> str:
    """Return the DSN of a given database, in which schema auth is created if it is missing."""
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute("select to_regclass('auth.webauthn_credentials')").fetchone()
            dsn = make_conninfo(url)
        if row and row[0] is None:
            bootstrap_auth(dsn)
    except psycopg.OperationalError as exc:
        raise EdgeError(
            f"The database cannot be reached: {exc}", cure="Check DATABASE_URL"
        ) from exc
    except psycopg.Error as exc:
        raise EdgeError(
            f"Schema auth cannot be created: {exc}", cure="Let DATABASE_URL name a superuser once"
        ) from exc
    return dsn
