"""How many requests are recorded a second, so that recording costs the others little."""

import time
from dataclasses import dataclass, field
from typing import Final

_BUSY_SHARE: Final = 0.012
"""Of one core: what recording may take while the process has work enough without it."""
_SPARE_SHARE: Final = 0.15
"""The same while the process is idle for half of the time or more."""
_BUSY: Final = 0.5
_COST_FACTOR: Final = 3.0
"""All that recording a request costs, of what the writer's thread takes: Postgres works as well."""


@dataclass(slots=True)
class Budget:
    """So many a second, and what was not used of the last seconds."""

    rate: float
    burst: float
    _left: float = field(init=False)
    _at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._left = self.burst

    def take(self) -> bool:
        now = time.monotonic()
        self._left = min(self.burst, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(slots=True)
class Allowance:
    """The requests a second that may be recorded, by what one costs and how busy the process is."""

    _cost: float = field(default=0.0, init=False)
    _load: float = field(default=0.0, init=False)
    _cpu: float = field(default_factory=time.process_time, init=False)
    _at: float = field(default_factory=time.monotonic, init=False)

    def update(self, seconds: float, requests: int) -> float:
        """Return them after a batch of `requests`, at least one, that took `seconds` of CPU."""
        cpu, now = time.process_time(), time.monotonic()
        load = (cpu - self._cpu) / max(now - self._at, 1e-3)
        self._cpu, self._at = cpu, now
        self._load = 0.5 * self._load + 0.5 * load
        cost = seconds / requests
        self._cost = 0.8 * self._cost + 0.2 * cost if self._cost else cost
        share = _SPARE_SHARE if self._load < _BUSY else _BUSY_SHARE
        return max(share / (_COST_FACTOR * max(self._cost, 1e-6)), 1.0)
