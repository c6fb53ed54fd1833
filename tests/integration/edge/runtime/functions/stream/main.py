"""Sends a piece, then one more for each piece of the request as it arrives."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Duplex(Response):
    """Reads the request while it answers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        piece, more = b"ready\n", True
        while more:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            message = await receive()
            piece, more = (
                b"got " + message.get("body", b"") + b"\n",
                message.get("more_body", False),
            )
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def main(request: Request) -> Response:
    return Duplex()
