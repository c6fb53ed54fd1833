"""How many bytes of bodies may have arrived that are not parsed yet: of all, and of one client."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from edge.emulator.rest.errors import rest_error


@dataclass(slots=True)
class ArrivingBytes:
    """Bytes that are held; bodies that are announced, and do not come, hold none."""

    most: int
    most_each: int
    _held: Counter[str] = field(default_factory=Counter[str], init=False)

    @contextmanager
    def body(self, client: str) -> "Generator[ArrivingBody]":
        """Yield what counts a body's bytes, and give them back at its end."""
        body = ArrivingBody(self, client)
        try:
            yield body
        finally:
            self.count(client, -body.size)

    def count(self, client: str, size: int) -> None:
        """Hold so many bytes more; raises EDGE_TOO_MANY_BODIES."""
        self._held[client] += size
        if not self._held[client]:
            del self._held[client]
        is_over = self._held[client] > self.most_each or self._held.total() > self.most
        if size > 0 and is_over:
            raise rest_error("EDGE_TOO_MANY_BODIES")


@dataclass(slots=True)
class ArrivingBody:
    """One body's share."""

    arriving: ArrivingBytes
    client: str
    size: int = 0

    def add(self, count: int) -> None:
        """Hold so many bytes more; raises EDGE_TOO_MANY_BODIES."""
        self.size += count
        self.arriving.count(self.client, count)
