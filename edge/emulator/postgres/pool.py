"""Database connections: made on demand, kept while sound, dropped when broken.

psycopg_pool is not used: while Postgres is down it makes each request wait for its timeout, and its
growing pauses between attempts delay the recovery; here a request fails or succeeds at once.
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
# $1 placeholders, as rendered, instead of psycopg's %s.
_CURSOR: Final = cast("type[AsyncCursor[DictRow]]", AsyncRawCursor)
_CONNECT_TIMEOUT: Final = 5


class PoolBusyError(Exception):
    """No connection got free in time."""


class PostgresUnreachableError(Exception):
    """Postgres does not accept connections; the message is the driver's."""


@dataclass(frozen=True, slots=True)
class Connector:
    """How to connect: where, under which name, and what each new connection is taught."""

    dsn: str
    application: str
    prepare: Callable[[Connection], None] | None = None

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
        if self.prepare:
            self.prepare(connection)
        return connection


class Pool:
    """At most `size` connections; `timeout` is how long a request waits for one."""

    def __init__(self, connector: Connector, *, size: int, timeout: float) -> None:
        self._connector = connector
        self._free = asyncio.Semaphore(size)
        self._timeout = timeout
        self._idle: list[Connection] = []
        self._is_closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """PoolBusyError or PostgresUnreachableError when there is none to be had."""
        await self._take_turn()
        try:
            connection = self._take_idle() or await self._connector.connect()
            try:
                yield connection
            finally:
                await self._give_back(connection)
        finally:
            self._free.release()

    async def _take_turn(self) -> None:
        if not self._free.locked():  # without the task that a time limit takes
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
        """The connection used last, unless the server has closed it meanwhile."""
        while self._idle:
            connection = self._idle.pop()
            if _is_sound(connection):
                return connection
            connection.pgconn.finish()
        return None

    async def _give_back(self, connection: Connection) -> None:
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


def _is_sound(connection: Connection) -> bool:
    """Whether nothing has arrived while it was idle: what arrives then is mostly a farewell."""
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    return not poller.poll(0)
