"""A TCP balancer that asks its backends for their health: PORT BACKEND…, all on this machine.

A connection goes to the next healthy backend that takes it; if none is healthy, to any. GET
/_internal/health decides, twice a second: three failures in a row, or a refused connection, and a
backend is left out until it answers again.
"""

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import uvloop

from tests.chaos.balancer import Streams, pump

_INTERVAL: Final = 0.5
_PROBE_SECONDS: Final = 3.0
_FAILURES: Final = 3
_PROBE: Final = b"GET /_internal/health HTTP/1.1\r\nhost: balancer\r\nconnection: close\r\n\r\n"


@dataclass(slots=True)
class HealthyBalancer:
    """Knows its backends by port, and which of them are healthy."""

    backends: list[int]
    healthy: set[int] = field(default_factory=set[int])
    turn: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, until both sides have closed it."""
        backend = await self._connect()
        if backend is None:
            writer.close()
            return
        await asyncio.gather(pump(reader, backend[1]), pump(backend[0], writer))

    async def watch(self, port: int) -> None:
        """Ask a backend for its health, for ever."""
        failures = 0
        while True:
            is_healthy = False
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_PROBE_SECONDS):
                    is_healthy = b" 200 " in await _ask(port)
            failures = 0 if is_healthy else failures + 1
            if is_healthy:
                self.healthy.add(port)
            elif failures >= _FAILURES:
                self.healthy.discard(port)
            await asyncio.sleep(_INTERVAL)

    async def _connect(self) -> Streams | None:
        first, self.turn = self.turn, (self.turn + 1) % len(self.backends)
        for port in (*self.backends[first:], *self.backends[:first]):
            if port in self.healthy or not self.healthy:
                try:
                    return await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    self.healthy.discard(port)
        return None


async def _ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_PROBE)
        return await reader.readline()
    finally:
        writer.close()


async def main() -> None:
    """Listen on the first port, pass on to the others."""
    port, *backends = map(int, sys.argv[1:])
    balancer = HealthyBalancer(backends)
    server = await asyncio.start_server(balancer.serve, "127.0.0.1", port, backlog=1024)
    async with server, asyncio.TaskGroup() as tasks:
        for backend in backends:
            tasks.create_task(balancer.watch(backend))
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
