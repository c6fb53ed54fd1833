"""Bodies of uploads: bounded each, and together by what their temporary files may take."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from backend.chat.routes.respond import RefusedError


@dataclass(slots=True)
class Room:
    """Bytes that uploads may take on the disk together."""

    most: int
    taken: int = field(default=0, init=False)

    def take(self, count: int) -> None:
        """Raise RefusedError if that is more than there is."""
        if self.taken + count > self.most:
            raise RefusedError(503, "Others upload large files now: try again in a minute.")
        self.taken += count

    def give_back(self, count: int) -> None:
        self.taken -= count


_ROOM: Final = Room(2 << 30)


@asynccontextmanager
async def receive(
    request: Request, most: int, room: Room = _ROOM
) -> AsyncGenerator[AsyncGenerator[bytes]]:
    """Yield the body's parts; its room is free again at the end of the block.

    Raises RefusedError beyond `most` bytes, or while there is no room.
    """
    total = 0

    async def parts() -> AsyncGenerator[bytes]:
        nonlocal total
        async for part in request.stream():
            if total + len(part) > most:
                raise RefusedError(413, f"The file is larger than {most >> 20} MB.")
            room.take(len(part))
            total += len(part)
            yield part

    try:
        yield parts()
    finally:
        room.give_back(total)
