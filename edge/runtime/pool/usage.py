"""What a process has used so far, read from /proc; nothing where there is no /proc."""

import os
from typing import Final

_TICK: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_FLAGS: Final = 6
_PF_EXITING: Final = 0x4  # set before a process closes its files, see Linux's sched.h
_LONGEST: Final = 4096
_USER_TIME: Final = 11  # the fields after the command's closing parenthesis, see proc(5)


def cpu_seconds(pid: int) -> float:
    """CPU time of all its threads, at a resolution of 10 ms; 0 when it is gone."""
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    if not fields:
        return 0.0
    return (int(fields[_USER_TIME]) + int(fields[_USER_TIME + 1])) / _TICK


def is_sleeping(pid: int) -> bool:
    """Whether its main thread waits for something, rather than for a processor."""
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return bool(fields) and fields[0] in b"SD"


def is_stopped(pid: int) -> bool:
    """Whether all of it was stopped by a signal, or is gone."""
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return not fields or fields[0] in b"TtZX"


def resident_bytes(pid: int) -> int:
    """Return memory that it has in RAM, shared pages included; 0 when it is gone."""
    fields = _read(pid, "statm").split()
    return int(fields[1]) * _PAGE if fields else 0


def is_ending(pid: int) -> bool:
    """Whether it has begun to end, or is gone; so it is too where there is no /proc."""
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return not fields or bool(int(fields[_FLAGS]) & _PF_EXITING) or fields[0] in b"ZX"


def _read(pid: int, name: str) -> bytes:
    """Read a file of /proc in three system calls, since requests wait for it; empty if gone."""
    try:
        descriptor = os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(descriptor, _LONGEST)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def is_alive(pid: int) -> bool:
    """Whether there is such a process, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
