"""An app that is made at its first request, since its imports take a while."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(slots=True)
class LazyApp:
    """An ASGI app that `create` returns; it is called once, in a thread."""

    create: Callable[[], ASGIApp]
    _app: ASGIApp | None = field(default=None, init=False)
    _creating: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            async with self._creating:
                self._app = self._app or await asyncio.to_thread(self.create)
        await self._app(scope, receive, send)
