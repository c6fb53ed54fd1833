"""What is asked of the operating system beyond POSIX: Linux's way, and one that works elsewhere.

EDGE_PORTABLE=1 takes the other way on Linux as well, so that it is tested.
"""

import ctypes
import os
import platform
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    import psutil

_T = TypeVar("_T")
_SWITCH: Final = "EDGE_PORTABLE"
IS_PORTABLE: bool = os.environ.get(_SWITCH) == "1"
_HAS_LINUX: Final = sys.platform.startswith("linux")
IS_LINUX: bool = _HAS_LINUX and not IS_PORTABLE

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITY_VERSION_3: Final = 0x20080522
_SO_TIMESTAMPNS: Final = 35
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - whoever uses it makes a private folder there
_TICK: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_FLAGS: Final = 6
_PF_EXITING: Final = 0x4  # set before a process closes its files, see Linux's sched.h
_LONGEST: Final = 4096
_USER_TIME: Final = 11  # the fields after the command's closing parenthesis, see proc(5)
_FUTEX: Final = {"x86_64": b"202", "aarch64": b"98"}  # what locks wait with, see futex(2)
_FUTEX_OPERATION: Final = 2  # the fields of /proc/PID/syscall: its number, then the arguments
_FUTEX_TIMEOUT: Final = 4
_FUTEX_PRIVATE: Final = 0x80  # no other process can wake the thread
_POLL_SECONDS: Final = 0.02
_EPOLL: Final = "anon_inode:[eventpoll]"


def switch() -> Mapping[str, str]:
    """Return the variable that makes a process we start do as this one does."""
    return {_SWITCH: "1"} if IS_PORTABLE else {}


def count_cpus() -> int:
    """Return the processors that this process may use, or elsewhere all that there are."""
    return len(os.sched_getaffinity(0)) if IS_LINUX else os.cpu_count() or 1


def processor_name() -> str:
    """Return the processor's name, or else its architecture."""
    if IS_LINUX:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def timestamp_option() -> int | None:
    """Return the option by which a socket says when the kernel received bytes; elsewhere None."""
    return _SO_TIMESTAMPNS if IS_LINUX else None


def signal_when_parent_dies(sign: int) -> Callable[[], None]:
    """Return what asks for the signal when the parent ends, prepared to be called after a fork.

    Elsewhere nothing: a process then outlives a parent that is killed.
    """
    if not IS_LINUX:
        return lambda: None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, sign, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of what our children leave behind; elsewhere that is init's."""
    if IS_LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def close_to_siblings() -> None:
    """Let no other process of the same user read this one's memory or environment (Linux)."""
    if IS_LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def memory_folder() -> Path | None:
    """Return the folder whose files are kept in memory; elsewhere there is none."""
    return _MEMORY if IS_LINUX and _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) else None


def working_folder() -> str | None:
    """Return the path by which a process finds its working folder, if it may not enter those above.

    Elsewhere None. EDGE_PORTABLE changes nothing here: root could run no Postgres, and no test.
    """
    return "/proc/self/cwd" if _HAS_LINUX else None


def become_account(uid: int, gid: int) -> None:
    """Give up root for an account, for good."""
    os.setgroups([])
    if _HAS_LINUX:
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    else:  # which sets the saved ids as well
        os.setregid(gid, gid)
        os.setreuid(uid, uid)


def renounce_privileges(*, has_capabilities: bool) -> Callable[[], None]:
    """Return what gives up capabilities, and gaining any, prepared to be called after a fork.

    Elsewhere nothing: an account other than root's has none.
    """
    if not IS_LINUX:
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()

    def renounce() -> None:
        if has_capabilities and libc.capset(header, none):
            os._exit(1)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)

    return renounce


def limit_data(size: int) -> None:
    """Let the kernel refuse this process more memory; elsewhere others have to measure it."""
    if IS_LINUX:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (size, hard))


def open_anonymous_file(name: str) -> int:
    """Return the descriptor of a file without a name."""
    if IS_LINUX:
        return os.memfd_create(name)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def wait_for_signal(signals: Collection[signal.Signals], seconds: float) -> int | None:
    """Take one of the blocked signals that comes in that time; None if none does."""
    if IS_LINUX:
        found = signal.sigtimedwait(signals, seconds)
        return found.si_signo if found else None
    deadline = time.monotonic() + seconds
    while not signal.sigpending() & set(signals):
        if time.monotonic() >= deadline:
            return None
        time.sleep(_POLL_SECONDS)
    return signal.sigwait(signals)


def children() -> set[int]:
    """Return the processes whose parent this one is."""
    if not IS_LINUX:
        process = _process(os.getpid())
        return {child.pid for child in process.children()} if process else set()
    found: set[int] = set()
    for listing in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            found.update(map(int, listing.read_text().split()))
    return found


def event_polls() -> Iterable[int]:
    """Yield the descriptors of this process's epolls; elsewhere a fork does not share a kqueue."""
    if not IS_LINUX:
        return
    for entry in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):
            if str(entry.readlink()) == _EPOLL:
                yield int(entry.name)


def processes_in(folder: Path, name: str) -> set[int]:
    """Return the processes of that name which have the folder as working directory."""
    if not IS_LINUX:
        return _processes_in(folder, name)
    found: set[int] = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_here = (process / "cwd").readlink() == folder
            if is_here and (process / "comm").read_text().strip() == name:
                found.add(int(process.name))
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time of all its threads, at a resolution of 10 ms; 0 when it is gone."""
    if not IS_LINUX:
        times = _ask(pid, lambda process: process.cpu_times())
        return times.user + times.system if times else 0.0
    fields = _stat(pid)
    if not fields:
        return 0.0
    return (int(fields[_USER_TIME]) + int(fields[_USER_TIME + 1])) / _TICK


def idle_seconds() -> float:
    """Return how long all cores together have been idle, in seconds; 0 where it is not counted."""
    if not IS_LINUX:
        import psutil

        return float(psutil.cpu_times().idle)
    fields = _read("", "uptime").split()
    return float(fields[1]) if len(fields) > 1 else 0.0


def is_sleeping(pid: int) -> bool:
    """Whether its main thread waits for something, rather than for a processor."""
    if not IS_LINUX:
        return _status(pid) in {"sleeping", "disk-sleep", "idle"}
    fields = _stat(pid)
    return bool(fields) and fields[0] in b"SD"


def other_threads_wait_for_locks() -> bool:
    """Whether every thread of this process but the main one waits for a lock, without a timeout.

    A lock that other processes share does not count: they may free it. False elsewhere than on
    Linux.
    """
    number = _FUTEX.get(platform.machine())
    if not IS_LINUX or number is None:
        return False
    main = str(os.getpid())
    calls = [_read(f"self/task/{each}", "syscall") for each in _threads() if each != main]
    waits = (call.split() for call in calls)
    return all(len(call) > _FUTEX_TIMEOUT and _is_endless(call, number) for call in waits)


def _is_endless(call: list[bytes], number: bytes) -> bool:
    is_private = call[0] == number and int(call[_FUTEX_OPERATION], 16) & _FUTEX_PRIVATE
    return bool(is_private) and call[_FUTEX_TIMEOUT] == b"0x0"


def _threads() -> list[str]:
    with suppress(OSError):
        return os.listdir("/proc/self/task")
    return []


def is_stopped(pid: int) -> bool:
    """Whether all of it was stopped by a signal, or is gone."""
    if not IS_LINUX:
        return _status(pid) in {"stopped", "tracing-stop", "zombie", "dead", None}
    fields = _stat(pid)
    return not fields or fields[0] in b"TtZX"


def is_ending(pid: int) -> bool:
    """Whether it has begun to end, or is gone; elsewhere, whether it has ended."""
    if not IS_LINUX:
        return _status(pid) in {"zombie", "dead", None}
    fields = _stat(pid)
    return not fields or bool(int(fields[_FLAGS]) & _PF_EXITING) or fields[0] in b"ZX"


def resident_bytes(pid: int) -> int:
    """Return memory that it has in RAM, shared pages included; 0 when it is gone."""
    if not IS_LINUX:
        memory = _ask(pid, lambda process: process.memory_info())
        return memory.rss if memory else 0
    fields = _read(pid, "statm").split()
    return int(fields[1]) * _PAGE if fields else 0


def peak_bytes() -> int:
    """Return the most memory that this process has had in RAM."""
    if not IS_LINUX:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def is_alive(pid: int) -> bool:
    """Whether there is such a process, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _stat(pid: int) -> list[bytes]:
    return _read(pid, "stat").rpartition(b")")[2].split()


def _read(pid: int | str, name: str) -> bytes:
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


def _process(pid: int) -> "psutil.Process | None":
    import psutil  # imported late: Linux needs it not

    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def _ask(pid: int, question: "Callable[[psutil.Process], _T]") -> _T | None:
    import psutil

    process = _process(pid)
    try:
        return question(process) if process else None
    except psutil.Error:
        return None


def _status(pid: int) -> str | None:
    return _ask(pid, lambda process: str(process.status()))


def _processes_in(folder: Path, name: str) -> set[int]:
    import psutil

    found: set[int] = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name() == name and process.cwd() == str(folder):
                found.add(process.pid)
    return found
