"""Runs statements in processes of their own, so that none holds up the event loop or its memory."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from edge.console_api.sql.execution import Statement, run_encoded
from edge.emulator.bounded_process import BoundedProcess, ProcessEndedError

MAX_TIMEOUT_MS: Final = 60_000
MAX_QUERY: Final = 1 << 20
_PROCESSES: Final = 2
_MEMORY: Final = 384 << 20
_SLACK: Final = 10.0
_TOO_MUCH: Final = (
    b'{"code":"SQL_TOO_LARGE","message":"The statement took too long, or a value of it is too '
    b'large to be shown.","hint":"Ask for a part of it: left(column, 1000), or a limit."}'
)


@dataclass(slots=True)
class SqlService:
    """Statements on the database of `dsn`, a superuser's that lets any role log in."""

    dsn: Callable[[], str]
    _free: asyncio.Queue[BoundedProcess] = field(init=False)
    _processes: list[BoundedProcess] = field(init=False)

    def __post_init__(self) -> None:
        seconds = MAX_TIMEOUT_MS / 1000 + _SLACK
        self._processes = [BoundedProcess(seconds, _MEMORY) for _ in range(_PROCESSES)]
        self._free = asyncio.Queue()
        for process in self._processes:
            self._free.put_nowait(process)

    def close(self) -> None:
        for process in self._processes:
            process.close()

    async def run(self, statement: Statement) -> tuple[int, bytes]:
        """Return the HTTP status and the JSON of a statement's rows, or of its error."""
        return await self.call(run_encoded, statement)

    async def call(
        self, function: Callable[..., tuple[int, bytes]], *args: Any
    ) -> tuple[int, bytes]:
        """Call a function of a module with the DSN and `args`, in one of the processes."""
        process = await self._free.get()
        try:
            return await process.call(function, self.dsn(), *args)
        except ProcessEndedError:
            return 400, _TOO_MUCH
        finally:
            self._free.put_nowait(process)
