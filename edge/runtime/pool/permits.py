"""A number of permits of which one is held while something lasts."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class Permits:
    """`total` permits; 0 means that none is ever needed or given."""

    total: int
    _free: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.total)

    async def take(self) -> bool:
        """Take a permit if one is free at once."""
        return not self._free.locked() and await self._free.acquire()

    async def wait(self) -> bool:
        """Take a permit once one is free; False if there are none at all."""
        return self.total > 0 and await self._free.acquire()

    def give_back(self) -> None:
        """Let another have it."""
        self._free.release()
