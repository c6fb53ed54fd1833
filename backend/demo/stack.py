"""Stack of the demonstration: the running one, or a new one shared by concurrent runs."""

import fcntl
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from backend.demo.interruption import uninterrupted
from backend.demo.process import StackDetails, StackError, StackProcess, Status, fetch_status

_START_SECONDS: Final = 180
_PAUSE: Final = 0.5


@contextmanager
def local_stack(
    root: Path, *, keep: bool, port: int | None, report: Callable[[str], None]
) -> Generator[StackDetails]:
    """Provide the stack of the project at `root`; ends it if started here, unless `keep`.

    A new one is served at `port`; one that runs already is used wherever it is.

    Demonstrations may run at the same time: the one that started the stack waits for the others
    before it ends it. `report` is called with a message then. Raises StackError.
    """
    (root / ".edge").mkdir(exist_ok=True)
    with (root / ".edge" / "demo.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        running = _settled(root).details
        if running:
            yield running
        else:
            with _own_stack(root, port) as (details, ours):
                yield details
                if keep:
                    ours.clear()
                elif ours:
                    _wait_for_others(users, report)


def _settled(root: Path) -> Status:
    """Return the status once no stack of the project is starting or stopping."""
    deadline = time.monotonic() + _START_SECONDS
    while (status := fetch_status(root)).is_in_transition:
        if time.monotonic() > deadline:
            raise StackError(
                f"The stack of this project has been starting for {_START_SECONDS} s."
                " Stop it: .venv/bin/edge stop"
            )
        time.sleep(_PAUSE)
    return status


@contextmanager
def _own_stack(root: Path, port: int | None) -> Generator[tuple[StackDetails, list[StackProcess]]]:
    """Start a stack; ends the processes that are still in the list at the end of the block."""
    ours: list[StackProcess] = []
    try:
        with uninterrupted():
            ours.append(StackProcess(root, root / ".edge" / "demo.log", port))
        details = ours[0].wait_ready()
        if details is None:
            details = _find_other_stack(root, ours.pop())
        yield details, ours
    finally:
        with uninterrupted():
            for process in ours:
                process.end()


def _find_other_stack(root: Path, failed: StackProcess) -> StackDetails:
    """Return the stack that another process started first. Raises StackError if none runs."""
    running = _settled(root).details
    if running is None:
        raise StackError(failed.read_log())
    return running


def _wait_for_others(users: TextIO, report: Callable[[str], None]) -> None:
    """Wait until other demonstrations no longer use the stack."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        report("Another demonstration uses this stack: waiting for it to end.")
        fcntl.flock(users, fcntl.LOCK_EX)
