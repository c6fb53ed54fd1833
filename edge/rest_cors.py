"""CORS as PostgREST answers it: preflights are always 200, and every header may be asked for."""

from collections.abc import Iterable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_Headers = list[tuple[bytes, bytes]]
_METHODS: Final = "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"
_SIMPLE: Final = ("Accept", "Accept-Language", "Content-Language")
_EXPOSED: Final = (
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, "
    "Location, Server, Transfer-Encoding, Range-Unit"
)
_ALLOW_ORIGIN: Final = "access-control-allow-origin"
_MAX_AGE: Final = "86400"
_VARY: Final = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


class Cors:
    """Answers preflights, and marks the other answers; `origins` are those allowed, all if empty.

    With a list of origins, pages of these may send credentials.
    """

    def __init__(self, app: ASGIApp, origins: Iterable[str] = ()) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        origin = asked.get(b"origin")
        is_preflight = scope["method"] == "OPTIONS" and b"access-control-request-method" in asked
        if origin is not None and is_preflight:
            requested = asked.get(b"access-control-request-headers", "")
            headers = [*self._preflight(origin, requested), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*_without_origin(message, origin), *self._marks(origin)]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, send_marked)

    def _preflight(self, origin: str, requested: str) -> _Headers:
        allowed = self._allowed(origin)
        if not allowed:
            return []
        names = ["Authorization", *(n.strip() for n in requested.split(",") if n.strip()), *_SIMPLE]
        return [
            *allowed,
            *self._credentials(),
            *_encode("vary", _VARY),
            *_encode("access-control-allow-methods", _METHODS),
            *_encode("access-control-max-age", _MAX_AGE),
            *_encode("access-control-allow-headers", ", ".join(names)),
        ]

    def _marks(self, origin: str | None) -> _Headers:
        vary = _encode("vary", "Origin")
        if origin is None:
            return vary
        exposed = _encode("access-control-expose-headers", _EXPOSED)
        return [*self._allowed(origin), *self._credentials(), *exposed, *vary]

    def _allowed(self, origin: str) -> _Headers:
        if not self._origins:
            return _encode(_ALLOW_ORIGIN, "*")
        is_listed = origin in self._origins
        return _encode(_ALLOW_ORIGIN, origin) if is_listed else []

    def _credentials(self) -> _Headers:
        return _encode("access-control-allow-credentials", "true") if self._origins else []


def _without_origin(message: Message, origin: str | None) -> _Headers:
    """Return the answer's headers; browsers refuse two of the name that is added for an origin."""
    headers: _Headers = list(message.get("headers", ()))
    if origin is None:
        return headers
    return [each for each in headers if each[0].lower() != _ALLOW_ORIGIN.encode()]


def _encode(name: str, value: str) -> _Headers:
    return [(name.encode(), value.encode("latin-1"))]
