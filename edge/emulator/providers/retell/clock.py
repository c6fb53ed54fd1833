"""The time that phone calls live in: the wall clock's, or one set forward and run faster."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Clock:
    """Milliseconds since the epoch; `rate` of them pass in each of the wall clock's."""

    wall: Callable[[], float] = time.time
    rate: float = 1.0
    _origin_ms: float = field(init=False)
    _origin_wall: float = field(init=False)

    def __post_init__(self) -> None:
        self._origin_wall = self.wall()
        self._origin_ms = self._origin_wall * 1000

    def now_ms(self) -> int:
        return int(self._now_ms())

    def set(self, *, now_ms: float | None = None, rate: float | None = None) -> None:
        """Jump to a moment, or go on from the present one, at another rate."""
        moment = self._now_ms() if now_ms is None else now_ms
        self._origin_ms, self._origin_wall = moment, self.wall()
        self.rate = self.rate if rate is None else rate

    def seconds_until(self, moment_ms: float) -> float:
        """How long the wall clock takes to get there."""
        return max(0.0, (moment_ms - self._now_ms()) / 1000 / self.rate)

    def _now_ms(self) -> float:
        return self._origin_ms + (self.wall() - self._origin_wall) * 1000 * self.rate
