"""The parent's side of the zygotes: starts them, forks workers, starts them again when they die."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from edge.events import Observer, ZygoteLost, ZygoteReady
from edge.runtime.launch.launcher import OnExit, WorkerSpec
from edge.runtime.launch.preload import modules_of
from edge.runtime.launch.zygote import MAX_MESSAGE
from edge.runtime.pool.usage import resident_bytes

_LONGEST_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class _Fork:
    pid: asyncio.Future[int]
    on_exit: OnExit


@dataclass(slots=True)
class _Line:
    """The control socket of one zygote and what was forked through it."""

    control: socket.socket
    on_message: Callable[[dict[str, Any]], None]
    on_lost: Callable[[], None]
    pid: int = 0
    baseline: int = 0
    requested: set[str] = field(default_factory=set[str])
    imported: set[str] = field(default_factory=set[str])
    missing: list[str] = field(default_factory=list[str])
    baselines: dict[int, int] = field(default_factory=dict[int, int])
    _changed: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _forks: deque[_Fork] = field(default_factory=deque[_Fork], init=False)
    _exits: dict[int, OnExit] = field(default_factory=dict[int, OnExit], init=False)
    _is_open: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        asyncio.get_running_loop().add_reader(self.control, self._receive)

    def request_imports(self, modules: list[str]) -> None:
        """Have the zygote import these, unless they were requested before."""
        new = [module for module in modules if module not in self.requested]
        if new:
            self.requested.update(new)
            self.control.send(json.dumps({"import": new}).encode())

    async def wait_for(self, modules: list[str]) -> None:
        """Return once the modules are imported, or found missing; ConnectionError if lost."""
        while self._is_open and not self.imported.issuperset(modules):
            await self._changed.wait()
        if not self._is_open:
            raise ConnectionError("the zygote died")

    async def fork(self, message: dict[str, Any], fds: list[int], on_exit: OnExit) -> int:
        fork = _Fork(asyncio.get_running_loop().create_future(), on_exit)
        socket.send_fds(self.control, [json.dumps(message).encode()], fds)
        self._forks.append(fork)
        return await fork.pid

    def close(self) -> None:
        """Close the socket, upon which the zygote ends; workers' exits are reported as -9."""
        if not self._is_open:
            return
        self._is_open = False
        asyncio.get_running_loop().remove_reader(self.control)
        self.control.close()
        self._wake()
        forks, self._forks = self._forks, deque()
        for fork in forks:
            if not fork.pid.done():
                fork.pid.set_exception(ConnectionError("the zygote died"))
        exits, self._exits = self._exits, {}
        for on_exit in exits.values():
            on_exit(-9)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _receive(self) -> None:
        try:
            message = self.control.recv(MAX_MESSAGE)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if message:
            self._handle(json.loads(message))
        else:
            self.on_lost()

    def _handle(self, message: dict[str, Any]) -> None:
        match message["event"]:
            case "ready":
                self.baseline = resident_bytes(self.pid)
                self.on_message(message)
            case "imported":
                self.baseline = resident_bytes(self.pid)
                self.imported.add(message["module"])
                if not message["ok"]:
                    self.missing.append(message["module"])
                self._wake()
                self.on_message(message)
            case "spawned":
                self._spawned(self._forks.popleft(), message["pid"])
            case "refused":
                fork = self._forks.popleft()
                if not fork.pid.done():
                    fork.pid.set_exception(OSError(message["reason"]))
            case _:
                self.baselines.pop(message["pid"], None)
                if on_exit := self._exits.pop(message["pid"], None):
                    on_exit(message["status"])

    def _spawned(self, fork: _Fork, pid: int) -> None:
        self._exits[pid] = fork.on_exit
        self.baselines[pid] = self.baseline
        if fork.pid.done():  # its caller was cancelled
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        else:
            fork.pid.set_result(pid)


@dataclass(slots=True)
class ZygoteClient:
    """The base zygote, the library zygote forked from it, and their workers.

    `libraries` returns the libraries that the project's functions import (keys of
    preload.LIBRARIES): the library zygote imports them at the start, and others when a function
    that imports them is first spawned. There is no library zygote while no function needs one.
    """

    observe: Observer
    environment: Mapping[str, str]
    libraries: Callable[[], tuple[str, ...]]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _base: _Line | None = field(default=None, init=False)
    _library: "asyncio.Task[_Line] | None" = field(default=None, init=False)
    _ready: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _started: float = field(default=0.0, init=False)
    _is_reported: bool = field(default=False, init=False)
    _failures: int = field(default=0, init=False)
    _is_closing: bool = field(default=False, init=False)

    @property
    def pid(self) -> int | None:
        """The base zygote's."""
        return self._process.pid if self._process else None

    def baseline(self, pid: int) -> int:
        """Bytes that the zygote held when it forked the worker `pid`."""
        lines = (line for line in (self._base, self._library_or_none()) if line)
        return next((line.baselines[pid] for line in lines if pid in line.baselines), 0)

    def start(self) -> None:
        """Start the base zygote: from the main thread, since it dies with that thread."""
        ours, theirs = _socket_pair()
        arguments = ("-P", "-m", "edge.runtime.launch.zygote", os.getpid(), theirs.fileno())
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=dict(self.environment),
                start_new_session=True,
            )
        self._started = time.perf_counter()
        self._is_reported = False
        self._base = _Line(ours, self._on_base_message, self._lose, pid=self._process.pid)

    async def spawn(self, spec: WorkerSpec, fds: list[int], on_exit: OnExit) -> int:
        """Fork a worker that owns copies of `fds`; its pid. `on_exit` gets its exit status later.

        Waits until what the function imports is imported. ConnectionError if the zygote dies.
        """
        await self._ready.wait()
        modules = modules_of(spec.libraries)
        line = await self._library_line() if modules else self._base
        if line is None:
            raise ConnectionError("the zygote is not running")
        line.request_imports(modules)
        await line.wait_for(modules)
        return await line.fork({"fork": "worker", "spec": spec.as_dict()}, fds, on_exit)

    async def close(self) -> None:
        """End the zygotes and, through the kernel, whatever they forked."""
        self._is_closing = True
        is_importing = not self._ready.is_set()
        self._disconnect()
        if self._process:
            if is_importing:
                self._process.kill()
            await asyncio.to_thread(self._process.wait)

    async def _library_line(self) -> _Line:
        if self._library is None or (self._library.done() and self._library_or_none() is None):
            self._fork_library()
        assert self._library is not None
        return await asyncio.shield(self._library)

    def _library_or_none(self) -> _Line | None:
        task = self._library
        is_up = task and task.done() and not task.cancelled() and not task.exception()
        return task.result() if task and is_up else None

    def _fork_library(self) -> None:
        self._library = asyncio.create_task(self._start_library())
        self._library.add_done_callback(_retrieve)

    async def _start_library(self) -> _Line:
        """Fork the library zygote from the base, and have it import what functions import."""
        base = self._base
        if base is None:
            raise ConnectionError("the zygote is not running")
        ours, theirs = _socket_pair()
        line = _Line(ours, self._on_library_message, self._lose_library)
        with theirs:
            try:
                line.pid = await base.fork({"fork": "zygote"}, [theirs.fileno()], _ignore_exit)
            except BaseException:
                line.close()
                raise
        line.request_imports(modules_of(self.libraries()))
        return line

    def _on_base_message(self, message: dict[str, Any]) -> None:
        assert self._base is not None
        self._failures = 0
        self._base.missing.extend(message["missing"])
        self._ready.set()
        if self.libraries():
            self._fork_library()
        else:
            self._report(message["missing"])

    def _on_library_message(self, _message: dict[str, Any]) -> None:
        line = self._library_or_none()
        if line and line.imported == line.requested:
            missing = [*(self._base.missing if self._base else ()), *line.missing]
            self._report(missing)

    def _report(self, missing: list[str]) -> None:
        """Publish, once for each start, that everything requested is imported."""
        if not self._is_reported:
            self._is_reported = True
            elapsed = (time.perf_counter() - self._started) * 1000
            self.observe(ZygoteReady(elapsed, tuple(missing)))

    def _lose_library(self) -> None:
        """Replace the library zygote, which died with its workers."""
        line, self._library = self._library_or_none(), None
        if line:
            line.close()
        if not self._is_closing and self._base:
            self.observe(ZygoteLost(None))
            self._is_reported = False
            self._started = time.perf_counter()
            self._fork_library()

    def _lose(self) -> None:
        """Replace both zygotes: the base died, and with it all workers."""
        self._disconnect()
        if self._is_closing:
            return
        self.observe(ZygoteLost(self._process.wait() if self._process else None))
        pause = min(_LONGEST_PAUSE, 0.1 * 2**self._failures) if self._failures else 0
        self._failures += 1
        asyncio.get_running_loop().call_later(pause, self.start)

    def _disconnect(self) -> None:
        self._ready.clear()
        base, self._base = self._base, None
        line, task, self._library = self._library_or_none(), self._library, None
        if line:
            line.close()
        elif task:
            task.cancel()
        if base:
            base.close()


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_MESSAGE)
    return ours, theirs


def _retrieve(task: asyncio.Task[_Line]) -> None:
    """Mark the exception as seen: it is raised again to each spawn that awaits the task."""
    if not task.cancelled():
        task.exception()


def _ignore_exit(_status: int) -> None:
    """Do nothing: the end of the library zygote shows at its own socket."""
