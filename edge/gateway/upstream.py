"""Requests for functions of another runtime: forwarded to it, or refused with what to do.

A project's TypeScript functions are served by `supabase functions serve`, or by the hosted project.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from edge.gateway.passing import (
    NOT_FORWARDED,
    ClientGoneError,
    body_of,
    return_response,
    target_of,
)

if TYPE_CHECKING:
    import httpx

_FIRST_BYTE_SECONDS: Final = 150.0
_CONNECT_SECONDS: Final = 10.0
_NOT_FORWARDED: Final = NOT_FORWARDED | {b"host", b"sb-api-key"}


@dataclass(slots=True)
class Upstream:
    """ASGI app for /<slug>…: `app` serves its own `slugs`, the server at `url` the others.

    Without `url`, a request for one of `foreign` is told so; all others are the app's to answer.
    """

    app: ASGIApp
    slugs: Callable[[], Collection[str]]
    foreign: Callable[[], Mapping[str, object]]
    url: str | None = None
    _client: "httpx.AsyncClient | None" = field(default=None, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        slug = scope["raw_path"].decode("latin-1").removeprefix("/").partition("/")[0]
        if slug in self.slugs():
            await self.app(scope, receive, send)
        elif self.url:
            await self._forward(self.url, scope, receive, send)
        elif slug in self.foreign():
            await _refuse(send, 404, "NOT_FOUND", f"{slug} is a TypeScript function. {_CURE}")
        else:
            await self.app(scope, receive, send)

    async def close(self) -> None:
        if self._client:
            await self._client.aclose()

    async def _forward(self, url: str, scope: Scope, receive: Receive, send: Send) -> None:
        import httpx  # imported late: only --upstream needs it

        if self._client is None:
            timeout = httpx.Timeout(_FIRST_BYTE_SECONDS, connect=_CONNECT_SECONDS)
            self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False)
        headers = [header for header in scope["headers"] if header[0] not in _NOT_FORWARDED]
        request = self._client.build_request(
            scope["method"],
            target_of(scope, f"{url}/functions/v1"),
            headers=headers,
            content=body_of(scope, receive),
        )
        try:
            response = await self._client.send(request, stream=True)
        except ClientGoneError:
            return
        except httpx.HTTPError as exc:
            message = f"{url} cannot be reached: {exc or type(exc).__name__}"
            await _refuse(send, 502, "BAD_GATEWAY", message)
            return
        await return_response(response, send)


_CURE: Final = (
    "Serve it with `supabase functions serve`, or use the hosted one: edge start --upstream URL"
)


async def _refuse(send: Send, status: int, code: str, message: str) -> None:
    body = json.dumps({"code": code, "message": message}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"access-control-allow-origin", b"*"),
        (b"sb-error-code", code.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
