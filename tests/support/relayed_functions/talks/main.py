"""Answers each message of a WebSocket, and closes it on request."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect


async def main(_request: Request) -> Response:
    return PlainTextResponse("Talk to me by WebSocket.", 426)


async def websocket(socket: WebSocket) -> None:
    wanted = socket.headers.get("sec-websocket-protocol", "")
    await socket.accept(subprotocol=wanted.split(",")[-1].strip() or None)
    await socket.send_json({"query": str(socket.query_params), "path": socket.url.path})
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if (text := message.get("text")) == "bye":
                await socket.close(4001, "you said so")
                return
            if text is not None:
                await socket.send_text(f"{text}!")
            else:
                await socket.send_bytes(message["bytes"][::-1])
    except WebSocketDisconnect:
        return
