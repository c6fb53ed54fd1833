"""The data API's connection pool, with PostgREST's error codes for its failures."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from edge.emulator.postgres.pipeline import PipelineConnection, connect_pipeline
from edge.emulator.postgres.pool import (
    Connection,
    ConnectionPool,
    Connector,
    PoolBusyError,
    PostgresUnreachableError,
)
from edge.emulator.rest.errors import rest_error


class Pool:
    """At most `size` connections; a request waits `timeout` seconds for one."""

    def __init__(self, dsn: str, *, size: int, timeout: float) -> None:
        connect = partial(connect_pipeline, _connector(dsn))
        self._pool = ConnectionPool(connect, size=size, timeout=timeout)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[PipelineConnection]:
        """Borrow a connection; raises PGRST003 on timeout, PGRST000 if Postgres is unreachable."""
        try:
            connection = await self._pool.acquire()
        except PoolBusyError as exc:
            raise rest_error("PGRST003") from exc
        except PostgresUnreachableError as exc:
            raise rest_error("PGRST000", details=str(exc)) from exc
        try:
            yield connection
        finally:
            await self._pool.release(connection)

    async def warm(self) -> None:
        """Open a connection for the first request, if Postgres accepts one."""
        await self._pool.warm()

    async def close(self) -> None:
        await self._pool.close()


async def open_connection(dsn: str) -> Connection:
    """Open a connection outside the pool; raises PGRST000 if Postgres is unreachable."""
    try:
        return await _connector(dsn).connect()
    except PostgresUnreachableError as exc:
        raise rest_error("PGRST000", details=str(exc)) from exc


@asynccontextmanager
async def connect(dsn: str) -> AsyncGenerator[Connection]:
    """Open a connection for a block; raises PGRST000 if Postgres is unreachable."""
    connection = await open_connection(dsn)
    try:
        yield connection
    finally:
        connection.finish()  # psycopg's own exit leaves it open when the task is cancelled there


def _connector(dsn: str) -> Connector:
    return Connector(dsn, "edge-rest")
