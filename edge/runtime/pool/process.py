"""One worker as its parent sees it: starting, ready, serving, stopping, ended."""

import asyncio
import os
import signal
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from edge.events import Observer, ShutdownReason, UncaughtException
from edge.logs.line import read_line
from edge.operating_system import cpu_seconds, is_ending, is_stopped, resident_bytes
from edge.project.limits import Usage
from edge.runtime.launch.launcher import Launcher, WorkerSpec
from edge.runtime.pool.control_channel import ControlChannel
from edge.runtime.pool.liveness import Liveness
from edge.runtime.pool.output import LineReader, split_mark
from edge.runtime.pool.sources import Sources
from edge.runtime.pool.stack_sample import render_stacks
from edge.runtime.pool.state import State, Step, advance
from edge.runtime.pool.traceback import TracebackReader
from edge.runtime.proxy.connection import Connection
from edge.runtime.worker.heartbeat import STACK_SIGNAL

_BACKLOG: Final = 1024
_KILLED: Final = (
    ShutdownReason.MEMORY,
    ShutdownReason.CPU_TIME,
    ShutdownReason.WALL_CLOCK_TIME,
    ShutdownReason.EVENT_LOOP_BLOCKED,
)
_STOP_CHECKS: Final = 1000
_MOST_SAMPLED_LINES: Final = 2000


class BootError(Exception):
    """The function could not be loaded; the message is its traceback."""


class DiedInBootError(ConnectionError):
    """The worker was ended before it was ready, by no fault of its code that we know of."""


@dataclass(slots=True, eq=False)
class Process:
    """A worker of function `slug`, listening at `address`; `generation` counts reloads."""

    slug: str
    address: Path
    generation: int
    observe: Observer
    on_change: Callable[["Process"], None]
    """Called when a request or background work of it ends, and when it is dead."""
    sources: Sources = field(default_factory=Sources)
    """Where the files go that it reports to have loaded."""
    execution_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: State = field(default=State.COLD, init=False)
    reason: ShutdownReason | None = field(default=None, init=False)
    pid: int | None = field(default=None, init=False)
    exit_status: int | None = field(default=None, init=False)
    in_flight: int = field(default=0, init=False)
    sockets: int = field(default=0, init=False)
    background: int = field(default=0, init=False)
    served: int = field(default=0, init=False)
    idle_since: float = field(default=0.0, init=False)
    ending_since: float | None = field(default=None, init=False)
    cpu_total: float = field(default=0.0, init=False)
    usage: Usage = field(default=Usage(0, 0.0, 0.0), init=False)
    liveness: Liveness = field(default_factory=Liveness, init=False)
    is_sampled: bool = field(default=False, init=False)
    has_stuck_threads: bool = field(default=False, init=False)
    is_killed: bool = field(default=False, init=False)
    _stacks: list[str] = field(default_factory=list[str], init=False)
    _baseline: int = field(default=0, init=False)
    _ready_at: float = field(default=0.0, init=False)
    _cpu_mark: float = field(default=0.0, init=False)
    _period_requests: int = field(default=0, init=False)
    _noticed: set[str] = field(default_factory=set[str], init=False)
    _idle: list[Connection] = field(default_factory=list[Connection], init=False)
    _busy: set[Connection] = field(default_factory=set[Connection], init=False)
    _readers: list[LineReader] = field(default_factory=list[LineReader], init=False)
    _control: ControlChannel | None = field(default=None, init=False)
    _booted: asyncio.Future[None] | None = field(default=None, init=False)
    _exited: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def is_idle(self) -> bool:
        """Neither a request, a WebSocket nor background work is open."""
        return self.in_flight == 0 and self.sockets == 0 and self.background == 0

    @property
    def age(self) -> float:
        """Return seconds since it was ready; 0 before."""
        return time.monotonic() - self._ready_at if self._ready_at else 0.0

    @property
    def is_ending(self) -> bool:
        """Whether its process has begun to end."""
        return self.pid is None or self.exit_status is not None or is_ending(self.pid)

    @property
    def was_stopped_by_limit(self) -> bool:
        return self.reason in _KILLED

    async def boot(self, launcher: Launcher, spec: WorkerSpec, deadline: float | None) -> None:
        """Start it and wait until it listens.

        BootError when its function cannot be loaded, or not within `deadline` seconds.
        """
        try:
            async with asyncio.timeout(deadline):
                await self._boot(launcher, spec)
        except TimeoutError as exc:
            raise BootError(
                f"The function was not loaded within {deadline:.0f} s: what does it do on import?"
            ) from exc

    async def _boot(self, launcher: Launcher, spec: WorkerSpec) -> None:
        self.state = advance(self.state, Step.START)
        self._booted = asyncio.get_running_loop().create_future()
        listener = socket.socket(socket.AF_UNIX)
        ours, theirs = socket.socketpair()
        self._control = ControlChannel(ours, self._receive, self._keep_stack_line)
        self._control.start()
        outputs = [self._pipe("stdout"), self._pipe("stderr")]
        try:
            listener.bind(str(self.address))
            self.address.chmod(0o600)  # a sibling must not call it past the gateway
            listener.listen(_BACKLOG)
            fds = [listener.fileno(), theirs.fileno(), *outputs]
            self.pid = await launcher.spawn(spec, fds, self._exit)
        except BaseException:
            self._release()
            raise
        finally:
            listener.close()
            theirs.close()
            for fd in outputs:
                os.close(fd)
        await self._booted
        self._baseline = launcher.baseline(self.pid)

    async def connect(self) -> Connection:
        """Return an idle connection, or a new one."""
        connection = self._next_idle() or await Connection.open(str(self.address))
        self._busy.add(connection)
        return connection

    def _next_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    def release(self, connection: Connection) -> None:
        """Take a connection back after an exchange."""
        self._busy.discard(connection)
        if connection.is_open and connection.is_reusable and self.state is State.READY:
            self._idle.append(connection)
        else:
            connection.close()

    def enter(self, *, socket: bool = False) -> None:
        """A request, or a WebSocket, is given to it."""
        if self.is_idle and self.pid:
            self._cpu_mark = cpu_seconds(self.pid)
            self._period_requests = 0
        self.liveness.expect(time.monotonic())
        self.sockets += socket
        self.in_flight += not socket
        self._period_requests += 1

    def leave(self, *, has_answered: bool = True, socket: bool = False) -> None:
        """That request, or WebSocket, is over."""
        self.sockets -= socket
        self.in_flight -= not socket
        self.served += has_answered
        self._settle()

    def measure(self) -> Usage:
        """Return what it uses now."""
        pid = self.pid or 0
        self.cpu_total = cpu_seconds(pid) or self.cpu_total
        cpu = (self.cpu_total - self._cpu_mark) / max(self._period_requests, 1)
        memory = max(resident_bytes(pid) - self._baseline, 0) or self.usage.memory
        self.usage = Usage(memory, max(cpu, 0.0), time.monotonic() - self._ready_at)
        return self.usage

    def notify(self, reason: str) -> None:
        """Notify the function's callbacks, once for each reason."""
        if self._control and reason not in self._noticed:
            self._noticed.add(reason)
            self._control.send(shutdown=reason)

    def retire(self, reason: ShutdownReason) -> None:
        """No new requests from now on; why it was first retired counts."""
        self.state = advance(self.state, Step.RETIRE)
        self.reason = self.reason or reason

    def terminate(self) -> None:
        """Ask it to end, once: a second signal would not let it finish."""
        if self.ending_since is not None:
            return
        self.ending_since = time.monotonic()
        for connection in self._idle:
            connection.close()
        self._idle.clear()
        self._signal(signal.SIGTERM)

    def kill(self, reason: ShutdownReason | None = None) -> None:
        """End it at once, and whatever it has started."""
        self.reason, self.is_killed = reason or self.reason, True
        self._signal(signal.SIGKILL)

    def has_unread_requests(self) -> bool:
        """Whether it was given a request of which it has read nothing yet."""
        return any(connection.is_unread() for connection in self._busy)

    def sample(self) -> None:
        """Ask where its threads are; `stacks` is the answer, a moment later."""
        self.is_sampled = True
        self._stacks.clear()
        self._signal(STACK_SIGNAL)

    @property
    def stacks(self) -> str:
        """Return where its threads were when last asked."""
        return render_stacks(self._stacks, has_waiting=self.has_stuck_threads)

    def freeze(self) -> None:
        """Stop it for good, and note for each request whether it has read any of it."""
        self._signal(signal.SIGSTOP)
        for _ in range(_STOP_CHECKS):
            if self.pid is None or is_stopped(self.pid):
                break
        for connection in self._busy:
            connection.was_unread = connection.is_unread()

    async def settle(self, patience: float) -> None:
        """Wait a moment for its end, if that is what has begun."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._exited.wait(), patience)

    async def wait(self, grace: float) -> None:
        """Wait for its end; after `grace` seconds kill it."""
        try:
            await asyncio.wait_for(self._exited.wait(), grace)
        except TimeoutError:
            self.kill()
            await self._exited.wait()

    def _signal(self, sign: signal.Signals) -> None:
        if self.pid and self.exit_status is None:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, sign)
            if sign is signal.SIGKILL:
                self._end_group()

    def _end_group(self) -> None:
        """End whatever it has started."""
        if self.pid:
            with suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)

    def _pipe(self, stream: str) -> int:
        read, write = os.pipe()

        tracebacks = TracebackReader()

        def emit(line: str) -> None:
            request_id, text = split_mark(line)
            self.observe(read_line(self.slug, self.execution_id, stream, text, request_id))
            if exception := tracebacks.feed(text):
                self.observe(UncaughtException(self.slug, self.execution_id, exception, request_id))

        reader = LineReader(read, emit)
        reader.start()
        self._readers.append(reader)
        return write

    def _receive(self, message: dict[str, Any] | None) -> None:
        if message and "files" in message:
            self.sources.add(message["files"])
        elif self._booted and not self._booted.done():
            self._settle_boot(message)
        elif message and "beat" in message:
            is_busy = bool(message["beat"]) or not self.is_idle
            self.liveness.beat(time.monotonic(), is_busy=is_busy)
            self.is_sampled = self.has_stuck_threads = False
        elif message and "stuck" in message:
            self.has_stuck_threads = True
        elif message and isinstance(message.get("background"), int):
            self.background = message["background"]
            self._settle()

    def _keep_stack_line(self, line: str) -> None:
        if len(self._stacks) < _MOST_SAMPLED_LINES:
            self._stacks.append(line)

    def _settle_boot(self, message: dict[str, Any] | None) -> None:
        assert self._booted is not None
        if message is None:
            self._booted.set_exception(DiedInBootError(f"status {self.exit_status}"))
        elif "error" in message:
            self._booted.set_exception(BootError(str(message["error"])))
        elif "ready" in message and self.state is State.BOOTING:
            self._ready_at = self.idle_since = time.monotonic()
            self.liveness.beat(self._ready_at, is_busy=False)
            self.state = advance(self.state, Step.LISTEN)
            self._booted.set_result(None)

    def _settle(self) -> None:
        if self.is_idle:
            self.idle_since = time.monotonic()
        self.on_change(self)

    def _exit(self, status: int) -> None:
        self.exit_status = status
        self.state = advance(self.state, Step.EXIT)
        self._end_group()
        self._release()
        self._exited.set()
        self.on_change(self)

    def _release(self) -> None:
        self.background = 0
        if self._control:
            self._control.close()
        if self._booted and not self._booted.done():
            self._settle_boot(None)
            self._booted.exception()  # it may not be awaited any more
        for reader in self._readers:
            reader.close()
        for connection in (*self._idle, *self._busy):  # a child of its own may hold them open
            connection.close()
        self._idle.clear()
        self.address.unlink(missing_ok=True)
