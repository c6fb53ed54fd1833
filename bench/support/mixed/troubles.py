"""Instances that are killed, a database that restarts, providers that fail: in random order."""

import asyncio
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from bench.support.mixed.site import Instance, Site

_PAUSE: Final = (8.0, 14.0)
_STORM_SECONDS: Final = 6.0
_DOWN_SECONDS: Final = (0.0, 4.0)
_STORMS: Final[tuple[dict[str, Any], ...]] = (
    {"kind": "status", "status": 429, "retry_after": 1},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "hang", "seconds": 3},
    {"kind": "cut"},
    {"kind": "malformed_json"},
)
_PROVIDERS: Final = ("openai", "anthropic", "retell", "replicate")


@dataclass(slots=True)
class Troubles:
    """Makes trouble until it is stopped; `dealt` counts what was done."""

    site: Site
    dice: Random = field(default_factory=lambda: Random(5))
    dealt: Counter[str] = field(default_factory=Counter[str])
    ready_seconds: list[float] = field(default_factory=list[float])

    async def make(self, seconds: float) -> None:
        """Deal blows for so long; the database restarts at half of it, is killed at 3/4."""
        began = time.monotonic()
        pending = [(seconds / 2, signal.SIGINT), (seconds * 3 / 4, signal.SIGKILL)]
        while (passed := time.monotonic() - began) < seconds:
            if pending and pending[0][0] <= passed:
                sign = pending.pop(0)[1]
                self.site.restart_database(sign)
                self.dealt[f"database {'restarted' if sign == signal.SIGINT else 'killed'}"] += 1
            elif self.dice.random() < 0.5:
                await self._kill(self.dice.choice(self.site.instances))
            else:
                await self._storm()
            await asyncio.sleep(self.dice.uniform(*_PAUSE))
        await asyncio.to_thread(self.site.clear_faults)

    async def _kill(self, instance: Instance) -> None:
        """Kill -9 an instance; it is started again, as an orchestrator does."""
        instance.kill()
        self.dealt["instances killed"] += 1
        await asyncio.sleep(self.dice.uniform(*_DOWN_SECONDS))
        began = time.monotonic()
        instance.start()
        await _wait_ready(instance.port)
        self.ready_seconds.append(time.monotonic() - began)

    async def _storm(self) -> None:
        """Let one provider fail for some seconds."""
        storm = {
            **self.dice.choice(_STORMS),
            "provider": self.dice.choice(_PROVIDERS),
            "times": 200,
        }
        await asyncio.to_thread(self.site.control, "/_faults", storm)
        self.dealt[f"storms of {storm['provider']}: {storm['kind']} {storm.get('status', '')}"] += 1
        await asyncio.sleep(_STORM_SECONDS)
        await asyncio.to_thread(self.site.clear_faults)


async def _wait_ready(port: int) -> None:
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /_internal/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            line = await reader.readline()
            writer.close()
            if b" 200 " in line:
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
