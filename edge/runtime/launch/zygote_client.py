"""The parent's end of the zygote: asks it to fork, hears of deaths, replaces it when it dies."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from edge.events import Observer, ZygoteLost, ZygoteReady
from edge.runtime.launch.launcher import OnExit, WorkerSpec
from edge.runtime.launch.zygote import MAX_MESSAGE
from edge.runtime.pool.usage import resident_bytes

_LONGEST_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class _Birth:
    pid: asyncio.Future[int]
    on_exit: OnExit


@dataclass(slots=True)
class Spawner:
    """One zygote and the workers forked from it; `extras` names what it is to import besides."""

    observe: Observer
    environment: Mapping[str, str]
    extras: Callable[[], list[str]]
    _control: socket.socket | None = field(default=None, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _births: deque[_Birth] = field(default_factory=deque[_Birth], init=False)
    _exits: dict[int, OnExit] = field(default_factory=dict[int, OnExit], init=False)
    _connected: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _failures: int = field(default=0, init=False)
    _is_closing: bool = field(default=False, init=False)
    _baseline: int = field(default=0, init=False)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def baseline(self, pid: int) -> int:
        """The zygote's own memory, which its forks begin with."""
        del pid
        return self._baseline

    def start(self) -> None:
        """Start the zygote: from the main thread, since it dies with that thread."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_MESSAGE)
        numbers = (os.getpid(), theirs.fileno())
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "edge.runtime.launch.zygote",
                    *map(str, numbers),
                    *self.extras(),
                ],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=dict(self.environment),
                start_new_session=True,
            )
        self._control = ours
        self._baseline = 0
        self._connected.set()
        asyncio.get_running_loop().add_reader(ours, self._receive)

    async def spawn(self, spec: WorkerSpec, fds: list[int], on_exit: OnExit) -> int:
        """Fork a worker owning copies of `fds`; its pid. `on_exit` gets its exit status later."""
        await self._connected.wait()
        if self._control is None:
            raise ConnectionError("the zygote is not running")
        birth = _Birth(asyncio.get_running_loop().create_future(), on_exit)
        socket.send_fds(self._control, [spec.encode()], fds)
        self._births.append(birth)
        return await birth.pid

    async def close(self) -> None:
        """End the zygote and, through the kernel, whatever it forked."""
        self._is_closing = True
        self._disconnect()
        if self._process:
            if not self._baseline:  # it still imports, and would not notice
                self._process.kill()
            await asyncio.to_thread(self._process.wait)

    def _receive(self) -> None:
        assert self._control is not None
        try:
            message = self._control.recv(MAX_MESSAGE)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if message:
            self._handle(json.loads(message))
        else:
            self._lose()

    def _handle(self, message: dict[str, Any]) -> None:
        match message["event"]:
            case "ready":
                self._failures = 0
                self._baseline = resident_bytes(self.pid or 0)
                self.observe(ZygoteReady(message["preload_ms"], tuple(message["missing"])))
            case "spawned":
                birth = self._births.popleft()
                self._exits[message["pid"]] = birth.on_exit
                if birth.pid.done():  # nobody waits for it any more
                    with suppress(ProcessLookupError):
                        os.kill(message["pid"], signal.SIGKILL)
                else:
                    birth.pid.set_result(message["pid"])
            case "refused":
                birth = self._births.popleft()
                if not birth.pid.done():
                    birth.pid.set_exception(OSError(message["reason"]))
            case _:
                if on_exit := self._exits.pop(message["pid"], None):
                    on_exit(message["status"])

    def _lose(self) -> None:
        """The zygote is gone, and its workers with it: say so to all who wait, start another."""
        self._disconnect()
        births, self._births = self._births, deque()
        for birth in births:
            if not birth.pid.done():
                birth.pid.set_exception(ConnectionError("the zygote died"))
        exits, self._exits = self._exits, {}
        for on_exit in exits.values():
            on_exit(-9)
        if not self._is_closing:
            status = self._process.wait() if self._process else None
            self.observe(ZygoteLost(status))
            pause = min(_LONGEST_PAUSE, 0.1 * 2**self._failures) if self._failures else 0
            self._failures += 1
            asyncio.get_running_loop().call_later(pause, self.start)

    def _disconnect(self) -> None:
        self._connected.clear()
        control, self._control = self._control, None
        if control is not None:
            asyncio.get_running_loop().remove_reader(control)
            control.close()
