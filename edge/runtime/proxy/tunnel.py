"""WebSocket upgrades: checked like a request, then bytes both ways until either side closes.

uvicorn hands an upgrade over as the raw request; it goes to the worker almost as it came, and the
worker's own server answers it.
"""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast
from urllib.parse import unquote

from starlette.types import Scope

from edge.runtime.errors import WORKER_ERROR, Refusal, WorkerError, idle_timeout
from edge.runtime.pool.pool import Pool
from edge.runtime.pool.process import Process
from edge.runtime.proxy.upload import Header

Admit = Callable[[Scope], tuple[Pool, Scope]]
"""Checks an upgrade request; the pool that serves it, and the request as a worker gets it."""

_FRAMING: Final = (b"content-length", b"transfer-encoding")
_HIGH_WATER: Final = 256 * 1024


def parse_upgrade(data: bytes) -> Scope:
    """Return the scope of the request that uvicorn writes out again for an upgrade.

    ValueError for one with a body: it would not follow, as an upgrade has none.
    """
    head, _, _ = data.partition(b"\r\n\r\n")
    request_line, *lines = head.split(b"\r\n")
    method, target, _ = request_line.split(b" ", 2)
    raw_path, _, query = target.partition(b"?")
    headers = [_parse_header(line) for line in lines if line]
    if method != b"GET" or any(name in _FRAMING and value != b"0" for name, value in headers):
        raise ValueError("an upgrade with a body")
    return {
        "type": "http",
        "method": method.decode("latin-1"),
        "raw_path": raw_path,
        "path": unquote(raw_path.decode("latin-1")),
        "query_string": query,
        "headers": headers,
    }


def _parse_header(line: bytes) -> Header:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()


def render_upgrade(scope: Scope) -> bytes:
    """Return the request as bytes, its connection headers included."""
    target: bytes = scope["raw_path"]
    if scope["query_string"]:
        target += b"?" + scope["query_string"]
    lines = [b"%b %b HTTP/1.1" % (scope["method"].encode(), target)]
    lines += [b"%b: %b" % header for header in scope["headers"]]
    return b"\r\n".join(lines) + b"\r\n\r\n"


@dataclass(slots=True)
class Pipe(asyncio.Protocol):
    """One end of a tunnel: what arrives here leaves at the other end, no faster than it can."""

    transport: asyncio.Transport | None = None
    other: "Pipe | None" = None
    on_close: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(_HIGH_WATER)

    def data_received(self, data: bytes) -> None:
        if self.other and self.other.transport:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other and self.other.transport:
            self.other.transport.close()
        if self.on_close:
            self.on_close()


class Tunnel(asyncio.Protocol):
    """What uvicorn switches to for an upgrade; `tunnel_factory` makes the class it wants."""

    admit: Admit

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        self._pipe = Pipe()
        self._opening: asyncio.Task[None] | None = None
        self._early = bytearray()
        self._is_joining = False
        self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._pipe.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open(data))
        elif self._pipe.other:
            self._pipe.data_received(data)
        else:
            self._early += data
            if len(self._early) > _HIGH_WATER and self._pipe.transport:
                self._pipe.transport.pause_reading()

    def pause_writing(self) -> None:
        self._pipe.pause_writing()

    def resume_writing(self) -> None:
        self._pipe.resume_writing()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        if self._opening and not self._is_joining:
            self._opening.cancel()
        self._pipe.connection_lost(exc)

    def shutdown(self) -> None:
        """uvicorn asks its connections to end."""
        if self._pipe.transport:
            self._pipe.transport.close()

    async def _open(self, data: bytes) -> None:
        patience: float | None = None
        try:
            pool, request = self.admit({**parse_upgrade(data), "client": self._client()})
            patience = pool.limits.first_byte
            async with asyncio.timeout(patience):
                process = await pool.acquire(socket=True)
        except WorkerError as exc:
            self._refuse(exc.refusal)
            return
        except TimeoutError:
            self._refuse(idle_timeout(patience))
            return
        except ValueError:
            self._refuse(Refusal(400, "BAD_REQUEST", "Malformed upgrade request"))
            return
        await self._join(process, render_upgrade(request))

    def _client(self) -> tuple[str, int] | None:
        """Return the address of the other end."""
        transport = self._pipe.transport
        address = transport.get_extra_info("peername") if transport else None
        return (str(address[0]), int(address[1])) if address else None

    async def _join(self, process: Process, request: bytes) -> None:
        worker = Pipe(other=self._pipe, on_close=partial(process.leave, socket=True))
        loop = asyncio.get_running_loop()
        self._is_joining = True  # from here on `on_close` alone says that the request is over
        try:
            await loop.create_unix_connection(lambda: worker, str(process.address))
        except OSError:
            process.leave(socket=True)
            self._refuse(WORKER_ERROR)
            return
        assert worker.transport is not None
        if self._is_lost or self._pipe.transport is None:
            worker.transport.close()
            return
        self._pipe.other = worker
        worker.transport.write(request + bytes(self._early))
        self._early.clear()
        self._pipe.transport.resume_reading()

    def _refuse(self, refusal: Refusal) -> None:
        transport = self._pipe.transport
        if transport is None:
            return
        body = refusal.body()
        request_id = (b"sb-request-id", str(uuid.uuid4()).encode())
        length = (b"content-length", str(len(body)).encode())
        headers = [*refusal.headers(), request_id, length, (b"connection", b"close")]
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        transport.write(b"HTTP/1.1 %d Refused\r\n%b\r\n%b" % (refusal.status, head, body))
        transport.close()


def tunnel_factory(admit: Admit) -> type[Tunnel]:
    """Return a protocol class for uvicorn's `ws` setting."""
    return type("BoundTunnel", (Tunnel,), {"admit": staticmethod(admit)})
