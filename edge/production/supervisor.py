"""The parent of an instance's processes: forks them, replaces those that die, ends them all.

All inherit one listening socket. With SO_REUSEPORT each would have a queue of its own, and what
waits in the queue of a process that dies would be lost; so the others accept it.
"""

import mmap
import os
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

from edge.errors import EdgeError
from edge.production.booted import Booted
from edge.production.cloud_logging import render_remark
from edge.production.process import STOPPING, GatewayProcess
from edge.production.settings import Instance
from edge.production.writer import LineWriter, open_lock, write_whole
from edge.runtime.launch.prctl import die_with_parent

_WAKING: Final = (*STOPPING, signal.SIGCHLD)
_BACKLOG: Final = 2048
_QUICK_DEATH: Final = 2.0
_LONGEST_PAUSE: Final = 5.0
_PATIENCE: Final = 3.0  # beyond the grace period
_STEP: Final = 0.5


def listen(host: str, port: int) -> socket.socket:
    """The socket that all processes accept from."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as exc:
        listener.close()
        raise EdgeError(
            f"Port {port} is taken by another program, or not to be had: {exc}",
            cure="Choose another: --port N, or PORT=N in the environment.",
        ) from exc
    listener.listen(_BACKLOG)
    return listener


@dataclass(frozen=True, slots=True)
class _Birth:
    place: int
    moment: float


@dataclass(slots=True)
class Supervisor:
    """One thread, no event loop: it may fork whenever it has to."""

    instance: Instance
    listener: socket.socket
    _lock: int = field(default_factory=open_lock, init=False)
    _booted: mmap.mmap = field(init=False)
    _born: dict[int, _Birth] = field(default_factory=dict[int, _Birth], init=False)
    _quick_deaths: int = field(default=0, init=False)
    _forks_from: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._booted = mmap.mmap(-1, self.instance.processes)  # anonymous: all processes see it

    def run(self) -> None:
        """Until SIGTERM or Ctrl-C, and then until requests under way are answered."""
        signal.signal(signal.SIGCHLD, _ignore)  # else it would not be kept for us
        signal.pthread_sigmask(signal.SIG_BLOCK, _WAKING)
        port = self.listener.getsockname()[1]
        count, url = self.instance.processes, self.instance.remote.url
        self._say("INFO", f"{count} processes serve port {port}; the project is {url}")
        while True:
            self._fill()
            sign = signal.sigtimedwait(_WAKING, _STEP)
            if sign and sign.si_signo in STOPPING:
                break
            self._reap()
        self._drain()

    def _fill(self) -> None:
        taken = {birth.place for birth in self._born.values()}
        missing = set(range(self.instance.processes)) - taken
        if missing and time.monotonic() >= self._forks_from:
            for place in missing:
                self._fork(place)

    def _fork(self, place: int) -> None:
        parent = os.getpid()
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            self._born[pid] = _Birth(place, time.monotonic())
            return
        status = 1
        try:
            die_with_parent(parent)
            writer = LineWriter(sys.stdout.fileno(), self._lock)
            booted = Booted(self._booted, place)
            GatewayProcess(self.instance, self.listener, writer, booted).run()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def _reap(self) -> None:
        for pid, status in self._ended():
            lived = time.monotonic() - self._born.pop(pid).moment
            self._quick_deaths = self._quick_deaths + 1 if lived < _QUICK_DEATH else 0
            pause = 0.1 * 2**self._quick_deaths if self._quick_deaths else 0.0
            self._forks_from = time.monotonic() + min(pause, _LONGEST_PAUSE)
            self._say("ERROR", f"process {pid} ended ({status}); another takes its place")

    def _ended(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] in self._born:
                    found.append((ended[0], os.waitstatus_to_exitcode(ended[1])))
        return found

    def _drain(self) -> None:
        self.listener.close()
        self._say("INFO", "stopping: what is under way may finish")
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + self.instance.grace + _PATIENCE
        while self._born and time.monotonic() < deadline:
            signal.sigtimedwait((signal.SIGCHLD,), _STEP)
            for pid, _ in self._ended():
                del self._born[pid]
        if self._born:
            self._say("ERROR", f"{len(self._born)} processes did not end in time: killed")
            self._signal_all(signal.SIGKILL)

    def _signal_all(self, sign: signal.Signals) -> None:
        for pid in self._born:
            with suppress(ProcessLookupError):
                os.kill(pid, sign)

    def _say(self, severity: str, message: str) -> None:
        line = render_remark(severity, message, time.time())
        write_whole(sys.stdout.fileno(), self._lock, [line])


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing: sigtimedwait tells."""
