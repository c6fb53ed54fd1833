"""WebSockets for functions: a module that has `async def websocket(socket)` gets the upgrades.

functions-framework knows plain requests only; this is what our worker adds to it.
"""

import asyncio
import inspect
import sys
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketState

_GOING_AWAY = 1001


def with_websocket(app: ASGIApp, idle_timeout: float = 150.0) -> ASGIApp:
    """Return the app, and beside it the function's own handler of WebSockets, if it has one.

    A socket without a message either way for `idle_timeout` seconds is closed with 1001.
    """
    handler = getattr(sys.modules.get("main"), "websocket", None)
    if not inspect.iscoroutinefunction(handler):
        return app

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            traffic = _Traffic(receive, send)
            socket = WebSocket(scope, traffic.receive, traffic.send)
            await traffic.close_when_idle(
                asyncio.ensure_future(handler(socket)), socket, idle_timeout
            )
        else:
            await app(scope, receive, send)

    return serve


@dataclass(slots=True)
class _Traffic:
    """Passes messages on, and notes when the last one went."""

    inward: Receive
    outward: Send
    last: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    async def receive(self) -> Message:
        message = await self.inward()
        self.last = asyncio.get_running_loop().time()
        return message

    async def send(self, message: Message) -> None:
        self.last = asyncio.get_running_loop().time()
        await self.outward(message)

    async def close_when_idle(
        self, handling: "asyncio.Future[None]", socket: WebSocket, seconds: float
    ) -> None:
        """Wait for the handler to end; cancel it when the socket has been silent for too long."""
        try:
            while not handling.done():
                left = self.last + seconds - asyncio.get_running_loop().time()
                if left <= 0:
                    handling.cancel()
                    await asyncio.wait({handling})
                    if socket.application_state is not WebSocketState.DISCONNECTED:
                        await socket.close(_GOING_AWAY, "idle")
                    return
                await asyncio.wait({handling}, timeout=left)
            await handling
        finally:
            handling.cancel()
