"""Sends requests to the stack's own gateway, as anybody; they are recorded under a known id."""

import base64
import binascii
import json
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

import httpx

from edge.console_api.context import ConsoleContext
from edge.console_api.errors import ApiError, invalid
from edge.console_api.users import mint_token
from edge.recording.recorder import MARK_HEADER, Mark
from edge.tokens import mint

Pair = tuple[str, str]

_TIMEOUT: Final = httpx.Timeout(30.0, read=600.0)
_NOT_SENT: Final = frozenset(
    (
        *("host", "connection", "content-length", "transfer-encoding", "keep-alive", "upgrade"),
        *("authorization", "apikey", "sb-api-key", "cookie", "expect", "te", "trailer"),
        *("accept-encoding", "sb-request-id", "sb-parent-request-id", "origin"),
    )
)
_KEYS: Final = ("authorization", "apikey")
_NAMED: Final = ("anon", "service_role", "none")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request to the gateway; `keys` are the headers that say who calls."""

    method: str
    path: str
    keys: list[Pair]
    headers: list[Pair] = field(default_factory=list[Pair])
    body: bytes = b""


async def keys_for(context: ConsoleContext, who: Any, recorded: Mapping[str, Any]) -> list[Pair]:
    """Return the headers of a caller: a name, {"sub"} of a user, or the `same` as recorded.

    Raises ApiError if there is no such user.
    """
    if isinstance(who, dict):
        sub = cast("dict[str, Any]", who).get("sub")
        token = (await mint_token(context, str(sub)))["access_token"]
        return _user_headers(context, token)
    if who in _NAMED:
        return _role_headers(context, who)
    if who != "same":
        raise invalid(
            f"as is {str(who)[:60]!r}.", 'Use same, anon, service_role, none or {"sub": id}.'
        )
    claims = dict(recorded.get("claims") or {})
    role = recorded.get("role")
    if claims.get("sub") and role:
        claims.pop("role", None)
        return _user_headers(context, mint(context.settings.jwt_secret, role, **claims))
    return _role_headers(context, role if role in _NAMED else "none")


def _role_headers(context: ConsoleContext, role: str) -> list[Pair]:
    settings = context.settings
    keys = {"anon": settings.anon_key, "service_role": settings.service_role_key}
    if role not in keys:
        return []
    return [("apikey", keys[role]), ("authorization", f"Bearer {keys[role]}")]


def _user_headers(context: ConsoleContext, token: str) -> list[Pair]:
    return [("apikey", context.settings.anon_key), ("authorization", f"Bearer {token}")]


def sendable(headers: Iterable[Pair]) -> list[Pair]:
    """Return the headers that a request may have anew."""
    return [
        (name, value)
        for name, value in headers
        if name.lower() not in _NOT_SENT and not name.lower().startswith("x-forwarded-")
    ]


def read_headers(given: Any) -> list[Pair]:
    """Return headers given as an object or as pairs. Raises ApiError for anything else."""
    pairs: Any = list(cast("dict[str, Any]", given).items()) if isinstance(given, dict) else given
    if not isinstance(pairs, list):
        raise invalid("headers is no object.", 'Send {"name": "value"}.')
    found: list[Pair] = []
    for pair in cast("list[Any]", pairs):
        if not (isinstance(pair, (list, tuple)) and len(cast("list[Any]", pair)) == 2):
            raise invalid("headers has an entry that is no pair of texts.")
        name, value = map(str, cast("list[Any]", pair))
        if not name or any(c in name + value for c in "\r\n\0") or not name.isascii():
            raise invalid(f"{name[:60]!r} is no header.")
        found.append((name, value))
    return found


def read_content(body: Any) -> bytes:
    """Return a body given as text, as {"base64": …}, or as a JSON value."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8", "replace")
    given = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    if list(given) == ["base64"]:
        try:
            return base64.b64decode(str(given["base64"]), validate=True)
        except (ValueError, binascii.Error) as exc:
            raise invalid("body.base64 is no base64.") from exc
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


@asynccontextmanager
async def send(
    context: ConsoleContext, outgoing: Outgoing, mark: tuple[str, Mark] | None
) -> AsyncGenerator[httpx.Response]:
    """Send it; yields the response, whose body has yet to be read. Raises ApiError."""
    own = [(n, v) for n, v in outgoing.headers if n.lower() in _KEYS]
    named = {name.lower() for name, _ in own}
    keys = [(name, value) for name, value in outgoing.keys if name not in named]
    headers = [*sendable(outgoing.headers), *own, *keys]
    if mark:
        headers.append((MARK_HEADER.decode(), mark[0]))
    url = f"http://127.0.0.1:{context.settings.port}{outgoing.path}"
    encoded = [(n.encode("latin-1", "replace"), v.encode("utf-8")) for n, v in headers]
    async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
        content = outgoing.body or None
        request = client.build_request(outgoing.method, url, headers=encoded, content=content)
        try:
            response = await client.send(request, stream=True)
        except httpx.HTTPError as exc:
            raise ApiError(
                502, "GATEWAY_UNREACHABLE", f"The request failed: {exc or type(exc).__name__}."
            ) from exc
        try:
            yield response
        except httpx.HTTPError as exc:
            raise ApiError(
                502, "ANSWER_INCOMPLETE", f"The answer broke off: {exc or type(exc).__name__}."
            ) from exc
        finally:
            await response.aclose()
