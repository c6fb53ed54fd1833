"""Transactions of the storage service: as the caller, or as the owner of its tables."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.pq import Escaping
from starlette.requests import Request

from edge.emulator.postgres.pool import (
    Connection,
    Connector,
    Pool,
    PoolBusyError,
    PostgresUnreachableError,
)
from edge.emulator.storage.errors import explain_postgres, storage_error
from edge.emulator.storage.identity import Caller

_POOL_SIZE: Final = 8
_POOL_TIMEOUT: Final = 10.0
_AS_OWNER: Final = b"""
begin;
select set_config('search_path', 'storage, public, extensions', true),
  set_config('storage.allow_delete_query', 'true', true),
  set_config('statement_timeout', '30s', true)"""
_AS_CALLER: Final = b"""%b,
  set_config('request.jwt', %b, true), set_config('request.jwt.claims', %b, true),
  set_config('request.jwt.claim.role', %b, true), set_config('request.jwt.claim.sub', %b, true),
  set_config('request.headers', %b, true), set_config('request.method', %b, true),
  set_config('request.path', %b, true), set_config('storage.operation', %b, true),
  set_config('role', %b, true)"""
_HIDDEN_HEADERS: Final = frozenset({"authorization", "apikey", "cookie"})


def create_pool(dsn: str) -> Pool:
    """Return the service's connection pool, for the role supabase_storage_admin."""
    connector = Connector(f"{dsn} options='-c timezone=UTC'", "edge-storage")
    return Pool(connector, size=_POOL_SIZE, timeout=_POOL_TIMEOUT)


@dataclass(frozen=True, slots=True)
class Database:
    """The service's transactions; the database's failures are raised as StorageError."""

    pool: Pool

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Connection]:
        """Pass row-level security; each statement sees what is committed by then."""
        async with self._connection() as connection:
            yield connection

    @asynccontextmanager
    async def as_owner(self) -> AsyncGenerator[Connection]:
        """Open a transaction that passes row-level security."""
        async with self._connection() as connection, _transaction(connection, _AS_OWNER):
            yield connection

    @asynccontextmanager
    async def as_caller(
        self, caller: Caller, request: Request, operation: str, *, rolls_back: bool = False
    ) -> AsyncGenerator[Connection]:
        """Open a transaction under the caller's role and claims, for policies to read.

        `operation` is what storage.operation() returns, without its prefix. `rolls_back` asks for
        the rights only: nothing is kept.
        """
        headers = {k: v for k, v in request.headers.items() if k not in _HIDDEN_HEADERS}
        values = (
            caller.token,
            caller.claims_json(),
            caller.role,
            caller.user_id or "",
            json.dumps(headers),
            request.method,
            request.url.path,
            f"storage.{operation}",
            caller.role,
        )
        end = b"rollback" if rolls_back else b"commit"
        async with self._connection() as connection:
            literals = (_quote(connection, value) for value in values)
            async with _transaction(connection, _AS_CALLER % (_AS_OWNER, *literals), end):
                yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        try:
            async with self.pool.connection() as connection:
                yield connection
        except (PoolBusyError, PostgresUnreachableError) as exc:
            raise storage_error("DatabaseTimeout") from exc
        except psycopg.Error as exc:
            raise explain_postgres(exc) from exc


@asynccontextmanager
async def _transaction(
    connection: Connection, begin: bytes, end: bytes = b"commit"
) -> AsyncGenerator[None]:
    """Begin, with its settings in the same round trip; the pool rolls back what is left open."""
    await connection.execute(begin, prepare=False)
    yield
    await connection.execute(end)


def _quote(connection: Connection, text: str) -> bytes:
    """Return a literal. Raises psycopg.DataError for what no text can hold."""
    data = text.encode()
    if b"\0" in data:
        raise psycopg.DataError("PostgreSQL text cannot contain NUL (0x00) bytes")
    return Escaping(connection.pgconn).escape_literal(data)
