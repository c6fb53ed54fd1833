"""How many connections and unfinished bodies one client address may have at a time.

A client that opens more is refused with 429; others are served. Behind a proxy every client has the
proxy's address: name it in `exempt`, or set no limit.
"""

import resource
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

_SHARE_OF_DESCRIPTORS: Final = 0.5
"""The rest is for workers, databases and files."""


def _default_total() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 16 if soft == resource.RLIM_INFINITY else int(soft * _SHARE_OF_DESCRIPTORS)


@dataclass(slots=True)
class ClientLimits:
    """Counts what is open; `connections` and `bodies` are per address, None is no limit."""

    connections: int | None = 1000
    bodies: int | None = 200
    total: int = field(default_factory=_default_total)
    exempt: frozenset[str] = frozenset()
    _connections: Counter[str] = field(default_factory=Counter[str], init=False)
    _bodies: Counter[str] = field(default_factory=Counter[str], init=False)
    _open: int = field(default=0, init=False)

    def open_connection(self, address: str) -> bool:
        """Count a connection; False if there are too many. Call `close_connection` either way."""
        self._open += 1
        self._connections[address] += 1
        return self._open <= self.total and self._fits(address, self._connections, self.connections)

    def close_connection(self, address: str) -> None:
        self._open -= 1
        _release(self._connections, address)

    def begin_body(self, address: str) -> bool:
        """Count an unfinished body; False if there are too many. Call `end_body` either way."""
        self._bodies[address] += 1
        return self._fits(address, self._bodies, self.bodies)

    def end_body(self, address: str) -> None:
        _release(self._bodies, address)

    def _fits(self, address: str, counts: Counter[str], limit: int | None) -> bool:
        return limit is None or address in self.exempt or counts[address] <= limit


def _release(counts: Counter[str], address: str) -> None:
    counts[address] -= 1
    if counts[address] <= 0:
        del counts[address]
