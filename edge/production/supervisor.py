"""The parent of an instance's processes: forks them, restarts those that die, stops them all.

Where a fork without exec is not safe they are started from nothing.

All inherit one listening socket. With SO_REUSEPORT each process would have its own accept queue,
and connections waiting in the queue of a process that dies would be lost.
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
from edge.operating_system import IS_LINUX, open_anonymous_file, wait_for_signal
from edge.production import started
from edge.production.cloud_logging import render_remark
from edge.production.process import STOP_SIGNALS, GatewayProcess, Readiness
from edge.production.settings import Instance
from edge.production.shared_metrics import MetricsBoard
from edge.production.writer import LineWriter, open_lock, write_whole
from edge.runtime.launch.prctl import die_with_parent

_AWAITED_SIGNALS: Final = (*STOP_SIGNALS, signal.SIGCHLD)
_BACKLOG: Final = 2048
_QUICK_EXIT_SECONDS: Final = 2.0
_MAX_BACKOFF_SECONDS: Final = 5.0
_EXTRA_GRACE_SECONDS: Final = 3.0  # beyond the grace period
_POLL_SECONDS: Final = 0.5


def listen(host: str, port: int) -> socket.socket:
    """Bind the socket that all processes accept from. Raises EdgeError if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as exc:
        listener.close()
        raise EdgeError(
            f"Port {port} cannot be bound: {exc}",
            cure="Choose another: --port N, or PORT=N in the environment.",
        ) from exc
    listener.listen(_BACKLOG)
    return listener


@dataclass(frozen=True, slots=True)
class _Child:
    index: int
    started_at: float


@dataclass(slots=True)
class Supervisor:
    """Single-threaded and without an event loop, so that it can fork safely at any time."""

    instance: Instance
    listener: socket.socket
    _lock: int = field(default_factory=open_lock, init=False)
    _readiness: int = field(init=False)
    _metrics: MetricsBoard = field(init=False)
    _children: dict[int, _Child] = field(default_factory=dict[int, _Child], init=False)
    _quick_exits: int = field(default=0, init=False)
    _spawn_after: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._readiness = open_anonymous_file("edge-readiness")
        os.ftruncate(self._readiness, self.instance.processes)
        self._metrics = MetricsBoard.create(self.instance.processes)

    def run(self) -> None:
        """Run until a stop signal, and then until requests in flight have finished."""
        signal.signal(signal.SIGCHLD, _ignore)  # the default disposition discards it
        signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED_SIGNALS)
        port = self.listener.getsockname()[1]
        count, url = self.instance.processes, self.instance.hosted.url
        self._log("INFO", f"{count} processes serve port {port}; the project is {url}")
        while True:
            self._spawn_missing()
            sign = wait_for_signal(_AWAITED_SIGNALS, _POLL_SECONDS)
            if sign in STOP_SIGNALS:
                break
            self._reap()
        self._drain()

    def _spawn_missing(self) -> None:
        running = {child.index for child in self._children.values()}
        missing = set(range(self.instance.processes)) - running
        if missing and time.monotonic() >= self._spawn_after:
            for index in missing:
                self._spawn(index)

    def _spawn(self, index: int) -> None:
        parent = os.getpid()
        sys.stdout.flush()
        if not IS_LINUX:
            descriptors = (self.listener.fileno(), self._lock, self._readiness)
            shared = started.Shared(*descriptors, self._metrics.slots)
            pid = started.start(self.instance, shared, index)
            self._children[pid] = _Child(index, time.monotonic())
            return
        pid = os.fork()
        if pid:
            self._children[pid] = _Child(index, time.monotonic())
            return
        status = 1
        try:
            die_with_parent(parent)
            writer = LineWriter(sys.stdout.fileno(), self._lock)
            board = mmap.mmap(self._readiness, self.instance.processes)
            readiness = Readiness(board, index)
            GatewayProcess(self.instance, self.listener, writer, readiness, self._metrics).run()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def _reap(self) -> None:
        for pid, status in self._wait_for_exited():
            lived = time.monotonic() - self._children.pop(pid).started_at
            self._quick_exits = self._quick_exits + 1 if lived < _QUICK_EXIT_SECONDS else 0
            backoff = 0.1 * 2**self._quick_exits if self._quick_exits else 0.0
            self._spawn_after = time.monotonic() + min(backoff, _MAX_BACKOFF_SECONDS)
            self._log("ERROR", f"process {pid} ended ({status}); restarting")

    def _wait_for_exited(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        with suppress(ChildProcessError):
            while (exited := os.waitpid(-1, os.WNOHANG))[0]:
                if exited[0] in self._children:
                    found.append((exited[0], os.waitstatus_to_exitcode(exited[1])))
        return found

    def _drain(self) -> None:
        self.listener.close()
        self._log("INFO", "stopping: requests in flight may finish")
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + self.instance.grace + _EXTRA_GRACE_SECONDS
        while self._children and time.monotonic() < deadline:
            wait_for_signal((signal.SIGCHLD,), _POLL_SECONDS)
            for pid, _ in self._wait_for_exited():
                del self._children[pid]
        if self._children:
            self._log("ERROR", f"{len(self._children)} processes did not exit in time: killed")
            self._signal_all(signal.SIGKILL)

    def _signal_all(self, sign: signal.Signals) -> None:
        for pid in self._children:
            with suppress(ProcessLookupError):
                os.kill(pid, sign)

    def _log(self, severity: str, message: str) -> None:
        line = render_remark(severity, message, time.time())
        write_whole(sys.stdout.fileno(), self._lock, [line])


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing: sigtimedwait returns the signal."""
