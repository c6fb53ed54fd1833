"""WebSockets for functions: a module that has `async def websocket(socket)` gets the upgrades.

functions-framework knows plain requests only; this is what our worker adds to it.
"""

import inspect
import sys

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket


def with_websocket(app: ASGIApp) -> ASGIApp:
    """The app, and beside it the function's own handler of WebSockets, if it has one."""
    handler = getattr(sys.modules.get("main"), "websocket", None)
    if not inspect.iscoroutinefunction(handler):
        return app

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await handler(WebSocket(scope, receive, send))
        else:
            await app(scope, receive, send)

    return serve
