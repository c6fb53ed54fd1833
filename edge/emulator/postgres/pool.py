"""A pool of Postgres connections: opened on demand, reused while healthy.

psycopg_pool is not used: while Postgres is down each request waits for its timeout, and its growing
pauses between attempts delay the recovery; here a request fails or succeeds at once.
"""

import asyncio
import select
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar, cast

import psycopg
from psycopg import AsyncConnection, AsyncCursor, AsyncRawCursor, pq
from psycopg.rows import DictRow, dict_row


class Connection(AsyncConnection[DictRow]):
    """psycopg's connection, as the pool manages it."""

    def is_healthy(self) -> bool:
        """False if an idle socket is readable: usually the server's shutdown message."""
        poller = select.poll()
        poller.register(self.fileno(), select.POLLIN)
        return not poller.poll(0)

    async def reset(self) -> bool:
        """Roll back a transaction that was left open; returns whether it can be used again."""
        if self.info.transaction_status in {
            pq.TransactionStatus.INTRANS,
            pq.TransactionStatus.INERROR,
        }:
            with suppress(psycopg.Error):
                await self.rollback()
        return self.info.transaction_status == pq.TransactionStatus.IDLE

    def finish(self) -> None:
        self.pgconn.finish()


class Pooled(Protocol):
    """What the pool needs of a connection."""

    def is_healthy(self) -> bool: ...
    async def reset(self) -> bool: ...
    def finish(self) -> None: ...


C = TypeVar("C", bound=Pooled)
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


class ConnectionPool(Generic[C]):
    """At most `size` connections; a request waits `timeout` seconds for one."""

    def __init__(self, connect: Callable[[], Awaitable[C]], *, size: int, timeout: float) -> None:
        self._connect = connect
        self._free = asyncio.Semaphore(size)
        self._timeout = timeout
        self._idle: list[C] = []
        self._is_closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[C]:
        """Borrow a connection; raises PoolBusyError or PostgresUnreachableError."""
        connection = await self.acquire()
        try:
            yield connection
        finally:
            await self.release(connection)

    async def acquire(self) -> C:
        """Take a connection, to be given back by `release`."""
        if not self._free.locked():  # avoids the task of wait_for
            await self._free.acquire()
        else:
            try:
                await asyncio.wait_for(self._free.acquire(), self._timeout)
            except TimeoutError as exc:
                raise PoolBusyError from exc
        try:
            return self._take_idle() or await self._connect()
        except BaseException:
            self._free.release()
            raise

    async def release(self, connection: C) -> None:
        try:
            if await connection.reset() and not self._is_closed:
                self._idle.append(connection)
            else:
                connection.finish()
        except BaseException:
            connection.finish()
            raise
        finally:
            self._free.release()

    async def warm(self) -> None:
        """Open a connection ahead of who acquires the first; if Postgres accepts none, they see."""
        with suppress(PoolBusyError, PostgresUnreachableError, psycopg.Error):
            await self.release(await self.acquire())

    async def close(self) -> None:
        self._is_closed = True
        while self._idle:
            self._idle.pop().finish()

    def _take_idle(self) -> C | None:
        """Return the most recently used connection that the server has not closed."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_healthy():
                return connection
            connection.finish()
        return None


class Pool(ConnectionPool[Connection]):
    """A pool of psycopg connections."""

    def __init__(self, connector: Connector, *, size: int, timeout: float) -> None:
        super().__init__(connector.connect, size=size, timeout=timeout)
