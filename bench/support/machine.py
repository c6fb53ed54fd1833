"""The machine that figures are taken on, and how quiet it is at that time."""

import os
import platform
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import psutil

from bench.support.statistics import Series
from edge.operating_system import processor_name

_LOOPS: Final = 500
_GLANCE: Final = 3.0
_QUIET: Final = 95.0


def print_machine() -> None:
    """When and on what the figures are taken, and how far fixed work varies on it."""
    now = datetime.now(UTC)
    load = os.getloadavg()[0]
    print(f"{now:%Y-%m-%d %H:%M} UTC · {describe_machine()} · load {load:.1f}")
    print(Series("a loop of fixed work, now", [_spin() for _ in range(_LOOPS)]))


def describe_machine() -> str:
    """Processor, memory, kernel and Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"{processor_name()}, {os.cpu_count()} cores, {memory:.0f} GB"
        f" · {platform.system()} {platform.release()} · Python {platform.python_version()}"
    )


def _spin() -> float:
    began = time.perf_counter()
    sum(range(20_000))
    return (time.perf_counter() - began) * 1000


@dataclass(frozen=True, slots=True)
class Ticks:
    """The processors' seconds since they were started."""

    total: float
    stolen: float
    idle: float

    def stolen_since(self, earlier: "Ticks") -> float:
        """The share that the hypervisor gave to others since then, in percent."""
        return 100 * (self.stolen - earlier.stolen) / max(self.total - earlier.total, 0.01)

    def idle_since(self, earlier: "Ticks") -> float:
        """Return the idle share since then, in percent."""
        return 100 * (self.idle - earlier.idle) / max(self.total - earlier.total, 0.01)


def processor_ticks() -> Ticks:
    """As of now; a guest's time is part of `user`."""
    times = psutil.cpu_times()
    guests = sum(getattr(times, name, 0.0) for name in ("guest", "guest_nice"))
    return Ticks(
        total=sum(times) - guests,
        stolen=getattr(times, "steal", 0.0),
        idle=times.idle + getattr(times, "iowait", 0.0),
    )


def wait_for_quiet(patience: float) -> None:
    """Wait until the machine is idle, for at most `patience` seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        before = processor_ticks()
        time.sleep(_GLANCE)
        if processor_ticks().idle_since(before) >= _QUIET:
            return
