"""The data API's connection pool, with PostgREST's error codes for its failures."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from psycopg import pq
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper

from edge.emulator.postgres import pool
from edge.emulator.postgres.pool import (
    Connection,
    Connector,
    PoolBusyError,
    PostgresUnreachableError,
)
from edge.emulator.rest.errors import rest_error

_JSON_OID: Final = 114


class _PayloadDumper(Dumper):
    """Sends a request body as json, without decoding it."""

    oid = _JSON_OID
    format = pq.Format.BINARY

    def dump(self, obj: Any) -> Buffer | None:
        return obj


class Pool:
    """At most `size` connections; a request waits `timeout` seconds for one."""

    def __init__(self, dsn: str, *, size: int, timeout: float) -> None:
        self._pool = pool.Pool(_connector(dsn), size=size, timeout=timeout)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """Borrow a connection; raises PGRST003 on timeout, PGRST000 if Postgres is unreachable."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except PoolBusyError as exc:
            raise rest_error("PGRST003") from exc
        except PostgresUnreachableError as exc:
            raise rest_error("PGRST000", details=str(exc)) from exc

    async def close(self) -> None:
        await self._pool.close()


async def connect(dsn: str) -> Connection:
    """Open a connection outside the pool; raises PGRST000 if Postgres is unreachable."""
    try:
        return await _connector(dsn).connect()
    except PostgresUnreachableError as exc:
        raise rest_error("PGRST000", details=str(exc)) from exc


def _connector(dsn: str) -> Connector:
    return Connector(dsn, "edge-rest", _configure)


def _configure(connection: Connection) -> None:
    context: AdaptContext = connection
    context.adapters.register_dumper(bytes, _PayloadDumper)
    # After a rollback psycopg sends DEALLOCATE ALL if it has prepared anything itself; that would
    # drop the statements that postgres/pipeline.py has prepared, too (26000 in the next request).
    connection.prepare_threshold = None
