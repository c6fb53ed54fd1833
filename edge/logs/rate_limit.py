"""Limits the lines that each function may log, and counts those beyond the limit."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class LineRate:
    """The number of lines that a function may write in a window of so many seconds."""

    lines: int
    seconds: float


HOSTED_RATE: Final = LineRate(lines=100, seconds=10)
"""The hosted platform's: supabase.com/docs/guides/functions/logging."""


@dataclass(slots=True)
class _Window:
    began: float
    passed: int = 0
    dropped: int = 0


@dataclass(slots=True)
class RateLimiter:
    """Fixed windows per function, each opened by the first line after the previous one ended."""

    rate: LineRate
    _open: dict[str, _Window] = field(default_factory=dict[str, _Window], init=False)
    _closed: Counter[str] = field(default_factory=Counter[str], init=False)

    def admit(self, slug: str, now: float) -> bool:
        """Return whether one more line of this function is within its rate."""
        window = self._open.get(slug)
        if window is None or self._is_over(window, now):
            self._close(slug)
            window = self._open[slug] = _Window(now)
        if window.passed >= self.rate.lines:
            window.dropped += 1
            return False
        window.passed += 1
        return True

    def collect(self, now: float) -> Counter[str]:
        """Return the lines dropped in windows that ended, by function; each is counted once."""
        for slug in [slug for slug, window in self._open.items() if self._is_over(window, now)]:
            self._close(slug)
        collected, self._closed = self._closed, Counter()
        return collected

    def next_due(self) -> float | None:
        """Return when `collect` has something to report although nothing more is written."""
        waiting = (window.began for window in self._open.values() if window.dropped)
        began = min(waiting, default=None)
        return None if began is None else began + self.rate.seconds

    def _is_over(self, window: _Window, now: float) -> bool:
        # Outside on either side: a clock that was set back must not silence a function.
        return not window.began <= now < window.began + self.rate.seconds

    def _close(self, slug: str) -> None:
        window = self._open.pop(slug, None)
        if window and window.dropped:
            self._closed[slug] += window.dropped
