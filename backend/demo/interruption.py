"""Signals that end the demonstration: raised as KeyboardInterrupt, deferred in critical steps."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, Never

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt_on_signals() -> None:
    """Raise KeyboardInterrupt on SIGTERM and SIGHUP too."""
    for number in _ENDING:
        signal.signal(number, _interrupt)


@contextmanager
def uninterrupted() -> Generator[None]:
    """Defer signals until the end of the block, then raise KeyboardInterrupt if one arrived."""
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda which, _: received.append(which)) for number in _ENDING
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        raise KeyboardInterrupt


def _interrupt(_number: int, _frame: object) -> Never:
    raise KeyboardInterrupt
