"""The project's WebSockets through the instance: the upgrade, then bytes both ways."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx

from edge.gateway.upgrades import Factory, UpgradeRouter, choose_upgrades
from edge.production.front.app import HOP_BY_HOP
from edge.production.front.failure import BUSY, UNREACHABLE, Failure
from edge.production.front.paths import (
    MARK,
    SOCKETS,
    Slugs,
    is_foreign_function,
    is_marked,
    is_of_service,
)
from edge.runtime.proxy.forwarded import forwarded_headers
from edge.runtime.proxy.upgrade import Pipe, UpgradedConnection, parse_upgrade, render_upgrade

MAX_SOCKETS: Final = 10_000
_CONNECT_SECONDS: Final = 10.0
_BAD_REQUEST: Final = Failure(400, "BAD_REQUEST", "Malformed upgrade request")
_NOT_FOUND: Final = Failure(404, "NOT_FOUND", "Requested function was not found")
# The handshake's own: they make it an upgrade.
_DROPPED: Final = (HOP_BY_HOP - {b"connection", b"upgrade"}) | {b"host"}


@dataclass(slots=True)
class FrontSockets:
    """Makes what takes over a client's upgrade; `trusted` are the proxies before us."""

    url: str
    trusted: str = ""
    max_sockets: int = MAX_SOCKETS
    open: int = field(default=0, init=False)
    tls: ssl.SSLContext | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.url.startswith("https:"):
            self.tls = httpx.create_ssl_context()

    def __call__(self) -> "FrontSocket":
        return FrontSocket(self)


class FrontSocket(UpgradedConnection):
    """A client's connection that asks for an upgrade."""

    def __init__(self, sockets: FrontSockets) -> None:
        super().__init__()
        self._sockets = sockets
        self.pipe.on_close = self._leave
        sockets.open += 1

    def _leave(self) -> None:
        self._sockets.open -= 1

    async def open_other(self, data: bytes) -> None:
        sockets, parts = self._sockets, urlsplit(self._sockets.url)
        if sockets.open > sockets.max_sockets:
            self._refuse(BUSY)
            return
        try:
            request = parse_upgrade(data)
        except ValueError:
            self._refuse(_BAD_REQUEST)
            return
        scope = {**request, "client": self.address, "scheme": "ws"}
        headers = forwarded_headers(scope, _DROPPED, sockets.trusted)
        if not is_of_service(request["raw_path"]):
            if is_marked(headers):
                self._refuse(_NOT_FOUND)
                return
            headers.append(MARK)
        scope["headers"] = [(b"host", parts.netloc.encode()), *headers]
        port = parts.port or (443 if sockets.tls else 80)
        project = Pipe()
        open_connection = asyncio.get_running_loop().create_connection

        async def connect() -> None:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await open_connection(lambda: project, parts.hostname or "", port, ssl=sockets.tls)

        try:
            await self.join(project, connect, render_upgrade(scope))
        except OSError:  # TimeoutError and ssl.SSLError as well
            self._refuse(UNREACHABLE)

    def _refuse(self, failure: Failure) -> None:
        headers = [header for header in failure.headers() if header[0] != b"content-length"]
        self.refuse(b"%d Refused" % failure.status, headers, failure.body())


def pass_upgrades_on(
    sockets: FrontSockets, slugs: Slugs | None, own: Callable[..., asyncio.Protocol]
) -> Callable[..., UpgradeRouter]:
    """Return what uvicorn's `ws` calls: `sockets` for what is the project's, else `own`."""

    def choose(path: str) -> Factory:
        is_of_realtime = path == SOCKETS or path.startswith(f"{SOCKETS}/")
        is_foreign = is_foreign_function(path.encode("latin-1"), slugs)
        return sockets if is_of_realtime or is_foreign else own

    return choose_upgrades(choose)
