"""The data API as a server of its own: any database, settings from PostgREST's variables."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Mount

from edge.emulator.rest.app import RestApp
from edge.emulator.rest.environment import Settings
from edge.errors import EdgeError
from edge.project.environment import environ_or_default

_DEFAULT_PORT: Final = "3000"
_DEFAULT_HOST: Final = "127.0.0.1"
_SIMPLE: Final = ("Accept", "Accept-Language", "Content-Language")


def serve(*, host: str | None, port: int | None, environ: Mapping[str, str] | None = None) -> None:
    """Serve until interrupted; raises EdgeError for settings that cannot be."""
    settings = Settings.from_environment(environ_or_default(environ))
    if not settings.dsn:
        raise EdgeError(
            "No database is named.", cure="export PGRST_DB_URI=postgresql://user@host/database"
        )
    settings = settings.with_role_settings()
    app = create_rest_server(settings)
    address = host or settings.values.get("server_host") or _DEFAULT_HOST
    listener = _listen(address, _choose_port(settings, port))
    print(f"REST    http://{address}:{listener.getsockname()[1]}")  # noqa: T201
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    with suppress(KeyboardInterrupt):
        asyncio.run(server.serve([listener]))


def create_rest_server(settings: Settings) -> Starlette:
    """Return the app that serves the settings' database at its root."""
    base = settings.without_role_settings().config()
    rest = RestApp(settings.dsn, keys=settings.keys(), config=settings.config(), base=base)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        await rest.open()
        yield
        await rest.close()

    origins = settings.values.get("server_cors_allowed_origins", "").split(",")
    listed = [origin.strip() for origin in origins if origin.strip()]
    cors = Middleware(
        _Cors,
        allow_origins=listed or ["*"],
        allow_credentials=bool(listed),
        allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "HEAD"],
        allow_headers=["*"],
        expose_headers=[
            *("Content-Encoding", "Content-Location", "Content-Range", "Content-Type", "Date"),
            *("Location", "Server", "Transfer-Encoding", "Range-Unit"),
        ],
        max_age=86400,
    )
    return Starlette(routes=[Mount("/", rest)], middleware=[cors], lifespan=lifespan)


class _Cors(CORSMiddleware):
    """Preflights as PostgREST answers them: always 200, and every header that is asked for."""

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if "access-control-allow-origin" not in answer.headers:
            return Response()
        asked = request_headers.get("access-control-request-headers", "").split(",")
        allowed = ["Authorization", *(name.strip() for name in asked if name.strip()), *_SIMPLE]
        kept = {
            name: value
            for name, value in answer.headers.items()
            if name not in {"content-length", "content-type"}
        }
        return Response(headers={**kept, "access-control-allow-headers": ", ".join(allowed)})


def _choose_port(settings: Settings, port: int | None) -> int:
    given = settings.values.get("server_port", _DEFAULT_PORT)
    if port is None and not (given.isascii() and given.isdecimal() and int(given) < 65536):
        raise EdgeError(
            f"PGRST_SERVER_PORT is {given!r}, which is no port.",
            cure="export PGRST_SERVER_PORT=3000",
        )
    return int(given) if port is None else port


def _listen(host: str, port: int) -> socket.socket:
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
