"""The workers of one function: booted on demand, more when all are busy, fewer when they idle."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.events import (
    Boot,
    BootFailure,
    Level,
    LogLine,
    Observer,
    Shutdown,
    ShutdownReason,
    WorkerRetired,
)
from edge.project.limits import Action, Limits, decide, warnings
from edge.runtime.errors import (
    BOOT_ERROR,
    STOPPING,
    TOO_MANY_WEBSOCKETS,
    WORKER_ERROR,
    WorkerError,
)
from edge.runtime.launch.launcher import Launcher, WorkerSpec
from edge.runtime.pool.permits import Permits
from edge.runtime.pool.process import BootError, Process
from edge.runtime.pool.sources import Sources
from edge.runtime.pool.state import State
from edge.runtime.pool.token_bucket import TokenBucket
from edge.runtime.watch import Changed

_GRACE: Final = 15.0
_LONGEST_PAUSE: Final = 5.0
_FIRST_PAUSE: Final = 0.05
_BOOT_TRIES: Final = 2
_BOOT_DEADLINE: Final = 60.0
_BLOCKED: Final = 0.5
_BLOCKS_OTHERS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Scaling:
    """How many workers, how many requests in each, how long one may idle, in seconds.

    `is_oneshot`: a fresh worker for each request. `websockets` in each worker count apart.
    """

    max_workers: int = 1
    concurrency: int = 1
    idle_timeout: float = 150.0
    is_oneshot: bool = False
    websockets: int = 100

    @property
    def unfinished_bodies(self) -> int:
        """Return how many requests may hold a place while bodies still come: half of all places."""
        return self.max_workers * (1 if self.is_oneshot else self.concurrency) // 2


@dataclass(slots=True)
class Pool:
    """A boot failure is remembered and answered without another try until `reload()`.

    Workers that die without having answered delay the next boot, longer each time.
    """

    slug: str
    launcher: Launcher
    observe: Observer
    plan: Callable[[str], WorkerSpec]
    """Makes a worker's spec from its execution id."""
    next_address: Callable[[], Path]
    scaling: Scaling = field(default_factory=Scaling, init=False)
    limits: Limits = field(default_factory=Limits, init=False)
    bucket: TokenBucket | None = field(default=None, init=False)
    unfinished: Permits = field(init=False)
    """Held by requests that have a worker before their body is there."""
    sources: Sources = field(default_factory=Sources, init=False)
    _workers: set[Process] = field(default_factory=set[Process], init=False)
    _boots: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]], init=False)
    _waiting: deque[asyncio.Future[Process]] = field(
        default_factory=deque[asyncio.Future[Process]], init=False
    )
    _waiting_sockets: deque[asyncio.Future[Process]] = field(
        default_factory=deque[asyncio.Future[Process]], init=False
    )
    _changed_in_boot: set[str] = field(default_factory=set[str], init=False)
    _generation: int = field(default=0, init=False)
    _has_failed: bool = field(default=False, init=False)
    _crashes: int = field(default=0, init=False)
    _is_closing: bool = field(default=False, init=False)

    def configure(self, scaling: Scaling, limits: Limits) -> None:
        """Say what holds from now on."""
        self.scaling, self.limits = scaling, limits
        self.unfinished = Permits(scaling.unfinished_bodies)
        self.bucket = TokenBucket(limits.rate) if limits.rate else None

    @property
    def workers(self) -> list[Process]:
        """Return the workers that live."""
        return list(self._workers)

    @property
    def is_warm(self) -> bool:
        """Whether a worker is ready, so that a request need not wait for a boot."""
        return any(process.state is State.READY for process in self._workers)

    async def acquire(self, *, socket: bool = False) -> Process:
        """Return a worker for one request, or WebSocket; counted in it until `process.leave()`."""
        if self._has_failed:
            raise WorkerError(BOOT_ERROR)
        if self._is_closing:
            raise WorkerError(STOPPING)
        process = self._pick(socket=socket)
        if process is None:
            if socket and self._is_full_of_sockets():
                raise WorkerError(TOO_MANY_WEBSOCKETS)
            waiting: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
            (self._waiting_sockets if socket else self._waiting).append(waiting)
            self._grow()
            try:
                return await waiting
            except asyncio.CancelledError:
                if waiting.done() and not waiting.cancelled() and not waiting.exception():
                    waiting.result().leave(socket=socket)
                raise
        process.enter(socket=socket)
        return process

    def discard(self, process: Process) -> None:
        """Send nothing more to a worker that broke off; its other requests may finish."""
        if process.state is State.READY:
            self._retire(process, ShutdownReason.EVENT_LOOP_COMPLETED)
            process.terminate()

    def reload(self) -> None:
        """Let the next request run the code as it is now; requests in flight finish on the old."""
        self._generation += 1
        for boot in self._boots:
            boot.cancel()
        self._boots.clear()
        self._changed_in_boot.clear()
        self._has_failed = False
        self._crashes = 0
        for process in tuple(self._workers):
            if process.state is State.READY:
                self._retire(process, ShutdownReason.TERMINATION_REQUESTED)
        self._grow()

    def is_concerned(self, changed: Changed) -> bool:
        """Whether its workers have loaded what changed, or could not boot before.

        What a boot under way may have loaded is looked at again at the boot's end.
        """
        is_own = changed.slug in (None, self.slug)
        if is_own and (changed.is_setting or self._has_failed):
            return True
        if self._boots:
            self._changed_in_boot.add(changed.real_path)
        return self.sources.concern(changed.real_path)

    def supervise(self, now: float) -> None:
        """Hold the workers to their limits, and let go of those that idle."""
        for process in tuple(self._workers):
            if process.state not in {State.READY, State.RETIRED}:
                continue
            is_unused = process.is_idle and now - process.idle_since >= self.scaling.idle_timeout
            if process.ending_since and now - process.ending_since > _GRACE:
                process.kill()
            elif process.state is State.READY and is_unused:
                self._retire(process, ShutdownReason.EARLY_DROP)
            else:
                self._enforce(process)
                self._watch_loop(process, now)
        if self._waiting or self._waiting_sockets:
            self._serve_waiting()
            self._grow()

    async def close(self, grace: float = _GRACE) -> None:
        """End all workers: requests finish and background work gets its notice, within `grace`.

        Requests that still wait for a worker are refused.
        """
        self._is_closing = True
        self._fail_waiting(WorkerError(STOPPING))
        for boot in self._boots:
            boot.cancel()
        await asyncio.gather(*self._boots, return_exceptions=True)
        for process in tuple(self._workers):
            if process.state is State.READY:
                self._retire(process, ShutdownReason.TERMINATION_REQUESTED)
            process.notify("termination")
            process.terminate()
        await asyncio.gather(*(process.wait(grace) for process in tuple(self._workers)))

    def _pick(self, *, socket: bool = False) -> Process | None:
        """Return the least busy worker with room."""
        if socket and not self.scaling.is_oneshot:
            ready = [p for p in self._ready() if p.sockets < self.scaling.websockets]
        else:
            room = 1 if self.scaling.is_oneshot else self.scaling.concurrency
            ready = [p for p in self._ready() if p.in_flight + p.sockets * socket < room]
        if ready and self.limits.stall is not None:
            now = time.monotonic()
            ready = [process for process in ready if not process.liveness.is_late(now)]
        return min(ready, key=lambda p: p.sockets if socket else p.in_flight, default=None)

    def _ready(self) -> list[Process]:
        return [process for process in self._workers if process.state is State.READY]

    def _is_full_of_sockets(self) -> bool:
        """Whether only the end of a WebSocket could make room for another."""
        return (
            not self._boots
            and self._count_alive() >= self.scaling.max_workers
            and all(p.sockets >= self.scaling.websockets for p in self._ready())
        )

    def _grow(self) -> None:
        """Boot as many workers as those who wait need, within the limit."""
        room = 1 if self.scaling.is_oneshot else self.scaling.concurrency
        self._waiting = deque(waiting for waiting in self._waiting if not waiting.done())
        self._waiting_sockets = deque(each for each in self._waiting_sockets if not each.done())
        sockets = 1 if self.scaling.is_oneshot else self.scaling.websockets
        alive = self._count_alive()
        while alive + len(self._boots) < self.scaling.max_workers and (
            len(self._waiting) > len(self._boots) * room
            or len(self._waiting_sockets) > len(self._boots) * sockets
        ):
            boot = asyncio.create_task(self._boot())
            self._boots.add(boot)
            boot.add_done_callback(self._booted)

    def _count_alive(self) -> int:
        """The workers that count for `max_workers`: as many blocked ones are replaced meanwhile."""
        ready = self._ready()
        blocked = sum(1 for process in ready if process.liveness.blocked >= _BLOCKED)
        return len(ready) - min(blocked, self.scaling.max_workers)

    def _booted(self, boot: asyncio.Task[None]) -> None:
        self._boots.discard(boot)
        error = None if boot.cancelled() else boot.exception()
        is_hopeless = self._crashes >= _BOOT_TRIES or not isinstance(error, ConnectionError)
        if error and is_hopeless:
            self._fail_waiting(WorkerError(WORKER_ERROR), error)
        self._grow()

    async def _boot(self) -> None:
        started = time.perf_counter()
        await asyncio.sleep(self._pause())
        process = Process(
            self.slug,
            self.next_address(),
            self._generation,
            self.observe,
            self._changed,
            self.sources,
        )
        self._workers.add(process)
        try:
            spec = self.plan(process.execution_id)
            deadline = None if spec.inspect_port else _BOOT_DEADLINE
            await process.boot(self.launcher, spec, deadline)
        except BootError as exc:
            self._abandon(process)
            self._fail_boot(process, exc)
            return
        except BaseException:
            self._abandon(process)
            raise
        boot_ms = (time.perf_counter() - started) * 1000
        self.observe(Boot(self.slug, process.execution_id, process.pid or 0, boot_ms))
        if process.generation != self._generation:
            self._retire(process, ShutdownReason.TERMINATION_REQUESTED)
        elif self._is_outdated():
            self.reload()
        else:
            self._serve_waiting()

    def _is_outdated(self) -> bool:
        """Whether what a boot has loaded was changed meanwhile."""
        changed = self._changed_in_boot
        if len(self._boots) <= 1:
            self._changed_in_boot = set()
        return any(self.sources.concern(path) for path in changed)

    def _abandon(self, process: Process) -> None:
        """Let go of a worker that did not become ready."""
        process.kill(ShutdownReason.TERMINATION_REQUESTED)
        if process.pid is None:
            self._workers.discard(process)

    def _fail_boot(self, process: Process, error: BootError) -> None:
        if process.generation != self._generation:
            return
        if self._is_outdated():
            self.reload()
            return
        self._has_failed = True
        self.observe(BootFailure(self.slug, process.execution_id, str(error)))
        self._fail_waiting(WorkerError(BOOT_ERROR), error)

    def _fail_waiting(self, answer: WorkerError, cause: BaseException | None = None) -> None:
        answer.__cause__ = cause
        for waiting in (*self._waiting, *self._waiting_sockets):
            if not waiting.done():
                waiting.set_exception(answer)
        self._waiting.clear()
        self._waiting_sockets.clear()

    def _serve_waiting(self) -> None:
        for socket, queue in ((False, self._waiting), (True, self._waiting_sockets)):
            while queue and (process := self._pick(socket=socket)):
                waiting = queue.popleft()
                if not waiting.done():
                    process.enter(socket=socket)
                    waiting.set_result(process)

    def _pause(self) -> float:
        if self._crashes < 2:
            return 0.0
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (self._crashes - 2))

    def _changed(self, process: Process) -> None:
        """Something of it ended, or it did."""
        if process.state is State.DEAD:
            self._on_exit(process)
        elif process.state is State.RETIRED and process.is_idle:
            self._drop(process)
        elif process.state is State.READY and self.scaling.is_oneshot:
            self._retire(process, ShutdownReason.EARLY_DROP)
        if self._waiting or self._waiting_sockets:
            self._serve_waiting()
            self._grow()

    def _retire(self, process: Process, reason: ShutdownReason) -> None:
        process.retire(reason)
        self.observe(WorkerRetired(self.slug, process.execution_id, reason))
        if process.is_idle:
            self._drop(process)

    def _drop(self, process: Process) -> None:
        """A retired worker with nothing open ends early."""
        is_early = process.reason is not ShutdownReason.TERMINATION_REQUESTED
        process.notify("early_drop" if is_early else "termination")
        process.terminate()

    def _on_exit(self, process: Process) -> None:
        if process not in self._workers:
            return  # a request that it broke off ends after it
        self._workers.remove(process)
        reason = process.reason or ShutdownReason.EVENT_LOOP_COMPLETED
        by_itself = reason is ShutdownReason.EVENT_LOOP_COMPLETED
        self._crashes = self._crashes + 1 if by_itself and process.served == 0 else 0
        self.observe(
            Shutdown(
                self.slug,
                process.execution_id,
                reason,
                process.exit_status or 0,
                process.cpu_total * 1000,
                process.usage.memory,
            )
        )

    def _enforce(self, process: Process) -> None:
        usage = process.measure()
        for reason in warnings(usage, self.limits):
            process.notify(reason)
        match decide(usage, self.limits):
            case (Action.KILL, reason):
                process.kill(reason)
            case (Action.RETIRE, reason) if process.state is State.READY:
                self._retire(process, reason)
            case _:
                return

    def _watch_loop(self, process: Process, now: float) -> None:
        """Kill a worker whose event loop is blocked for too long, or in the way of requests."""
        limit = self.limits.stall
        is_over = process.is_killed or process.state is State.DEAD  # or its end is not known yet
        if limit is None or process.ending_since or is_over:
            return
        blocked = process.liveness.check(process.pid or 0, now)
        is_warm = process.served > 0  # a first request may import what it needs
        is_in_the_way = is_warm and blocked >= _BLOCKS_OTHERS and process.has_unread_requests()
        if blocked < limit and not is_in_the_way:
            return
        if not process.is_sampled:  # late, for a signal can cost it a line that it writes
            process.sample()
            return
        self.observe(
            LogLine(
                self.slug,
                process.execution_id,
                "stderr",
                Level.ERROR,
                _describe_block(process, blocked),
            )
        )
        if process.state is State.READY:
            self._retire(process, ShutdownReason.EVENT_LOOP_BLOCKED)
        process.freeze()
        process.kill(ShutdownReason.EVENT_LOOP_BLOCKED)


def _describe_block(process: Process, blocked: float) -> str:
    if process.has_stuck_threads:
        return (
            f"All threads of the worker have waited for locks for {blocked:.1f} s, and none can"
            f" free one, so the worker is killed. It hangs in {process.stacks}"
        )
    return (
        f"The worker's event loop was blocked for {blocked:.1f} s, so the worker is killed."
        " Put blocking work into a plain `def main`, asyncio.to_thread or a process,"
        f" or raise stall_timeout in function.toml. It hangs in {process.stacks}"
    )
