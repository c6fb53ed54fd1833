"""Long work on the event loop, in turns with everybody else's."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

_SECONDS: Final = 0.002


@dataclass(slots=True)
class Turn:
    """Work in many short steps, after each of which `share` is awaited."""

    _until: float = field(default_factory=lambda: time.monotonic() + _SECONDS, init=False)

    async def share(self) -> None:
        """Let others run, if the work has gone on for two milliseconds."""
        if time.monotonic() > self._until:
            await asyncio.sleep(0)
            self._until = time.monotonic() + _SECONDS
