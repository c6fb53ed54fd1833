"""Watches that a request's body makes progress while the server waits for it.

Like Apache's mod_reqtimeout: a pause of `seconds` is too long, and so is an average below
`MIN_RATE` after the first `seconds`. Time in which the server itself does not read does not count.
"""

import asyncio
from collections.abc import Callable
from typing import Final

MIN_RATE: Final = 500
"""Bytes a second."""


class BodyWatch:
    """Calls `expire` when an unfinished body stops; `is_waiting` says if the client is to send."""

    def __init__(
        self, seconds: float, is_waiting: Callable[[], bool], expire: Callable[[], None]
    ) -> None:
        self._seconds = seconds
        self._is_waiting = is_waiting
        self._expire = expire
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._began = self._latest = 0.0
        self._received = 0

    @property
    def is_active(self) -> bool:
        return self._timer is not None

    def start(self) -> None:
        """Begin with a new body."""
        self.restart()
        self._timer = self._loop.call_later(self._seconds, self._check)

    def restart(self) -> None:
        """Count time and bytes from now on: the server has just begun to read again."""
        self._began = self._latest = self._loop.time()
        self._received = 0

    def add(self, size: int) -> None:
        """Note that `size` bytes have come."""
        self._received += size
        self._latest = self._loop.time()

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        if not self._is_waiting():
            self.restart()
        now = self._loop.time()
        paid = self._began + self._seconds + self._received / MIN_RATE
        left = min(self._latest + self._seconds, paid) - now
        if left <= 0:
            self._timer = None
            self._expire()
        else:
            self._timer = self._loop.call_later(left, self._check)
