"""A token bucket: so many requests a second, and as many at once, or one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic


@dataclass(slots=True)
class TokenBucket:
    """Holds `rate` tokens at most, or one if that is more, and gains `rate` a second."""

    rate: float
    clock: Callable[[], float] = monotonic
    _tokens: float = field(init=False)
    _filled_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._tokens = max(self.rate, 1.0)
        self._filled_at = self.clock()

    def take(self) -> float:
        """0.0 when a request may pass, else the seconds until the next one may."""
        now = self.clock()
        self._tokens = min(max(self.rate, 1.0), self._tokens + (now - self._filled_at) * self.rate)
        self._filled_at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self.rate
