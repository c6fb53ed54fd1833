"""Speaks WebSocket: echoes until it is told to stop."""

from starlette.requests import Request
from starlette.websockets import WebSocket, WebSocketDisconnect


async def main(_request: Request) -> str:
    return "plain"


async def websocket(socket: WebSocket) -> None:
    await socket.accept(subprotocol=next(iter(socket["subprotocols"]), None))
    await socket.send_text(socket.url.path)
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes") is not None:
                await socket.send_bytes(message["bytes"])
            else:
                await socket.send_text(message["text"])
    except WebSocketDisconnect:
        return
