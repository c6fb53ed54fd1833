"""The parent's end of one zygote's control socket; the messages are described in zygote.py."""

import asyncio
import json
import os
import signal
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from edge.operating_system import resident_bytes
from edge.runtime.launch.launcher import OnExit
from edge.runtime.launch.zygote import MAX_MESSAGE


@dataclass(frozen=True, slots=True)
class _Fork:
    pid: asyncio.Future[int]
    on_exit: OnExit


@dataclass(slots=True)
class ZygoteConnection:
    """The control socket of one zygote and what was forked through it.

    `on_message` gets the events ready and imported, `on_lost` is called when the zygote has died.
    `pid` is the zygote's; `baseline` its resident bytes, `baselines` those at the fork of a worker.
    """

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
        """Have the zygote fork a process that owns copies of `fds`; its pid.

        OSError if it cannot fork, ConnectionError if it dies.
        """
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


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Our end, which does not block, and the zygote's; a message is at most MAX_MESSAGE."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_MESSAGE)
    return ours, theirs
