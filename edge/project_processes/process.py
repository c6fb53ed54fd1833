"""A process of the project: start, health check, restart with back-off, stop of its group."""

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

import httpx

from edge.events import Level, LogLine, Observer
from edge.logs.record import parse_record
from edge.operating_system import IS_LINUX, signal_when_parent_dies
from edge.project.extensions import ProcessEntry

_LONGEST_LINE: Final = 1 << 20
_HOST: Final = "127.0.0.1"


class State(StrEnum):
    """State of a process."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations in seconds. A run shorter than `stable` doubles the pause before the next one."""

    first_pause: float = 0.5
    longest_pause: float = 30.0
    stable: float = 10.0
    health_interval: float = 0.1
    health_deadline: float = 30.0
    stop_deadline: float = 10.0


@dataclass(slots=True)
class ProjectProcess:
    """Runs `entry` in `root` until `stop`; logs its output and restarts as LogLines by its name.

    `environment` is called before each start and returns all variables; PORT, and the folder of
    this Python as the first of PATH, are added. `on_change` is called after each change of state.
    """

    entry: ProcessEntry
    root: Path
    environment: Callable[[ProcessEntry], Mapping[str, str]]
    observe: Observer
    on_change: Callable[[], None]
    timing: Timing = field(default_factory=Timing)
    state: State = field(default=State.STARTING, init=False)
    restarts: int = field(default=0, init=False)
    port: int | None = field(default=None, init=False)
    _process: Process | None = field(default=None, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)
    _settled: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def pid(self) -> int | None:
        """Process id, None while it does not run."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it in the background; see `wait_settled`."""
        self._task = asyncio.create_task(self._supervise())

    async def wait_settled(self) -> None:
        """Return once it is ready, or its first start failed or exceeded the health deadline."""
        await self._settled.wait()

    async def stop(self) -> None:
        """Send SIGTERM to its group, SIGKILL after the deadline; return when it has ended."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._change(State.STOPPED)

    async def _supervise(self) -> None:
        pause = self.timing.first_pause
        while True:
            began = time.monotonic()
            try:
                await self._run_once()
            except (OSError, ValueError) as exc:
                self._log(f"cannot be started: {exc}", Level.ERROR)
            lived = time.monotonic() - began
            pause = self.timing.first_pause if lived >= self.timing.stable else pause
            self._change(State.RESTARTING)
            self._settled.set()
            self._log(f"is started again in {pause:g} s", Level.WARNING)
            await asyncio.sleep(pause)
            pause = min(pause * 2, self.timing.longest_pause)
            self.restarts += 1

    async def _run_once(self) -> None:
        """Start the process and wait until it ends; stop it when cancelled."""
        self._choose_port()
        self._process = await asyncio.create_subprocess_exec(
            *self.entry.command,
            cwd=self.root,
            env=self._variables(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            limit=_LONGEST_LINE,
            start_new_session=True,
            preexec_fn=_set_parent_death_signal(os.getpid()),
        )
        self._change(State.STARTING)
        tasks = [
            asyncio.create_task(self._copy(self._process.stdout, "stdout", Level.INFO)),
            asyncio.create_task(self._copy(self._process.stderr, "stderr", Level.ERROR)),
            asyncio.create_task(self._become_ready()),
        ]
        try:
            status = await self._process.wait()
            cause = f"signal {-status}" if status < 0 else f"status {status}"
            self._log(f"ended with {cause}", Level.ERROR)
        finally:
            await self._end(self._process)
            self._process = None
            await asyncio.wait(tasks[:2], timeout=1.0)
            for task in tasks:
                task.cancel()

    async def _end(self, process: Process) -> None:
        """Stop the process if it runs, then kill the rest of its group."""
        if process.returncode is None:
            _signal_group(process.pid, signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), self.timing.stop_deadline)
            except TimeoutError:
                self._log("did not end in time: killed", Level.WARNING)
        _signal_group(process.pid, signal.SIGKILL)
        await process.wait()

    async def _become_ready(self) -> None:
        """Set READY once `health` answers 2xx, or at once if there is no `health`."""
        if self.entry.health and not await self._is_healthy():
            deadline = self.timing.health_deadline
            self._log(f"{self.entry.health} has not answered 2xx in {deadline:g} s", Level.ERROR)
        else:
            self._change(State.READY)
            if self.port:
                self._log(f"ready at http://{_HOST}:{self.port}", Level.INFO)
        self._settled.set()

    async def _is_healthy(self) -> bool:
        url = f"http://{_HOST}:{self.port}{self.entry.health}"
        end = time.monotonic() + self.timing.health_deadline
        async with httpx.AsyncClient(trust_env=False, timeout=2.0) as client:
            while time.monotonic() < end:
                with suppress(httpx.HTTPError):
                    if (await client.get(url)).is_success:
                        return True
                await asyncio.sleep(self.timing.health_interval)
        return False

    async def _copy(self, stream: asyncio.StreamReader | None, name: str, level: Level) -> None:
        assert stream is not None
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # longer than the limit: the buffered part is dropped
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip("\r\n")
            record = parse_record(text)
            self.observe(LogLine(self.entry.name, "", name, level, text, record=record))

    def _variables(self) -> dict[str, str]:
        variables = dict(self.environment(self.entry))
        folders = (str(Path(sys.executable).parent), variables.get("PATH", os.defpath))
        variables["PATH"] = os.pathsep.join(folders)
        if self.port:
            variables["PORT"] = str(self.port)
        return variables

    def _choose_port(self) -> None:
        """Take the entry's port, or any free one if another program has it; keep it afterwards."""
        if not self.entry.port or self.port:
            return
        self.port = self.entry.port
        if not _is_free(self.port):
            self.port = _find_free_port()
            taken = f"port {self.entry.port} is taken by another program"
            self._log(f"{taken}: it listens at {self.port}", Level.WARNING)

    def _change(self, state: State) -> None:
        self.state = state
        self.on_change()

    def _log(self, text: str, level: Level) -> None:
        self.observe(LogLine(self.entry.name, "", "edge", level, text))


def _signal_group(pid: int, sign: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, sign)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return probe.getsockname()[1]


def _set_parent_death_signal(parent: int) -> Callable[[], None] | None:
    """Return the code to run between fork and exec: SIGTERM if edge is killed (Linux only)."""
    if not IS_LINUX:
        return None
    ask = signal_when_parent_dies(signal.SIGTERM)

    def prepare() -> None:
        ask()
        if os.getppid() != parent:
            os._exit(1)

    return prepare
