"""A pool of Postgres connections: opened on demand, reused while healthy.

psycopg_pool is not used: while Postgres is down each request waits for its timeout, and its growing
pauses between attempts delay the recovery; here a request fails or succeeds at once.
"""

import asyncio
import select
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, cast

import psycopg
from psycopg import AsyncConnection, AsyncCursor, AsyncRawCursor, pq
from psycopg.rows import DictRow, dict_row

Connection = AsyncConnection[DictRow]
# Takes $1 placeholders instead of psycopg's %s.
_CURSOR: Final = cast("type[AsyncCursor[DictRow]]", AsyncRawCursor)
_CONNECT_TIMEOUT: Final = 5


class PoolBusyError(Exception):
    """No connection was released within the timeout."""


class PostgresUnreachableError(Exception):
    """Postgres does not accept connections; the message is the driver's."""


@dataclass(frozen=True, slots=True)
class Connector:
    """How to connect: DSN, application_name, and a callback that configures each connection."""

    dsn: str
    application: str
    configure: Callable[[Connection], None] | None = None

    async def connect(self) -> Connection:
        try:
            connection = await Connection.connect(
                self.dsn,
                autocommit=True,
                cursor_factory=_CURSOR,
                row_factory=dict_row,
                connect_timeout=_CONNECT_TIMEOUT,
                application_name=self.application,
            )
        except psycopg.OperationalError as exc:
            raise PostgresUnreachableError(str(exc)) from exc
        if self.configure:
            self.configure(connection)
        return connection


class Pool:
    """At most `size` connections; a request waits `timeout` seconds for one."""

    def __init__(self, connector: Connector, *, size: int, timeout: float) -> None:
        self._connector = connector
        self._free = asyncio.Semaphore(size)
        self._timeout = timeout
        self._idle: list[Connection] = []
        self._is_closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """Borrow a connection; raises PoolBusyError or PostgresUnreachableError."""
        await self._acquire_slot()
        try:
            connection = self._take_idle() or await self._connector.connect()
            try:
                yield connection
            finally:
                await self._release(connection)
        finally:
            self._free.release()

    async def _acquire_slot(self) -> None:
        if not self._free.locked():  # avoids the task of wait_for
            await self._free.acquire()
            return
        try:
            await asyncio.wait_for(self._free.acquire(), self._timeout)
        except TimeoutError as exc:
            raise PoolBusyError from exc

    async def close(self) -> None:
        self._is_closed = True
        while self._idle:
            await self._idle.pop().close()

    def _take_idle(self) -> Connection | None:
        """Return the most recently used connection that the server has not closed."""
        while self._idle:
            connection = self._idle.pop()
            if _is_healthy(connection):
                return connection
            connection.pgconn.finish()
        return None

    async def _release(self, connection: Connection) -> None:
        if connection.info.transaction_status in {
            pq.TransactionStatus.INTRANS,
            pq.TransactionStatus.INERROR,
        }:
            with suppress(psycopg.Error):
                await connection.rollback()
        if _is_reusable(connection) and not self._is_closed:
            self._idle.append(connection)
        else:
            connection.pgconn.finish()


def _is_reusable(connection: Connection) -> bool:
    is_idle = connection.info.transaction_status == pq.TransactionStatus.IDLE
    return is_idle and connection.pgconn.pipeline_status == pq.PipelineStatus.OFF


def _is_healthy(connection: Connection) -> bool:
    """False if an idle socket is readable: usually the server's shutdown message."""
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    return not poller.poll(0)
