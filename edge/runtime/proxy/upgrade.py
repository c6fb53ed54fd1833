"""WebSocket upgrades: the raw request, and a connection that becomes one end of a pipe.

uvicorn hands an upgrade over as the raw request; it goes to another server almost as it came,
which answers it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import unquote

from starlette.types import Scope

from edge.runtime.proxy.upload import Header

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


class UpgradedConnection(asyncio.Protocol):
    """A client's connection that asks for an upgrade: `open_other` joins it to another server."""

    def __init__(self) -> None:
        self.pipe = Pipe()
        self._opening: asyncio.Task[None] | None = None
        self._early = bytearray()
        self._is_joining = False
        self._is_lost = False

    async def open_other(self, data: bytes) -> None:
        """Check the raw request, then `join` or `refuse`."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.pipe.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._opening is None:
            self._opening = asyncio.ensure_future(self.open_other(data))
        elif self.pipe.other:
            self.pipe.data_received(data)
        else:
            self._early += data
            if len(self._early) > _HIGH_WATER and self.pipe.transport:
                self.pipe.transport.pause_reading()

    def pause_writing(self) -> None:
        self.pipe.pause_writing()

    def resume_writing(self) -> None:
        self.pipe.resume_writing()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        if self._opening and not self._is_joining:
            self._opening.cancel()
        self.pipe.connection_lost(exc)

    @property
    def address(self) -> tuple[str, int] | None:
        """The address of the client."""
        transport = self.pipe.transport
        found = transport.get_extra_info("peername") if transport else None
        return (str(found[0]), int(found[1])) if found else None

    async def join(
        self, other: Pipe, connect: Callable[[], Awaitable[object]], request: bytes
    ) -> None:
        """Send the request over `other`, which `connect` connects; raises what that raises.

        From here on the attempt is not cancelled: `other` is closed if the client has gone.
        """
        self._is_joining = True
        other.other = self.pipe
        await connect()
        assert other.transport is not None
        if self._is_lost or self.pipe.transport is None:
            other.transport.close()
            return
        self.pipe.other = other
        self.pipe.transport.resume_reading()  # first: what is written may be too much already
        other.transport.write(request + bytes(self._early))
        self._early.clear()

    def refuse(self, status: bytes, headers: Iterable[Header] = (), body: bytes = b"") -> None:
        """Answer with a status such as `403 Forbidden`, and close."""
        transport = self.pipe.transport
        if transport is None:
            return
        length = (b"content-length", str(len(body)).encode())
        lines = [*headers, length, (b"connection", b"close")]
        head = b"".join(b"%b: %b\r\n" % header for header in lines)
        transport.write(b"HTTP/1.1 %b\r\n%b\r\n%b" % (status, head, body))
        transport.close()
