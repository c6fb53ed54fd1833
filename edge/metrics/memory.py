"""Resident memory of this process, read from /proc; zero where there is no /proc."""

import re
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")


def resident_bytes() -> int:
    """Return the resident bytes of a process."""
    return _read("VmRSS")


def peak_bytes() -> int:
    """Return the peak of its resident bytes."""
    return _read("VmHWM")


def _read(name: str) -> int:
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
