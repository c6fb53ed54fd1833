"""The platform's limits of a project: sockets, joins, messages, presence.

Follows supabase/realtime (config/runtime.exs, tenants.ex): events are counted in buckets of five
seconds, and the average of the last minute counts. They apply with `--limits hosted`.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

SOCKETS: Final = 200
JOINS: Final = 100
MESSAGES: Final = 100
PRESENCE: Final = 1000
_BUCKET_SECONDS: Final = 5.0
_BUCKETS: Final = 12
_CLIENT_PRESENCE: Final = 5
_CLIENT_SECONDS: Final = 30.0


@dataclass(slots=True)
class Rate:
    """Events a second, on the average of the last minute."""

    limit: float
    clock: Callable[[], float] = time.monotonic
    _buckets: deque[int] = field(
        default_factory=lambda: deque[int]([0], maxlen=_BUCKETS), init=False
    )
    _bucket: int | None = field(default=None, init=False)

    def count(self, events: int = 1) -> bool:
        """Count events; returns whether the limit is kept."""
        bucket = int(self.clock() / _BUCKET_SECONDS)
        passed = bucket - (bucket if self._bucket is None else self._bucket)
        self._bucket = bucket
        self._buckets.extend([0] * min(passed, _BUCKETS))
        self._buckets[-1] += events
        return sum(self._buckets) <= self.limit * _BUCKET_SECONDS * len(self._buckets)


@dataclass(slots=True)
class ClientPresence:
    """A socket's track and untrack calls: five in thirty seconds."""

    clock: Callable[[], float] = time.monotonic
    _times: deque[float] = field(
        default_factory=lambda: deque[float](maxlen=_CLIENT_PRESENCE), init=False
    )

    def count(self) -> bool:
        """Count a call; returns whether the limit is kept."""
        now = self.clock()
        is_kept = len(self._times) < _CLIENT_PRESENCE or now - self._times[0] > _CLIENT_SECONDS
        self._times.append(now)
        return is_kept


@dataclass(slots=True)
class Quota:
    """A project's limits; nothing is limited unless `applies`."""

    applies: bool = False
    _joins: Rate = field(default_factory=lambda: Rate(JOINS), init=False)
    _messages: Rate = field(default_factory=lambda: Rate(MESSAGES), init=False)
    _presence: Rate = field(default_factory=lambda: Rate(PRESENCE), init=False)

    def may_connect(self, sockets: int) -> bool:
        return not self.applies or sockets <= SOCKETS

    def may_join(self) -> bool:
        return not self.applies or self._joins.count()

    def may_send(self, deliveries: int = 0) -> bool:
        """Count a message, and what it was delivered to."""
        return not self.applies or self._messages.count(1 + deliveries)

    def may_present(self, client: ClientPresence) -> str | None:
        """Count a presence call; returns what is exceeded, in the platform's words."""
        if not self.applies:
            return None
        if not client.count():
            return "Client presence rate limit exceeded"
        return None if self._presence.count() else "Too many presence messages per second"
