"""Waiting for what other processes do, in no given time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
DEADLINE = 60.0
_PAUSE = 0.02


def wait_for(condition: Callable[[], T], deadline: float = DEADLINE) -> T:
    """What it returns once that is true, within so many seconds."""
    end = time.monotonic() + deadline
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {deadline:g} s"
        time.sleep(_PAUSE)
    return found
