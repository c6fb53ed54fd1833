"""How many requests are recorded a second, so that recording costs the others little."""

import time
from dataclasses import dataclass, field
from typing import Final

from edge.operating_system import idle_seconds

_BUSY_SHARE: Final = 0.012
"""Of the CPU time of the process: what recording may take while there is work enough without it."""
_SPARE_SHARE: Final = 0.15
"""Of one core: what it may take while the process and the machine have nothing better to do."""
_BUSY: Final = 0.5
_LEAST_LOAD: Final = 0.4
"""Of a core: a process that other programs leave less records as much as one that has this."""
_FREE_CORES: Final = 0.25
"""Cores that have to be idle for the machine not to be busy."""
_ALWAYS: Final = 30.0
"""Requests a second that are recorded however busy the machine is: so few are no load."""
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
        left = self._left + (now - self._at) * self.rate
        self._at = now
        if left < 1:
            self._left = left
            return False
        self._left = min(self.burst, left) - 1
        return True


@dataclass(slots=True)
class Allowance:
    """The requests a second that may be recorded, by what one costs and how busy the process is."""

    _cost: float = field(default=0.0, init=False)
    _load: float = field(default=0.0, init=False)
    _free: float = field(default=1.0, init=False)
    _cpu: float = field(init=False)
    _idle: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._cpu, self._idle, self._at = time.process_time(), idle_seconds(), time.monotonic()

    def update(self, seconds: float, requests: int, refused: int = 0) -> float:
        """Return them after a batch of `requests`, at least one, that took `seconds` of CPU.

        `refused` are those that were not recorded meanwhile.
        """
        asked = (requests + refused) / self._look()
        cost = seconds / requests
        self._cost = 0.8 * self._cost + 0.2 * cost if self._cost else cost
        is_busy = self._load >= _BUSY or self._free < _FREE_CORES
        share = _BUSY_SHARE * max(self._load, _LEAST_LOAD) if is_busy else _SPARE_SHARE
        least = _ALWAYS if asked <= _ALWAYS else 1.0
        return max(share / (_COST_FACTOR * max(self._cost, 1e-6)), least)

    def _look(self) -> float:
        """Note how many cores the process takes, and how many are idle; return since when."""
        cpu, idle, now = time.process_time(), idle_seconds(), time.monotonic()
        took = max(now - self._at, 1e-3)
        self._load = 0.5 * self._load + 0.5 * (cpu - self._cpu) / took
        if idle:
            self._free = 0.5 * self._free + 0.5 * (idle - self._idle) / took
        self._cpu, self._idle, self._at = cpu, idle, now
        return took
