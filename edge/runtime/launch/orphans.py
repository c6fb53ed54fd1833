"""What functions start and leave behind: it cannot outlive the worker by leaving its group.

A worker adopts its own orphans as long as it lives (Linux: a subreaper); after that they fall to
the zygote, all of whose children are workers, or strays to be ended.
"""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from edge.operating_system import children

_PATIENCE: Final = 2.0


def end_all(pids: Iterable[int]) -> None:
    """Kill processes, and the groups that they lead."""
    for pid in pids:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


def end_descendants() -> None:
    """Kill and reap until there is none: what a killed one leaves behind becomes a child too."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and (left := children()):
        end_all(left)
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)
