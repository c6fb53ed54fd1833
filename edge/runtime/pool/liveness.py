"""Decides from a worker's heartbeats whether its event loop turns, and for how long it has not."""

from dataclasses import dataclass, field
from typing import Final

from edge.operating_system import cpu_seconds, is_sleeping

IDLE_INTERVAL: Final = 1.0
"""Seconds between the heartbeats of a worker without requests; a busy one sends ten a second."""
_PATIENCE: Final = 0.25
_LONGEST_STEP: Final = 0.3
_CPU_WEIGHT: Final = 3.0


@dataclass(slots=True)
class Liveness:
    """`blocked`: seconds for which the loop has been seen not to turn, 0 while it turns.

    Time in which the process wants to run and gets less than a third of a processor, because the
    machine is busy, counts in part.
    """

    blocked: float = field(default=0.0, init=False)
    _beat_at: float = field(default=0.0, init=False)
    _awaited_since: float | None = field(default=None, init=False)
    _checked_at: float = field(default=0.0, init=False)
    _cpu: float | None = field(default=None, init=False)

    def expect(self, now: float) -> None:
        """A request is given to the worker, so that a heartbeat is due soon."""
        if self._awaited_since is None:
            self._awaited_since = now

    def beat(self, now: float, *, is_busy: bool) -> None:
        """A heartbeat came; with `is_busy` the next one is due soon."""
        self._beat_at = now
        self._awaited_since = now if is_busy else None
        self.blocked = 0.0

    def is_late(self, now: float) -> bool:
        """Whether a heartbeat is overdue: better give new requests to another worker."""
        if self._awaited_since is not None:
            return now - self._awaited_since >= _PATIENCE
        return now - self._beat_at >= IDLE_INTERVAL + _PATIENCE

    def check(self, pid: int, now: float) -> float:
        """Measure again, some times a second; returns `blocked`."""
        step, self._checked_at = min(now - self._checked_at, _LONGEST_STEP), now
        if not self.is_late(now):
            self._cpu = None
            return 0.0
        cpu, before = cpu_seconds(pid), self._cpu
        self._cpu = cpu
        if before is not None:
            self.blocked += step if is_sleeping(pid) else min(step, (cpu - before) * _CPU_WEIGHT)
        return self.blocked
