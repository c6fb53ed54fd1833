"""The console's WebSocket: checked like a request, then bytes both ways."""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final, cast

from edge.console_proxy.access import ConsoleAccess
from edge.console_proxy.process import ConsoleError, ConsoleProcess
from edge.runtime.proxy.tunnel import Pipe, parse_upgrade, render_upgrade

_HIGH_WATER: Final = 256 * 1024
_HIDDEN: Final = (b"cookie", b"authorization", b"apikey")


@dataclass(slots=True)
class ConsoleSocket(asyncio.Protocol):
    """One connection of a browser's, from the raw request of its upgrade on."""

    access: ConsoleAccess
    process: ConsoleProcess
    _pipe: Pipe = field(default_factory=Pipe)
    _opening: asyncio.Task[None] | None = None
    _early: bytearray = field(default_factory=bytearray)
    _use: ExitStack = field(default_factory=ExitStack)

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
        if self._opening:
            self._opening.cancel()
        self._pipe.connection_lost(exc)
        self._use.close()

    async def _open(self, data: bytes) -> None:
        transport = cast("asyncio.Transport", self._pipe.transport)
        try:
            request = parse_upgrade(data)
        except ValueError:
            _refuse(transport, b"400 Bad Request")
            return
        if refusal := self.access.check_upgrade(request["headers"]):
            _refuse(transport, refusal)
            return
        self._use.enter_context(self.process.using())
        kept = [header for header in request["headers"] if header[0] not in _HIDDEN]
        other = Pipe(other=self._pipe)
        try:
            address = await self.process.ensure()
            await asyncio.get_running_loop().create_unix_connection(lambda: other, str(address))
        except (ConsoleError, OSError):
            _refuse(transport, b"503 Service Unavailable")
            return
        assert other.transport is not None
        if transport.is_closing():
            other.transport.close()
            return
        self._pipe.other = other
        other.transport.write(render_upgrade({**request, "headers": kept}) + bytes(self._early))
        self._early.clear()
        transport.resume_reading()


def _refuse(transport: asyncio.Transport, status: bytes) -> None:
    transport.write(b"HTTP/1.1 %b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
    transport.close()
