"""Transactions of the storage service: as the caller, or as the owner of its tables."""

import json
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql
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

Row = dict[str, Any]
_POOL_SIZE: Final = 8
_POOL_TIMEOUT: Final = 10.0
_AS_OWNER: Final = b"""
begin;
select set_config('search_path', 'storage, public, extensions', true),
  set_config('storage.allow_delete_query', 'true', true),
  set_config('statement_timeout', '30s', true)"""
_AS_CALLER: Final = """,
  set_config('request.jwt', $1, true), set_config('request.jwt.claims', $2, true),
  set_config('request.jwt.claim.role', $3, true), set_config('request.jwt.claim.sub', $4, true),
  set_config('request.headers', $5, true), set_config('request.method', $6, true),
  set_config('request.path', $7, true), set_config('storage.operation', $8, true),
  set_config('role', $9, true)"""
_READ: Final = 2
"""The place of a statement's results after those of BEGIN and of the settings."""
_PARAMETER: Final = re.compile(rb"\$(\d+)")
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
    async def as_owner_after(
        self, query: str, values: Sequence[object]
    ) -> AsyncGenerator[tuple[Connection, Row | None]]:
        """Like `as_owner`, with statements in the first round trip; yields the last one's row."""
        async with self._connection() as connection:
            statements = _AS_OWNER + b";\n" + render(connection, query, values)
            cursor = await connection.execute(statements, prepare=False)
            while cursor.nextset():
                pass
            yield connection, await cursor.fetchone()
            await connection.execute(b"commit")

    @asynccontextmanager
    async def as_caller(
        self, caller: Caller, request: Request, operation: str
    ) -> AsyncGenerator[Connection]:
        """Open a transaction under the caller's role and claims, for policies to read.

        `operation` is what storage.operation() returns, without its prefix.
        """
        async with self._connection() as connection:
            begin = _begin_as(connection, caller, request, operation)
            async with _transaction(connection, begin):
                yield connection

    async def try_as_caller(
        self, caller: Caller, request: Request, operation: str, query: str, values: Sequence[object]
    ) -> None:
        """Run a statement as `as_caller` would and keep nothing, in one round trip."""
        async with self._connection() as connection:
            begin = _begin_as(connection, caller, request, operation)
            statement = render(connection, query, values)
            await connection.execute(b"%b;\n%b;\nrollback" % (begin, statement), prepare=False)

    async def read_as_caller(
        self, caller: Caller, request: Request, operation: str, query: str, values: Sequence[object]
    ) -> Row | None:
        """Return the first row that the caller may see, in one round trip."""
        async with self._connection() as connection:
            begin = _begin_as(connection, caller, request, operation)
            statement = render(connection, query, values)
            cursor = await connection.execute(
                b"%b;\n%b;\ncommit" % (begin, statement), prepare=False
            )
            for _ in range(_READ):
                cursor.nextset()
            return await cursor.fetchone()

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
async def _transaction(connection: Connection, begin: bytes) -> AsyncGenerator[None]:
    """Begin, with its settings in the same round trip; the pool rolls back what is left open."""
    await connection.execute(begin, prepare=False)
    yield
    await connection.execute(b"commit")


def _begin_as(connection: Connection, caller: Caller, request: Request, operation: str) -> bytes:
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
    return _AS_OWNER + render(connection, _AS_CALLER, values)


def render(connection: Connection, query: str, values: Sequence[object]) -> bytes:
    """Return a statement with its values as literals. Raises psycopg.DataError for NUL in text.

    Statements with parameters cannot share a round trip.
    """
    literals = [sql.Literal(value).as_bytes(connection) for value in values]
    return _PARAMETER.sub(lambda found: literals[int(found[1]) - 1], query.encode())
