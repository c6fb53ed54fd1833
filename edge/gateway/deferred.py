"""Holds the requests of a service that is still starting, so that others are answered already."""

import asyncio
from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_UNAVAILABLE: Final = {"code": "SERVICE_UNAVAILABLE", "message": "The service did not start."}


class Deferred:
    """An ASGI app that passes each request on as soon as the service behind it has started.

    Requests wait as long as the start takes: `resolve` or `fail` follows in any case.
    """

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._settled = asyncio.Event()

    def resolve(self, app: ASGIApp) -> None:
        """Pass what waits, and all that comes, to `app`."""
        self._app = app
        self._settled.set()

    def fail(self) -> None:
        """Answer what waits, and all that comes, with 503; harmless after `resolve`."""
        self._settled.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._settled.wait()
        app = self._app or JSONResponse(_UNAVAILABLE, 503)
        await app(scope, receive, send)
