"""The parent's side of the zygotes: starts them, forks workers, starts them again when they die."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge.events import Observer, ZygoteLost, ZygoteReady
from edge.runtime.launch.launcher import OnExit, WorkerSpec
from edge.runtime.launch.preload import modules_of
from edge.runtime.launch.zygote_connection import ZygoteConnection, socket_pair

_LONGEST_PAUSE = 5.0


@dataclass(slots=True)
class ZygoteClient:
    """The base zygote, the library zygote forked from it, and their workers.

    `libraries` returns the libraries that the project's functions import (keys of
    preload.LIBRARIES), and is called in a thread: the library zygote imports them at the start, and
    others when a function that imports them is first spawned. There is no library zygote while no
    function needs one. A zygote that dies again and again is started after growing pauses.
    """

    observe: Observer
    environment: Mapping[str, str]
    libraries: Callable[[], tuple[str, ...]]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _base: ZygoteConnection | None = field(default=None, init=False)
    _library: "asyncio.Task[ZygoteConnection] | None" = field(default=None, init=False)
    _ready: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _started: float = field(default=0.0, init=False)
    _is_reported: bool = field(default=False, init=False)
    _preload: asyncio.Task[None] | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _library_failures: int = field(default=0, init=False)
    _is_closing: bool = field(default=False, init=False)

    @property
    def pid(self) -> int | None:
        """Return the base zygote's."""
        return self._process.pid if self._process else None

    def baseline(self, pid: int) -> int:
        """Bytes that the zygote held when it forked the worker `pid`."""
        connections = (each for each in (self._base, self._library_or_none()) if each)
        return next((each.baselines[pid] for each in connections if pid in each.baselines), 0)

    def start(self) -> None:
        """Start the base zygote: from the main thread, since it dies with that thread."""
        ours, theirs = socket_pair()
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
        self._base = ZygoteConnection(
            ours, self._on_base_message, self._lose, pid=self._process.pid
        )

    async def spawn(self, spec: WorkerSpec, fds: list[int], on_exit: OnExit) -> int:
        """Fork a worker that owns copies of `fds`; its pid. `on_exit` gets its exit status later.

        Waits until what the function imports is imported. ConnectionError if the zygote dies.
        """
        await self._ready.wait()
        modules = modules_of(spec.libraries)
        connection = await self._library_connection() if modules else self._base
        if connection is None:
            raise ConnectionError("the zygote is not running")
        connection.request_imports(modules)
        await connection.wait_for(modules)
        return await connection.fork({"fork": "worker", "spec": spec.as_dict()}, fds, on_exit)

    async def close(self) -> None:
        """End the zygotes and, through the kernel, whatever they forked."""
        self._is_closing = True
        is_importing = not self._ready.is_set()
        self._disconnect()
        if self._process:
            if is_importing:
                self._process.kill()
            await asyncio.to_thread(self._process.wait)

    async def _library_connection(self) -> ZygoteConnection:
        if self._library is None or (self._library.done() and self._library_or_none() is None):
            self._fork_library()
        assert self._library is not None
        return await asyncio.shield(self._library)

    def _library_or_none(self) -> ZygoteConnection | None:
        task = self._library
        is_up = task and task.done() and not task.cancelled() and not task.exception()
        return task.result() if task and is_up else None

    def _fork_library(self, pause: float = 0) -> None:
        self._library = asyncio.create_task(self._start_library(pause))
        self._library.add_done_callback(_retrieve)

    async def _start_library(self, pause: float) -> ZygoteConnection:
        """Fork the library zygote from the base, and have it import what functions import."""
        await asyncio.sleep(pause)
        modules = modules_of(await asyncio.to_thread(self.libraries))
        base = self._base
        if base is None:
            raise ConnectionError("the zygote is not running")
        ours, theirs = socket_pair()
        connection = ZygoteConnection(ours, self._on_library_message, self._lose_library)
        with theirs:
            try:
                connection.pid = await base.fork(
                    {"fork": "zygote"}, [theirs.fileno()], _ignore_exit
                )
            except BaseException:
                connection.close()
                raise
        connection.request_imports(modules)
        return connection

    def _on_base_message(self, message: dict[str, Any]) -> None:
        assert self._base is not None
        self._failures = 0
        self._base.missing.extend(message["missing"])
        self._ready.set()
        self._preload = asyncio.create_task(self._start_preload())
        self._preload.add_done_callback(_retrieve)

    async def _start_preload(self) -> None:
        if await asyncio.to_thread(self.libraries):
            await self._library_connection()
        elif self._base:
            self._report(self._base.missing)

    def _on_library_message(self, _message: dict[str, Any]) -> None:
        connection = self._library_or_none()
        if connection and connection.imported == connection.requested:
            self._library_failures = 0
            missing = [*(self._base.missing if self._base else ()), *connection.missing]
            self._report(missing)

    def _report(self, missing: list[str]) -> None:
        """Publish, once for each start, that everything requested is imported."""
        if not self._is_reported:
            self._is_reported = True
            elapsed = (time.perf_counter() - self._started) * 1000
            self.observe(ZygoteReady(elapsed, tuple(missing)))

    def _lose_library(self) -> None:
        """Replace the library zygote, which died with its workers."""
        connection, self._library = self._library_or_none(), None
        if connection:
            connection.close()
        if not self._is_closing and self._base:
            self.observe(ZygoteLost(None))
            self._is_reported = False
            self._started = time.perf_counter()
            self._fork_library(_pause(self._library_failures))
            self._library_failures += 1

    def _lose(self) -> None:
        """Replace both zygotes: the base died, and with it all workers."""
        self._disconnect()
        if self._is_closing:
            return
        self.observe(ZygoteLost(self._process.wait() if self._process else None))
        asyncio.get_running_loop().call_later(_pause(self._failures), self.start)
        self._failures += 1

    def _disconnect(self) -> None:
        self._ready.clear()
        if self._preload:
            self._preload.cancel()
        base, self._base = self._base, None
        connection, task, self._library = self._library_or_none(), self._library, None
        if connection:
            connection.close()
        elif task:
            task.cancel()
        if base:
            base.close()


def _pause(failures: int) -> float:
    """Seconds before the next start, by how many starts have failed in a row before this loss."""
    return min(_LONGEST_PAUSE, 0.1 * 2**failures) if failures else 0


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Mark the exception as seen: spawns that await the library zygote get it too."""
    if not task.cancelled():
        task.exception()


def _ignore_exit(_status: int) -> None:
    """Do nothing: the end of the library zygote shows at its own socket."""
