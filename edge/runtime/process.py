"""One worker as its parent sees it: born, ready, serving, told to stop, dead."""

import asyncio
import json
import os
import signal
import socket
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from edge.events import Level, LogLine, Observer
from edge.runtime.output import LineReader
from edge.runtime.spawner import Spawner, WorkerSpec
from edge.runtime.wire import Connection

_BACKLOG = 1024


class BootError(Exception):
    """The function could not be loaded; the message is its traceback."""


@dataclass(slots=True, eq=False)
class Process:
    """A forked worker of function `slug`, listening at `address`."""

    slug: str
    address: Path
    observe: Observer
    execution_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    pid: int | None = field(default=None, init=False)
    exit_status: int | None = field(default=None, init=False)
    _idle: list[Connection] = field(default_factory=list[Connection], init=False)
    _readers: list[LineReader] = field(default_factory=list[LineReader], init=False)
    _on_exit: Callable[["Process"], None] | None = field(default=None, init=False)
    _exited: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def is_alive(self) -> bool:
        return self.pid is not None and self.exit_status is None

    async def boot(
        self, spawner: Spawner, spec: WorkerSpec, on_exit: Callable[["Process"], None]
    ) -> None:
        """Fork it and wait until it listens; BootError when its function cannot be loaded."""
        self._on_exit = on_exit
        listener = socket.socket(socket.AF_UNIX)
        status_read, status_write = os.pipe()
        outputs = [self._pipe("stdout"), self._pipe("stderr")]
        try:
            listener.bind(str(self.address))
            listener.listen(_BACKLOG)
            fds = [listener.fileno(), status_write, *outputs]
            self.pid = await spawner.spawn(spec, fds, self._exit)
        except BaseException:
            os.close(status_read)
            self._release()
            raise
        finally:
            listener.close()
            for fd in (status_write, *outputs):
                os.close(fd)
        await self._become_ready(status_read)

    async def connect(self) -> Connection:
        """An idle connection, or a new one."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return await Connection.open(str(self.address))

    def release(self, connection: Connection) -> None:
        """Take a connection back after an exchange."""
        if connection.is_open and connection.is_reusable and self.is_alive:
            self._idle.append(connection)
        else:
            connection.close()

    def terminate(self) -> None:
        """Ask it to finish its requests and end."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()
        self._signal(signal.SIGTERM)

    async def wait(self, grace: float) -> None:
        """Wait for its end; after `grace` seconds kill it."""
        try:
            await asyncio.wait_for(self._exited.wait(), grace)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self._exited.wait()

    def _signal(self, sign: signal.Signals) -> None:
        if self.is_alive and self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sign)

    def _pipe(self, stream: str) -> int:
        read, write = os.pipe()

        def emit(text: str) -> None:
            self.observe(LogLine(self.slug, self.execution_id, stream, Level.INFO, text))

        reader = LineReader(read, emit)
        reader.start()
        self._readers.append(reader)
        return write

    async def _become_ready(self, status_read: int) -> None:
        loop = asyncio.get_running_loop()
        with os.fdopen(status_read, "rb") as pipe:
            reader = asyncio.StreamReader(limit=1 << 20)
            transport, _ = await loop.connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(reader), pipe
            )
            try:
                line = await reader.readline()
            finally:
                transport.close()
        answer = json.loads(line) if line else {"error": "The worker ended before it was ready."}
        if "error" in answer:
            raise BootError(answer["error"])

    def _exit(self, status: int) -> None:
        self.exit_status = status
        self._release()
        self._exited.set()
        if self._on_exit:
            self._on_exit(self)

    def _release(self) -> None:
        for reader in self._readers:
            reader.close()
        for connection in self._idle:
            connection.close()
        self._idle.clear()
        self.address.unlink(missing_ok=True)
