"""A thread that hands over what has gathered, so that no event loop waits for a slow reader."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


def _for_ever() -> float | None:
    return None


@dataclass(slots=True)
class Gathering:
    """Calls `deliver` some time after each `wake`, and a last time, with True, when it closes.

    `patience` tells how many seconds it sleeps at most while nobody wakes it; None is for ever.
    """

    name: str
    deliver: Callable[[bool], None]
    gathering_seconds: float
    closing_seconds: float
    patience: Callable[[], float | None] = _for_ever
    _woken: threading.Event = field(default_factory=threading.Event, init=False)
    _closing: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        # A daemon: an output that nobody reads must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to deliver."""
        self._woken.set()

    def pause(self, seconds: float) -> None:
        """Sleep within `deliver`, unless it is closing."""
        self._closing.wait(seconds)

    def close(self) -> None:
        """Deliver what is left, for `closing_seconds` at most."""
        self._closing.set()
        self._woken.set()
        if self._thread:
            self._thread.join(self.closing_seconds)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._woken.wait(self.patience())
            self._closing.wait(self.gathering_seconds)
            self._woken.clear()
            self.deliver(False)
        self.deliver(True)
