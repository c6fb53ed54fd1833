"""A request passed on to another HTTP server: its body and the answer as streams."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    import httpx

NOT_FORWARDED: Final = frozenset(
    (b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"te", b"expect")
)
"""Headers of one connection; httpx adds its own."""
_NOT_RETURNED: Final = frozenset((b"connection", b"keep-alive", b"transfer-encoding", b"date"))
"""The gateway's server adds its own date."""


class ClientGoneError(Exception):
    """The client went away before its request was complete."""


def target_of(scope: Scope, prefix: str) -> str:
    """Return the path below `prefix` with the query, as they arrived."""
    query = scope["query_string"].decode("latin-1")
    return prefix + scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")


def body_of(scope: Scope, receive: Receive) -> AsyncIterator[bytes] | None:
    """Return the body, which raises ClientGoneError if it breaks off; None without one."""
    framing = (b"content-length", b"transfer-encoding")
    return _read(receive) if any(name in framing for name, _ in scope["headers"]) else None


async def _read(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGoneError
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def return_response(response: "httpx.Response", send: Send) -> None:
    """Send the answer on as it arrives, and close it."""
    try:
        kept = [h for h in response.headers.raw if h[0].lower() not in _NOT_RETURNED]
        start = {"type": "http.response.start", "status": response.status_code, "headers": kept}
        await send(start)
        async for chunk in response.aiter_raw():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        await response.aclose()
