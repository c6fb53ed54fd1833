"""Bodies of uploads: bounded each, and together by what their temporary files may take."""

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from backend.chat.routes.respond import RefusedError


@dataclass(slots=True)
class Room:
    """Bytes that uploads may take on the disk together, and those of one caller."""

    most: int
    most_each: int
    _taken: Counter[str] = field(default_factory=Counter[str], init=False)

    @property
    def taken(self) -> int:
        """Bytes that all uploads take now."""
        return self._taken.total()

    def take(self, caller: str, count: int) -> None:
        """Raise RefusedError if that is more than there is for the caller, or for all."""
        if self._taken[caller] + count > self.most_each:
            raise RefusedError(503, "You upload other large files now: send this one after them.")
        if self.taken + count > self.most:
            raise RefusedError(503, "Others upload large files now: try again in a minute.")
        self._taken[caller] += count

    def give_back(self, caller: str, count: int) -> None:
        """Free bytes that the caller has taken."""
        self._taken[caller] -= count
        if not self._taken[caller]:
            del self._taken[caller]


_ROOM: Final = Room(2 << 30, 512 << 20)


@asynccontextmanager
async def receive(
    request: Request, most: int, owner: str | None, room: Room = _ROOM
) -> AsyncGenerator[AsyncGenerator[bytes]]:
    """Yield the body's parts; its room is free again at the end of the block.

    A caller without an owner is known by its address. Raises RefusedError beyond `most` bytes, or
    while there is no room.
    """
    caller = owner or (request.client.host if request.client else "")
    total = 0

    async def parts() -> AsyncGenerator[bytes]:
        nonlocal total
        async for part in request.stream():
            if total + len(part) > most:
                raise RefusedError(413, f"The file is larger than {most >> 20} MB.")
            room.take(caller, len(part))
            total += len(part)
            yield part

    try:
        yield parts()
    finally:
        room.give_back(caller, total)
