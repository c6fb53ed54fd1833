"""Requests that leave in one piece: httpx over asyncio's own transports, for plain HTTP.

httpcore writes the head of a request and its body apart, so that the other side is woken twice for
what it needs whole, and passes each byte through anyio. Between processes of one machine that is a
third of a small request's cost.
"""
# ruff: noqa: ASYNC109 - httpcore gives its time limits as parameters

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any, Final, cast
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from shared.tls import trust_for

_MOST_UNREAD: Final = 1 << 20


class Connection(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One to a server; the first write after an answer waits for the second, or for the reader."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._is_over = False
        self._news = asyncio.Event()
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._held: bytes | None = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is none by name

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > _MOST_UNREAD:
            self._transport.pause_reading()
        self._news.set()

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Empty at the end; httpcore.ReadTimeout."""
        if self._held:
            self._transport.write(self._held)
        self._held = b""
        if not self._received and not self._is_over:
            self._news.clear()
            with _raising(httpcore.ReadTimeout):
                async with asyncio.timeout(timeout):
                    await self._news.wait()
        data = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if not self._is_over:
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """httpcore.WriteError when the server has gone, WriteTimeout when it does not read."""
        if self._is_over:
            raise httpcore.WriteError("The connection is closed.")
        if self._held == b"":
            self._held = bytes(buffer)
            return
        self._transport.write((self._held or b"") + buffer)
        self._held = None
        if not self._may_write.is_set():
            with _raising(httpcore.WriteTimeout):
                async with asyncio.timeout(timeout):
                    await self._may_write.wait()

    async def aclose(self) -> None:
        self._transport.close()

    def get_extra_info(self, info: str) -> Any:
        match info:
            case "is_readable":  # what httpcore asks of an idle connection: whether it was closed
                return self._is_over or bool(self._received)
            case "client_addr":
                return self._transport.get_extra_info("sockname")
            case "server_addr":
                return self._transport.get_extra_info("peername")
            case _:
                return self._transport.get_extra_info(info)

    def _end(self) -> None:
        self._is_over = True
        self._news.set()
        self._may_write.set()


class Backend(httpcore.AsyncNetworkBackend):
    """Connects over TCP, without TLS."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> Connection:
        """httpcore.ConnectTimeout, ConnectError."""
        connecting = asyncio.get_running_loop().create_connection(
            Connection, host, port, local_addr=(local_address, 0) if local_address else None
        )
        with _raising(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                transport, connection = await connecting
        for option in socket_options or ():
            transport.get_extra_info("socket").setsockopt(*option)
        return connection

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def one_piece_transport(url: str) -> httpx.AsyncHTTPTransport | None:
    """For an HTTP client of the server at `url`; None where httpx's own is needed."""
    host = httpx.URL(url).host
    if not url.startswith("http://") or ("http" in getproxies() and not proxy_bypass(host)):
        return None
    transport = httpx.AsyncHTTPTransport(verify=trust_for(url))
    # As httpx makes it, but for the backend, which it has no way to be given.
    transport._pool = httpcore.AsyncConnectionPool(  # pyright: ignore[reportPrivateUsage]
        max_connections=100,
        max_keepalive_connections=20,
        keepalive_expiry=5.0,
        network_backend=Backend(),
    )
    return transport


@contextlib.contextmanager
def _raising(late: type[Exception], failed: type[Exception] = httpcore.ReadError) -> Any:
    try:
        yield
    except TimeoutError as exc:
        raise late(str(exc)) from exc
    except OSError as exc:
        raise failed(str(exc)) from exc
