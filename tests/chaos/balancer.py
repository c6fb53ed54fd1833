"""A plain TCP balancer: each connection goes to the next backend that takes it."""

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import uvloop

_CHUNK: Final = 1 << 16
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True)
class Balancer:
    """Knows its backends by port, and nothing of what passes."""

    backends: list[int]
    turn: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until both sides have closed it."""
        backend = await self._connect()
        if backend is None:
            writer.close()
            return
        await asyncio.gather(pump(reader, backend[1]), pump(backend[0], writer))

    async def _connect(self) -> Streams | None:
        first, self.turn = self.turn, (self.turn + 1) % len(self.backends)
        for port in (*self.backends[first:], *self.backends[:first]):
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


async def main() -> None:
    """Listen on the first port, pass on to the others."""
    port, *backends = map(int, sys.argv[1:])
    server = await asyncio.start_server(Balancer(backends).serve, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
