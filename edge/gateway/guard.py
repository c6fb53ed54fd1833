"""Guards what shows or changes the stack itself: pages, controls, request logs, numbers.

A browser on this machine reaches loopback from any web page. So the Host must name this machine (a
rebound DNS name does not), the Origin must be a page of this machine, and whatever is more than a
static page asks for the secret key.
"""

import ipaddress
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from edge.tokens import Keys, TokenError, verify

Header = tuple[bytes, bytes]

_LOCAL_NAMES: Final = frozenset(("localhost", "host.docker.internal"))
_LOCAL_SUFFIX: Final = ".localhost"
_SECRET_ROLE: Final = "service_role"  # noqa: S105
_FOREIGN_HOST: Final = (
    403,
    "HOST_NOT_ALLOWED",
    "This is answered only under a name of this machine: use localhost or its IP address.",
)
_FOREIGN_ORIGIN: Final = (
    403,
    "ORIGIN_NOT_ALLOWED",
    "This is not answered to pages of other sites.",
)
_NO_KEY: Final = (
    401,
    "SECRET_KEY_REQUIRED",
    "Send the secret key as the header `apikey` or as `Authorization: Bearer …`: "
    "`edge status` prints it as SECRET_KEY.",
)


def _always(path: str) -> bool:
    del path
    return True


def is_control(path: str) -> bool:
    """Whether the path of an emulated provider is not the provider's: `/_faults`, `/x/_control`."""
    return any(part.startswith("_") for part in path.split("/"))


@dataclass(frozen=True, slots=True)
class Secret:
    """The project's service_role token, and the keys of those that it has signed."""

    token: str
    keys: Keys

    def is_in(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return False
        if compare_digest(token.encode("latin-1", "replace"), self.token.encode()):
            return True
        try:
            return verify(token.strip(), self.keys).get("role") == _SECRET_ROLE
        except TokenError:
            return False


@dataclass(frozen=True, slots=True)
class Guard:
    """Passes requests on to `app`; those whose path `applies` are checked first.

    With `secret` they need the secret key, as the gateway puts it into Authorization. `hosts` are
    names of this machine beside localhost and its addresses.
    """

    app: ASGIApp
    secret: Secret | None = None
    applies: Callable[[str], bool] = _always
    hosts: frozenset[str] = field(default_factory=frozenset[str])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self.check(scope["headers"]) if self.applies(scope["path"]) else None
        if refusal is None:
            await self.app(scope, receive, send)
            return
        status, code, message = refusal
        body = json.dumps({"code": code, "message": message}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def check(self, headers: Iterable[Header]) -> tuple[int, str, str] | None:
        values = {name: value.decode("latin-1") for name, value in headers}
        host = _hostname(values.get(b"host", ""))
        origin = values.get(b"origin")
        if not (self._is_name_of_ours(host) or _address(host)):
            return _FOREIGN_HOST
        if origin is not None and not self._is_own_origin(origin, host):
            return _FOREIGN_ORIGIN
        if self.secret and not self.secret.is_in(values.get(b"authorization", "")):
            return _NO_KEY
        return None

    def _is_own_origin(self, origin: str, host: str) -> bool:
        scheme, _, authority = origin.partition("://")
        name = _hostname(authority)
        if scheme not in {"http", "https"} or not name:
            return False
        address = _address(name)
        is_loopback = address is not None and address.is_loopback
        return name == host or is_loopback or self._is_name_of_ours(name)

    def _is_name_of_ours(self, name: str) -> bool:
        return name in _LOCAL_NAMES or name.endswith(_LOCAL_SUFFIX) or name in self.hosts


def _hostname(authority: str) -> str:
    try:
        return (urlsplit(f"//{authority}").hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
