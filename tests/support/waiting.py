"""Waiting for what other processes do, in no given time."""

import time
from collections.abc import Callable
from typing import TypeVar

from tests.support.process_tree import describe, is_running

T = TypeVar("T")
PATIENCE = 90.0  # seconds that a stalled machine may take; a wait ends at once when it is over
PATIENCE_MS = 1000 * PATIENCE  # as Playwright counts
_PAUSE = 0.02


def wait_for(condition: Callable[[], T], deadline: float = PATIENCE) -> T:
    """What it returns once that is true, within so many seconds."""
    end = time.monotonic() + deadline
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {deadline:g} s"
        time.sleep(_PAUSE)
    return found


def wait_gone(pid: int, deadline: float = PATIENCE) -> None:
    """Wait until the process has ended; uvicorn's own limit of a graceful shutdown is 15 s."""
    end = time.monotonic() + deadline
    while is_running(pid):
        assert time.monotonic() < end, f"{pid} still runs: {describe(pid)}"
        time.sleep(0.01)
