"""A stack to demonstrate on: the one that runs, or one for as long as anybody demonstrates."""

import fcntl
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from backend.demo.interruption import uninterrupted
from backend.demo.process import StackDetails, StackError, StackProcess, Status, ask_status

_START_SECONDS: Final = 60
_PAUSE: Final = 0.5


@contextmanager
def local_stack(
    root: Path, *, keep: bool, report: Callable[[str], None]
) -> Generator[StackDetails]:
    """The stack of the project at `root`; one that was not running is ended, but for `keep`.

    Demonstrations may run at the same time: whoever started the stack ends it when the last of
    them is through.
    """
    (root / ".edge").mkdir(exist_ok=True)
    with (root / ".edge" / "demo.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        running = _settled(root).details
        if running:
            yield running
        else:
            with _own_stack(root) as (details, ours):
                yield details
                if keep:
                    ours.clear()
                elif ours:
                    _wait_for_others(users, report)


def _settled(root: Path) -> Status:
    """Return the status once no start or stop of a stack is in progress."""
    deadline = time.monotonic() + _START_SECONDS
    while (status := ask_status(root)).is_in_transition:
        if time.monotonic() > deadline:
            raise StackError(
                f"The stack of this project has been starting for {_START_SECONDS} s."
                " Stop it: .venv/bin/edge stop"
            )
        time.sleep(_PAUSE)
    return status


@contextmanager
def _own_stack(root: Path) -> Generator[tuple[StackDetails, list[StackProcess]]]:
    """A stack that we start, and its process; ended with the block if it is still in the list."""
    ours: list[StackProcess] = []
    try:
        with uninterrupted():
            ours.append(StackProcess(root, root / ".edge" / "demo.log"))
        details = ours[0].wait_ready()
        if details is None:
            details = _anothers(root, ours.pop())
        yield details, ours
    finally:
        with uninterrupted():
            for process in ours:
                process.end()


def _anothers(root: Path, failed: StackProcess) -> StackDetails:
    """The stack of who was quicker than our failed one, if that was the reason."""
    running = _settled(root).details
    if running is None:
        raise StackError(failed.last_words())
    return running


def _wait_for_others(users: TextIO, report: Callable[[str], None]) -> None:
    """Let demonstrations that use our stack come to their end."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        report("Another demonstration uses this stack: waiting for its end.")
        fcntl.flock(users, fcntl.LOCK_EX)
