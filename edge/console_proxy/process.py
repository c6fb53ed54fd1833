"""The console's process: started by the first visit, stopped when idle."""

import asyncio
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final

from edge.events import Level, LogLine, Observer

NAME: Final = "console"
_LONGEST_LINE: Final = 1 << 16
_POLL_SECONDS: Final = 0.02


class ConsoleError(Exception):
    """The console's process could not be started; the text is what it wrote last."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations in seconds."""

    start: float = 60.0
    idle: float = 600.0
    stop: float = 5.0


@dataclass(slots=True)
class ConsoleProcess:
    """`python -m console` on a unix socket. `environment` is called before each start.

    It is in use while a request or a WebSocket is inside `using`.
    """

    environment: Callable[[], Mapping[str, str]]
    observe: Observer
    timing: Timing = field(default_factory=Timing)
    starts: int = field(default=0, init=False)
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)
    _folder: Path | None = field(default=None, init=False)
    _starting: asyncio.Task[Path] | None = field(default=None, init=False)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]], init=False)
    _last_lines: deque[str] = field(default_factory=lambda: deque[str](maxlen=12), init=False)
    _users: int = field(default=0, init=False)
    _used_at: float = field(default_factory=time.monotonic, init=False)

    @property
    def pid(self) -> int | None:
        """Process id, None while it does not run."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @contextmanager
    def using(self) -> Generator[None]:
        """Keep the process from being idle."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self._used_at = time.monotonic()

    async def ensure(self) -> Path:
        """Return the socket of the running process, starting it first. Raises ConsoleError."""
        if self.pid is None and (self._starting is None or self._starting.done()):
            self._starting = asyncio.create_task(self._start())
        assert self._starting is not None
        return await asyncio.shield(self._starting)

    async def discard(self, start: int, *, also_if_it_accepts: bool = False) -> None:
        """Stop what is left of this start if it accepts no more; a later one is left alone.

        A connection that broke off is no sign of that: one that was kept may end as it is used.
        """
        if self.starts != start or not self._starting or not self._starting.done():
            return
        address = self._folder and self._folder / str(start)
        if also_if_it_accepts or address is None or not await _accepts(address):
            await self._stop()

    async def close(self) -> None:
        """Stop the process."""
        if self._starting and not self._starting.done():
            self._starting.cancel()
            with suppress(asyncio.CancelledError):
                await self._starting
        await self._stop()
        if self._folder:
            rmtree(self._folder, ignore_errors=True)
            self._folder = None

    async def _start(self) -> Path:
        await self._stop()
        if self._folder is None:
            self._folder = Path(mkdtemp(prefix="edge-console-"))  # 0700, and short enough
        self.starts += 1
        address = self._folder / str(self.starts)
        self._last_lines.clear()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "console"),
            env={**self.environment(), "CONSOLE_SOCKET": str(address)},
            stdin=asyncio.subprocess.PIPE,  # its end is the sign that edge has ended
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LONGEST_LINE,
            start_new_session=True,
        )
        self._tasks = [
            asyncio.create_task(self._copy(self._process)),
            asyncio.create_task(self._stop_when_idle()),
        ]
        self._used_at = time.monotonic()
        if not await self._listens(address):
            await self._stop()
            raise ConsoleError("\n".join(self._last_lines) or "It has written nothing.")
        return address

    async def _listens(self, address: Path) -> bool:
        end = time.monotonic() + self.timing.start
        while self.pid and time.monotonic() < end:
            if await _accepts(address):
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False

    async def _stop_when_idle(self) -> None:
        while True:
            rest = self._used_at + self.timing.idle - time.monotonic()
            if self._users == 0 and rest <= 0:
                break
            await asyncio.sleep(self.timing.idle / 10 if self._users else max(rest, 0.01))
        self._tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        self._log("stopped: no browser was connected any more", Level.INFO)
        await self._stop()

    async def _stop(self) -> None:
        process, self._process = self._process, None
        tasks, self._tasks = self._tasks, []
        if process is None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), self.timing.stop)
        except TimeoutError:
            pass
        finally:
            _signal_group(process.pid, signal.SIGKILL)
        await process.wait()
        if tasks:
            await asyncio.wait(tasks[:1], timeout=1.0)
        for task in tasks:
            task.cancel()

    async def _copy(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than the limit: the buffered part is dropped
                continue
            if not line:
                break
            text = line.decode(errors="replace").rstrip()
            self._last_lines.append(text)
            self._log(text, Level.INFO)
        if (status := await process.wait()) and process is self._process:
            self._log(f"ended with status {status}; the next visit starts it again", Level.ERROR)

    def _log(self, text: str, level: Level) -> None:
        self.observe(LogLine(NAME, "", "stdout", level, text))


async def _accepts(address: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(str(address))
    except OSError:
        return False
    writer.close()
    return True


def _signal_group(pid: int, sign: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, sign)
