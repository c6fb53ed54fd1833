"""An app that is made at its first request, since its imports take a while."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(slots=True)
class LazyApp:
    """An ASGI app that `create` returns; it is called once, in a thread.

    The lifespan of a Starlette app begins then, and ends with `exits`, if these are given.
    """

    create: Callable[[], ASGIApp]
    exits: AsyncExitStack | None = None
    _app: ASGIApp | None = field(default=None, init=False)
    _creating: asyncio.Task[ASGIApp] | None = field(default=None, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._app = await self._wait()
        await self._app(scope, receive, send)

    async def _wait(self) -> ASGIApp:
        """Return the app, which is made for all that wait: a request that ends does not end it."""
        creating = self._creating = self._creating or asyncio.create_task(self._create())
        try:
            return await asyncio.shield(creating)
        except Exception:
            self._creating = None  # the next request tries again
            raise

    async def _create(self) -> ASGIApp:
        app = await asyncio.to_thread(self.create)
        if self.exits and isinstance(app, Starlette):
            await self.exits.enter_async_context(app.router.lifespan_context(app))
        return app
