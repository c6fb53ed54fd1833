"""Guards before Engine.IO's transports, against what its server would wait at or parse for long."""

import asyncio
from typing import Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PATH: Final = "/socket.io/"
_PROBE_SECONDS: Final = 10.0
"""How long a client waits for an upgrade."""
_NO_PROBE: Final[Message] = {"type": "websocket.receive", "text": "6"}
"""Another packet than a probe ends an upgrade."""
_REFUSAL: Final = "JSONP is not served: use long polling with CORS, or WebSocket."


class Transports:
    """An application before Socket.IO's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its upgrade bounded; refuse JSONP, whose forms may be long."""
        is_ours = scope["type"] in {"http", "websocket"} and scope["path"].startswith(_PATH)
        if is_ours and scope["type"] == "websocket" and b"sid=" in scope["query_string"]:
            upgrade = _Upgrade(receive, send)
            await self._app(scope, upgrade.receive, upgrade.send)
        elif is_ours and scope["type"] == "http" and scope["method"] == "POST":
            await self._post(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = await _read_start(receive)
        if start["type"] == "http.disconnect":
            return
        if start["body"].startswith(b"d="):
            await PlainTextResponse(_REFUSAL, 400)(scope, receive, send)
            return
        waiting = [start]

        async def receive_all() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, receive_all, send)


class _Upgrade:
    """A WebSocket that polling upgrades to.

    One that ends before its probe or the answer to it, or sends none, would leave its session
    upgrading: polls of that client were answered with nothing until its ping failed.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._count = 0

    async def receive(self) -> Message:
        """Return the next event; instead of a missing probe, what ends the upgrade."""
        self._count += 1
        if self._count != 2:  # the first one connects, those after the second follow the probe
            return await self._receive()
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                event = await self._receive()
        except TimeoutError:
            return _NO_PROBE
        return event if event["type"] == "websocket.receive" else _NO_PROBE

    async def send(self, event: Message) -> None:
        """Send an event; that the probe's answer cannot be sent is told by the next `receive`."""
        try:
            await self._send(event)
        except OSError:
            if self._count > 2:
                raise


async def _read_start(receive: Receive) -> Message:
    """Return the body's first two bytes or more, or that the client has disconnected."""
    body = b""
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return event
        body += event.get("body", b"")
        if len(body) >= 2 or not event.get("more_body"):
            return {**event, "body": body}
