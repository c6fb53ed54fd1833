"""Simulated clock: starts as the wall clock, can be set and run at another rate."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Clock:
    """Time in milliseconds since the epoch; `rate` is simulated milliseconds per real one."""

    wall: Callable[[], float] = time.time
    rate: float = 1.0
    _origin_ms: float = field(init=False)
    _origin_wall: float = field(init=False)

    def __post_init__(self) -> None:
        self._origin_wall = self.wall()
        self._origin_ms = self._origin_wall * 1000

    def now_ms(self) -> int:
        """Return the simulated time in epoch milliseconds."""
        return int(self._now_ms())

    def set(self, *, now_ms: float | None = None, rate: float | None = None) -> None:
        """Set the time (epoch milliseconds), the rate, or both."""
        moment = self._now_ms() if now_ms is None else now_ms
        self._origin_ms, self._origin_wall = moment, self.wall()
        self.rate = self.rate if rate is None else rate

    def seconds_until(self, moment_ms: float) -> float:
        """Return the real seconds until the simulated moment, at least 0."""
        return max(0.0, (moment_ms - self._now_ms()) / 1000 / self.rate)

    def _now_ms(self) -> float:
        return self._origin_ms + (self.wall() - self._origin_wall) * 1000 * self.rate
