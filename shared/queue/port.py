"""What a queue does, whichever server holds it: six verbs, at-least-once delivery under leases."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """A message under a lease. `reads` is how often it was claimed; renewals and ends by an earlier
    claim than the last have no effect."""

    queue: str
    id: str
    body: str
    reads: int


@dataclass(frozen=True, slots=True)
class Depth:
    """Messages that wait, those under a lease, and the age in seconds of the oldest that waits."""

    waiting: int
    in_flight: int
    oldest_seconds: float


class Queue(Protocol):
    """Messages of higher priority come first, then groups take turns, then first in, first out."""

    async def send(
        self, queue: str, body: str, *, id: str | None = None, group: str = "", priority: int = 0
    ) -> str:
        """Append a message and return its id.

        A server that takes `id` as the message's does not add it twice; pgmq makes its own.
        """
        ...

    async def claim(self, queue: str, seconds: float) -> Message | None:
        """Hide the next message for `seconds` and return it; after that it is claimed again."""
        ...

    async def renew(self, message: Message, seconds: float) -> bool:
        """Extend the lease. False if it was lost."""
        ...

    async def done(self, message: Message) -> bool:
        """Remove the message. False if the lease was lost."""
        ...

    async def fail(self, message: Message, delay: float = 0) -> bool:
        """Give the message back, to be claimed again after `delay`. False if the lease was lost."""
        ...

    async def depth(self, queue: str) -> Depth:
        """Count the messages."""
        ...
