"""The workers of one function: the first request boots one, a crash or a change replaces it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge.events import Boot, BootFailure, Observer, Shutdown, ShutdownReason
from edge.runtime.errors import BOOT_ERROR, WORKER_ERROR, WorkerError
from edge.runtime.process import BootError, Process
from edge.runtime.spawner import Spawner, WorkerSpec
from edge.runtime.wire import Connection

_GRACE = 5.0
_CONNECT_TRIES = 3


@dataclass(slots=True)
class Pool:
    """One worker at a time; concurrent first requests share its boot.

    A boot failure is remembered and answered without another try until `reload()`.
    """

    slug: str
    spawner: Spawner
    observe: Observer
    plan: Callable[[], WorkerSpec]
    next_address: Callable[[], Path]
    _booting: asyncio.Task[Process] | None = field(default=None, init=False)
    _process: Process | None = field(default=None, init=False)
    _has_failed: bool = field(default=False, init=False)
    _retired: set[Process] = field(default_factory=set[Process], init=False)

    async def connect(self) -> tuple[Process, Connection]:
        """A connection to a worker, which is booted if need be."""
        for _ in range(_CONNECT_TRIES):
            process = await self._acquire()
            try:
                return process, await process.connect()
            except OSError:
                self.discard(process)
        raise WorkerError(WORKER_ERROR)

    def discard(self, process: Process) -> None:
        """Send nothing more to a worker that broke off; its other requests may finish."""
        if self._process is process:
            self._process = None
        if process.is_alive:
            self._retired.add(process)
            process.terminate()

    async def _acquire(self) -> Process:
        if self._process and self._process.is_alive:
            return self._process
        if self._has_failed:
            raise WorkerError(BOOT_ERROR)
        if self._booting is None:
            self._booting = asyncio.create_task(self._boot())
        booting = self._booting
        try:
            return await asyncio.shield(booting)
        except BootError as exc:
            raise WorkerError(BOOT_ERROR) from exc
        except ConnectionError as exc:
            raise WorkerError(WORKER_ERROR) from exc
        finally:
            if booting.done() and self._booting is booting:
                self._booting = None

    def reload(self) -> None:
        """Let the next request run the code as it is now; requests in flight finish on the old."""
        self._has_failed = False
        self._booting = None
        if self._process:
            self.discard(self._process)

    async def close(self) -> None:
        """End all its workers; requests in flight get a grace period."""
        if self._booting:
            self._booting.cancel()
        self.reload()
        await asyncio.gather(*(process.wait(_GRACE) for process in tuple(self._retired)))

    async def _boot(self) -> Process:
        started = time.perf_counter()
        process = Process(self.slug, self.next_address(), self.observe)
        mine = asyncio.current_task()
        try:
            await process.boot(self.spawner, self.plan(), self._exited)
        except BootError as exc:
            self.observe(BootFailure(self.slug, process.execution_id, str(exc)))
            self._has_failed = self._booting is mine
            raise
        boot_ms = (time.perf_counter() - started) * 1000
        self.observe(Boot(self.slug, process.execution_id, process.pid or 0, boot_ms))
        if self._booting is mine:
            self._process = process
        else:
            self._retire_stale(process)
        return process

    def _retire_stale(self, process: Process) -> None:
        """Its source changed while it booted: those who wait may use it, nobody after them."""
        self._retired.add(process)
        asyncio.get_running_loop().call_later(1, process.terminate)

    def _exited(self, process: Process) -> None:
        was_asked = process in self._retired
        self._retired.discard(process)
        if self._process is process:
            self._process = None
        reason = (
            ShutdownReason.TERMINATION_REQUESTED
            if was_asked
            else ShutdownReason.EVENT_LOOP_COMPLETED
        )
        self.observe(Shutdown(self.slug, process.execution_id, reason, process.exit_status or 0))
