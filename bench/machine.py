"""The machine that figures are taken on, and how quiet it is at that time."""

import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.figures import Series

_LOOPS: Final = 500


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
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB"
        f" · Linux {platform.release()} · Python {platform.python_version()}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _spin() -> float:
    began = time.perf_counter()
    sum(range(20_000))
    return (time.perf_counter() - began) * 1000
