"""What processes and their descendants are and take, on every system that psutil knows."""

from collections.abc import Iterable
from contextlib import suppress

import psutil

from edge.operating_system import resident_bytes

__all__ = [
    "children_of",
    "describe",
    "family",
    "is_running",
    "name_of",
    "open_files",
    "parent_of",
    "proportional_bytes",
    "resident_bytes",
]


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    with suppress(psutil.NoSuchProcess):
        return [pid, *(each.pid for each in psutil.Process(pid).children(recursive=True))]
    return [pid]


def children_of(pid: int) -> set[int]:
    """The processes that it has started, or adopted, and that have not been waited for."""
    with suppress(psutil.NoSuchProcess):
        return {each.pid for each in psutil.Process(pid).children()}
    return set()


def parent_of(pid: int) -> int | None:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).ppid()
    return None


def name_of(pid: int) -> str:
    """The name of its program; empty when it is gone."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).name()
    return ""


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def describe(pid: int) -> str:
    """Return its command, its state and what it descends from."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        parents = [parent.pid for parent in process.parents()]
        return f"{' '.join(process.cmdline())} ({process.status()}, below {parents})"
    return "gone"


def proportional_bytes(pids: Iterable[int]) -> int:
    """Their memory as PSS: what several processes share is divided among them.

    Where the system does not count it, what each has to itself.
    """
    return sum(_proportional(pid) for pid in pids)


def _proportional(pid: int) -> int:
    memory = psutil.Process(pid).memory_full_info()
    return getattr(memory, "pss", memory.uss)


def open_files(pid: int) -> tuple[int, int]:
    """How many descriptors it has open, and how many of them are sockets."""
    process = psutil.Process(pid)
    return process.num_fds(), len(process.net_connections("all"))
