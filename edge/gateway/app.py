"""The gateway: routes by path prefix, exchanges `sb_…` keys for tokens, answers preflights.

Routes and key translation follow the Supabase CLI's local gateway (supabase/cli, kong.yml and
packages/stack ApiProxy): functions get the key's token in `sb-api-key`, beside the client's
Authorization; for the other services it replaces Authorization.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]
Error = tuple[int, dict[str, str]]

FUNCTIONS: Final = "/functions/v1"
_AUTH: Final = "/auth/v1"
_API_KEY: Final = b"apikey"
_TRANSLATED: Final = b"sb-api-key"
_DEFAULT_ALLOWED: Final = b"accept-profile,apikey,authorization,x-client-info"
_KEYED: Final = ("/rest/v1", "/auth/v1")
"""Services of JSON and CSV; providers have keys of their own."""
_INVALID_KEY: Final[Error] = (
    401,
    {
        "message": "Invalid API key",
        "hint": "Double check your Supabase `anon` or `service_role` API key.",
    },
)
_ENCODED: Final[Error] = (
    415,
    {
        "code": "EDGE_CONTENT_ENCODING",
        "message": "Compressed request bodies are not accepted: send it without Content-Encoding.",
    },
)
_METHODS: Final = b"GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT"


@dataclass(frozen=True, slots=True)
class Gateway:
    """ASGI app. `routes` maps path prefixes to apps, `tokens` maps `sb_…` keys to their tokens.

    `home` answers browsers at `/`. `others` are apps of the project by path: they are given what
    comes as it is, preflights as well.
    """

    routes: Mapping[str, ASGIApp]
    tokens: Mapping[str, str]
    home: ASGIApp | None = None
    others: Mapping[str, ASGIApp] = field(default_factory=dict[str, ASGIApp])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1011})
            return
        path: bytes = scope["raw_path"]
        if path in (b"/health", b"/_internal/health"):
            await _respond(send, 200, json.dumps({"message": "ok"}), b"application/json")
            return
        for prefix, app in self.routes.items():
            if _is_below(path, prefix):
                await self._dispatch(prefix, app, scope, receive, send)
                return
        for prefix, app in self.others.items():
            if _is_below(path, prefix):
                await app(scope, receive, send)
                return
        if self.home and path == b"/" and _accepts_html(scope):
            await self.home(scope, receive, send)
            return
        await _respond(send, 404, "Not Found", b"text/plain")

    def enter(self, scope: Scope) -> Scope | None:
        """The scope of an upgrade request as functions see it; None outside of /functions/v1."""
        path: bytes = scope["raw_path"]
        if not path.startswith(FUNCTIONS.encode() + b"/"):
            return None
        return _strip_prefix(scope, FUNCTIONS, beside_authorization(scope["headers"], self.tokens))

    async def _dispatch(
        self, prefix: str, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if prefix == FUNCTIONS:
            headers = beside_authorization(scope["headers"], self.tokens)
            await app(_strip_prefix(scope, prefix, headers), receive, send)
        elif _is_preflight(scope):
            await _answer_preflight(scope, send)
        elif prefix in _KEYED and (refusal := _refuse(scope["headers"], self.tokens)):
            status, body = refusal
            await _respond(_with_cors(send), status, json.dumps(body), b"application/json")
        else:
            received = scope["headers"]
            given = without_bare_key(received) if prefix == _AUTH else received
            headers = as_authorization(given, self.tokens)
            await app(_strip_prefix(scope, prefix, headers), receive, _with_cors(send))


def _is_below(path: bytes, prefix: str) -> bool:
    return path == prefix.encode() or path.startswith(prefix.encode() + b"/")


def _token_for(headers: list[Header], tokens: Mapping[str, str]) -> bytes | None:
    """The token for the `apikey` header, or its value if it is not an `sb_…` key."""
    api_key = next((value for name, value in headers if name == _API_KEY), None)
    if api_key is None:
        return None
    return tokens.get(api_key.decode("latin-1"), "").encode() or api_key


def _refuse(headers: list[Header], tokens: Mapping[str, str]) -> Error | None:
    """The error for an `sb_…` key that is none of ours, or for a body that is compressed."""
    for name, value in headers:
        key = value.removeprefix(b"Bearer ") if name == b"authorization" else value
        is_key = name in {_API_KEY, b"authorization"} and key.startswith(b"sb_")
        if is_key and key.decode("latin-1") not in tokens:
            return _INVALID_KEY
        if name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            return _ENCODED
    return None


def _has_own_token(headers: list[Header]) -> bool:
    return any(
        name == b"authorization" and not value.startswith(b"Bearer sb_") for name, value in headers
    )


def beside_authorization(headers: list[Header], tokens: Mapping[str, str]) -> list[Header]:
    """Headers for functions: Authorization unchanged, the key's token in `sb-api-key`."""
    kept = [header for header in headers if header[0] != _TRANSLATED]
    token = _token_for(kept, tokens)
    return [*kept, (_TRANSLATED, b"Bearer " + token)] if token else kept


def as_authorization(headers: list[Header], tokens: Mapping[str, str]) -> list[Header]:
    """Headers for the other services: the key's token, unless Authorization holds another."""
    if _has_own_token(headers):
        return headers
    token = _token_for(headers, tokens)
    if token is None:
        bearer = next((value for name, value in headers if name == b"authorization"), b"")
        token = tokens.get(bearer.removeprefix(b"Bearer ").decode("latin-1"), "").encode()
    kept = [header for header in headers if header[0] != b"authorization"]
    return [*kept, (b"authorization", b"Bearer " + token)] if token else kept


def without_bare_key(headers: list[Header]) -> list[Header]:
    """Headers for Auth, where a JWT in `apikey` alone is nobody's session, as on the platform."""
    names = {name for name, _ in headers}
    api_key = next((value for name, value in headers if name == _API_KEY), b"")
    if b"authorization" in names or api_key.startswith(b"sb_"):
        return headers
    return [header for header in headers if header[0] != _API_KEY]


def _strip_prefix(scope: Scope, prefix: str, headers: list[Header]) -> Scope:
    """The scope with the path relative to `prefix`, and these headers."""
    raw_path: bytes = scope["raw_path"][len(prefix) :] or b"/"
    path = unquote(raw_path.decode("latin-1"))
    return {**scope, "path": path, "raw_path": raw_path, "headers": headers}


def _accepts_html(scope: Scope) -> bool:
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return scope["method"] in {"GET", "HEAD"} and b"text/html" in accepted


def _with_cors(send: Send) -> Send:
    """Add Access-Control-Allow-Origin to responses without it."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: list[Header] = list(message.get("headers", ()))
            if all(name.lower() != b"access-control-allow-origin" for name, _ in headers):
                headers.append((b"access-control-allow-origin", b"*"))
            message = {**message, "headers": headers}
        await send(message)

    return sending


def _is_preflight(scope: Scope) -> bool:
    """Return whether a browser asks for permission; services answer other OPTIONS."""
    return scope["method"] == "OPTIONS" and any(
        name in (b"access-control-request-method", b"access-control-request-headers")
        for name, _ in scope["headers"]
    )


async def _answer_preflight(scope: Scope, send: Send) -> None:
    requested = next(
        (value for name, value in scope["headers"] if name == b"access-control-request-headers"),
        _DEFAULT_ALLOWED,
    )
    headers = [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", requested),
        (b"access-control-max-age", b"3600"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _respond(send: Send, status: int, text: str, content_type: bytes) -> None:
    body = text.encode()
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
