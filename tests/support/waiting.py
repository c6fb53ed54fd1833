"""Waiting for what other processes do, in no given time."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

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


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_gone(pid: int, deadline: float = PATIENCE) -> None:
    """Wait until the process has ended; uvicorn's own limit of a graceful shutdown is 15 s."""
    end = time.monotonic() + deadline
    while is_running(pid):
        assert time.monotonic() < end, _describe(pid)
        time.sleep(0.01)


def _describe(pid: int) -> str:
    folder = Path(f"/proc/{pid}")
    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return f"{pid} still runs: {command}\n{(folder / 'status').read_text()}"
