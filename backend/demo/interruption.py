"""Signals that end the demonstration: as KeyboardInterrupt, and never between two steps."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, Never

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt_on_signals() -> None:
    """Have SIGTERM and a closed terminal end the program as Ctrl-C does."""
    for number in _ENDING:
        signal.signal(number, _interrupt)


@contextmanager
def uninterrupted() -> Generator[None]:
    """Do what is inside to its end; a signal that came meanwhile interrupts after it."""
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda which, _: came.append(which)) for number in _ENDING
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


def _interrupt(_number: int, _frame: object) -> Never:
    raise KeyboardInterrupt
