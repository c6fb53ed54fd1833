"""What the console's API works with: the running stack, its settings and its database."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from starlette.requests import Request

from edge.console_api.errors import ApiError
from edge.console_api.sql.service import SqlService
from edge.emulator.postgres.pool import (
    Connection,
    Connector,
    Pool,
    PoolBusyError,
    PostgresUnreachableError,
)
from edge.metrics.observer import Metrics
from edge.project.settings import Settings
from edge.recording.recorder import Recorder
from edge.runtime.app import FunctionsApp

if TYPE_CHECKING:
    from edge.services import Services

_NO_DATABASE = ApiError(
    503,
    "DATABASE_NOT_READY",
    "The local database does not answer.",
    "Wait until `edge start` is ready; with a hosted project there is no local database.",
)


@dataclass(slots=True)
class ConsoleContext:
    """The running stack; `services` returns None until these have started.

    `settings` has the ports that were found.
    """

    settings: Settings
    functions: FunctionsApp
    metrics: Metrics
    services: Callable[[], "Services | None"]
    recorder: Recorder | None
    sql: SqlService = field(init=False)
    ensured: WeakKeyDictionary[Connection, set[str]] = field(
        default_factory=WeakKeyDictionary[Connection, set[str]], init=False
    )
    """Statements that have made tables of the console's own."""
    bulks: dict[str, Any] = field(default_factory=dict[str, Any], init=False)
    """The bulk actions since the start, by id."""
    tasks: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"], init=False)
    """What runs beside the requests, and ends with the stack."""
    _pool: Pool | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.sql = SqlService(self.dsn)

    def dsn(self) -> str:
        """The database's, for a superuser who may log in as any role.

        Raises ApiError while there is no database.
        """
        services = self.services()
        if services is None or not services.has_database:
            raise _NO_DATABASE
        return services.cluster.dsn()

    @asynccontextmanager
    async def database(self) -> AsyncGenerator[Connection]:
        """Borrow a connection as superuser, in autocommit; takes $1 parameters.

        Raises ApiError while there is no database.
        """
        try:
            connection = await self._open_pool().acquire()
        except (PoolBusyError, PostgresUnreachableError) as exc:
            raise _NO_DATABASE from exc
        try:
            yield connection
        finally:
            await self._open_pool().release(connection)

    async def cancel(self) -> None:
        """Cancel what runs beside the requests, and wait for its end."""
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Close the connections and the processes of statements."""
        self.sql.close()
        if self._pool:
            await self._pool.close()

    def _open_pool(self) -> Pool:
        if self._pool is None:
            connector = Connector(self.dsn(), "edge-console")
            self._pool = Pool(connector, size=8, timeout=5.0)
        return self._pool


def context_of(request: Request) -> ConsoleContext:
    """Return the context of the app that serves the request."""
    return cast("ConsoleContext", request.app.state.context)
