"""ASGI application of the chat backend: HTTP routes, and Socket.IO at /socket.io/."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import socketio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from backend.chat.frame_json import FRAME_JSON
from backend.chat.namespace import ChatNamespace
from backend.chat.origins import LOCAL_PAGES, names_of
from backend.chat.routes.library import ROUTES as LIBRARY_ROUTES
from backend.chat.routes.sessions import ROUTES as SESSION_ROUTES
from backend.chat.services import Services, make_server, make_services
from backend.chat.settings import Settings
from backend.chat.transports import Transports

_ABOUT: Final = """\
The chat backend: Socket.IO in namespace /chat, and HTTP routes such as /session and /agent.
Its page is in the console, at {api_url}/console/chats: `edge start` prints the link.
"""
_log = logging.getLogger("chat")


def make_app(settings: Settings) -> ASGIApp:
    """Build the application; it opens its connections when the server starts."""
    server = make_server(settings)
    services = make_services(settings, server)
    namespace = ChatNamespace(services.store, services.emitter, services.runner, services.users)
    server.register_namespace(namespace)
    http = Starlette(
        routes=[
            Route("/healthz", check),
            Route("/metrics", measure),
            Route("/", describe),
            *SESSION_ROUTES,
            *LIBRARY_ROUTES,
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=names_of(settings)),
            Middleware(
                CORSMiddleware,
                allow_origins=list(settings.cors_origins),
                allow_origin_regex=LOCAL_PAGES,
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=["authorization", "content-type"],
            ),
        ],
        exception_handlers={Exception: _fail},
        lifespan=_lifespan,
    )
    http.state.services = services
    http.state.namespace = namespace
    return Transports(socketio.ASGIApp(server, http))


async def check(request: Request) -> Response:
    """Answer 200 while the database of sessions answers."""
    services: Services = request.app.state.services
    is_ready = await services.store.check()
    return PlainTextResponse("ok" if is_ready else "no database", 200 if is_ready else 503)


async def describe(request: Request) -> Response:
    """Answer what this is, and where its page is."""
    services: Services = request.app.state.services
    return PlainTextResponse(_ABOUT.format(api_url=services.settings.api_url))


async def measure(request: Request) -> Response:
    """Answer clients, runs, failed emits and refused frames in Prometheus's text format."""
    services: Services = request.app.state.services
    figures = {
        "chat_clients": len(services.server.eio.sockets),
        "chat_active_runs": services.runner.active,
        "chat_failed_emits_total": services.emitter.failures,
        "chat_unacknowledged_outputs_total": services.manager.unacknowledged,
        "chat_refused_frames_total": FRAME_JSON.refused,
    }
    return PlainTextResponse("".join(f"{name} {value}\n" for name, value in figures.items()))


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncGenerator[None]:
    services: Services = app.state.services
    await services.open()
    try:
        yield
    finally:
        await services.close()


async def _fail(_request: Request, error: Exception) -> Response:
    _log.error("A request failed.", exc_info=error)
    return JSONResponse({"message": "Something went wrong. Try again."}, 500)
