"""Answers with bytes that are no text, repeated headers and a length of its own."""

from starlette.requests import Request
from starlette.responses import Response


async def main(request: Request) -> Response:
    response = Response(bytes(range(256)) * 4096, media_type="application/octet-stream")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response
