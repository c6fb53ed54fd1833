"""Realtime's WebSockets through the instance: the upgrade, then bytes both ways."""

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx

from edge.production.front.app import HOP_BY_HOP
from edge.production.front.failure import BUSY, UNREACHABLE, Failure
from edge.runtime.proxy.forwarded import forwarded_headers
from edge.runtime.proxy.tunnel import Pipe, parse_upgrade, render_upgrade

PREFIX: Final = "/realtime/v1"
MAX_SOCKETS: Final = 10_000
_CONNECT_SECONDS: Final = 10.0
_HIGH_WATER: Final = 256 * 1024
_BAD_REQUEST: Final = Failure(400, "BAD_REQUEST", "Malformed upgrade request")
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


class FrontSocket(asyncio.Protocol):
    """A client's connection that asks for an upgrade."""

    def __init__(self, sockets: FrontSockets) -> None:
        self._sockets = sockets
        self._client = Pipe(on_close=self._leave)
        self._early = bytearray()
        self._opening: asyncio.Task[None] | None = None
        self._is_lost = False
        sockets.open += 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._client.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open(data))
        elif self._client.other:
            self._client.data_received(data)
        else:
            self._early += data
            if len(self._early) > _HIGH_WATER and self._client.transport:
                self._client.transport.pause_reading()

    def pause_writing(self) -> None:
        self._client.pause_writing()

    def resume_writing(self) -> None:
        self._client.resume_writing()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        if self._opening:
            self._opening.cancel()
        self._client.connection_lost(exc)

    def _leave(self) -> None:
        self._sockets.open -= 1

    async def _open(self, data: bytes) -> None:
        sockets, parts = self._sockets, urlsplit(self._sockets.url)
        if sockets.open > sockets.max_sockets:
            self._refuse(BUSY)
            return
        try:
            scope = {**parse_upgrade(data), "client": self._address(), "scheme": "ws"}
        except ValueError:
            self._refuse(_BAD_REQUEST)
            return
        headers = forwarded_headers(scope, _DROPPED, sockets.trusted)
        scope["headers"] = [(b"host", parts.netloc.encode()), *headers]
        port = parts.port or (443 if sockets.tls else 80)
        project = Pipe(other=self._client)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await asyncio.get_running_loop().create_connection(
                    lambda: project, parts.hostname or "", port, ssl=sockets.tls
                )
        except OSError:  # TimeoutError and ssl.SSLError as well
            self._refuse(UNREACHABLE)
            return
        self._join(project, render_upgrade(scope))

    def _join(self, project: Pipe, request: bytes) -> None:
        assert project.transport is not None
        if self._is_lost or self._client.transport is None:
            project.transport.close()
            return
        self._client.other = project
        project.transport.write(request + bytes(self._early))
        self._early.clear()
        self._client.transport.resume_reading()

    def _address(self) -> tuple[str, int] | None:
        transport = self._client.transport
        address = transport.get_extra_info("peername") if transport else None
        return (str(address[0]), int(address[1])) if address else None

    def _refuse(self, failure: Failure) -> None:
        transport = self._client.transport
        if transport is None:
            return
        head = b"".join(b"%b: %b\r\n" % header for header in failure.headers())
        head = b"HTTP/1.1 %d Refused\r\n%bconnection: close\r\n\r\n" % (failure.status, head)
        transport.write(head + failure.body())
        transport.close()
