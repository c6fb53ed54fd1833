"""What a process has used so far, read from /proc; nothing where there is no /proc."""

import os
from pathlib import Path
from typing import Final

_TICK: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_FLAGS: Final = 6
_PF_EXITING: Final = 0x4  # set before a process closes its files, see Linux's sched.h
_USER_TIME: Final = 11  # the fields after the command's closing parenthesis, see proc(5)


def cpu_seconds(pid: int) -> float:
    """CPU time of all its threads, at a resolution of 10 ms; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[_USER_TIME]) + int(fields[_USER_TIME + 1])) / _TICK


def resident_bytes(pid: int) -> int:
    """Memory that it has in RAM, shared pages included; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def is_ending(pid: int) -> bool:
    """Whether it has begun to end, or is gone; so it is too where there is no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return True
    return bool(int(fields[_FLAGS]) & _PF_EXITING) or fields[0] in "ZX"


def is_alive(pid: int) -> bool:
    """Whether there is such a process, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
