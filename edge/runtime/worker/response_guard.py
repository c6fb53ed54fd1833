"""What a function's app answers, kept well-formed: nothing after its end, no body with a 204.

uvicorn closes the connection of an app that fails after its guard is complete. The parent may have
given that connection to the next request by then, which would be lost for another's mistake.
"""

import logging
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOG: Final = logging.getLogger(__name__)
_BODILESS: Final = (204, 304)


@dataclass(slots=True)
class ResponseGuard:
    """Passes messages on to the server."""

    forward: Send
    is_complete: bool = False
    _is_bodiless: bool = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._is_bodiless = message["status"] in _BODILESS
        if self._is_bodiless:
            message = _without_body(message)
        await self.forward(message)
        is_body = message["type"] == "http.response.body"
        self.is_complete = self.is_complete or (is_body and not message.get("more_body", False))


def _without_body(message: Message) -> Message:
    if message["type"] == "http.response.start":
        headers = [h for h in message.get("headers", ()) if h[0].lower() != b"content-length"]
        return {**message, "headers": headers}
    return {**message, "body": b""}


def guard_response(app: ASGIApp) -> ASGIApp:
    """Wrap the app; a failure after its response is complete is only logged."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        guard = ResponseGuard(send)
        try:
            await app(scope, receive, guard.send)
        except Exception:
            if not guard.is_complete:
                raise
            _LOG.exception("The function failed after its guard was complete")

    return serve
