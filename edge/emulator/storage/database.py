"""Transactions of the storage service: as the caller, or as the owner of its tables."""

import json
import re
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.pq.abc import PGresult
from starlette.requests import Request

from edge.emulator.postgres.pipeline import PipelineConnection, Statement, connect_pipeline
from edge.emulator.postgres.pool import (
    Connection,
    ConnectionPool,
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
_SET_OWNER: Final = b"""
select set_config('search_path', 'storage, public, extensions', true),
  set_config('storage.allow_delete_query', 'true', true),
  set_config('statement_timeout', '30s', true)"""
_AS_OWNER: Final = b"begin;" + _SET_OWNER
_SET_CALLER: Final = """
  set_config('request.jwt', $1, true), set_config('request.jwt.claims', $2, true),
  set_config('request.jwt.claim.role', $3, true), set_config('request.jwt.claim.sub', $4, true),
  set_config('request.headers', $5, true), set_config('request.method', $6, true),
  set_config('request.path', $7, true), set_config('storage.operation', $8, true),
  set_config('role', $9, true)"""
_AS_CALLER: Final = f",{_SET_CALLER}"
_BEGIN_OWNER: Final[tuple[Statement, ...]] = ((b"begin", ()), (_SET_OWNER, ()))
_BEGIN_TRIAL: Final[Statement] = (b"savepoint trial", ())
_END_TRIAL: Final[Statement] = (b"rollback to savepoint trial", ())
_COMMIT: Final[Statement] = (b"commit", ())
_READ: Final = 2
"""The place of a statement's results after those of BEGIN and of the settings."""
_PARAMETER: Final = re.compile(rb"\$(\d+)")
_HIDDEN_HEADERS: Final = frozenset({"authorization", "apikey", "cookie"})


@dataclass(frozen=True, slots=True)
class Pools:
    """The service's connections, and those that take several statements in one round trip."""

    connections: Pool
    pipelines: ConnectionPool[PipelineConnection]

    async def close(self) -> None:
        await self.connections.close()
        await self.pipelines.close()


def create_pool(dsn: str) -> Pools:
    """Return the service's connection pools, for the role supabase_storage_admin."""
    connector = Connector(f"{dsn} options='-c timezone=UTC'", "edge-storage")
    connect = partial(connect_pipeline, connector)
    return Pools(
        Pool(connector, size=_POOL_SIZE, timeout=_POOL_TIMEOUT),
        ConnectionPool(connect, size=_POOL_SIZE, timeout=_POOL_TIMEOUT),
    )


@dataclass(frozen=True, slots=True)
class Database:
    """The service's transactions; the database's failures are raised as StorageError."""

    pools: Pools

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
    async def trying_as_caller(
        self,
        caller: Caller,
        request: Request,
        operation: str,
        trial: Statement,
        statements: Sequence[Statement],
    ) -> AsyncGenerator[Sequence[PGresult]]:
        """Try a statement as the caller, undo it, and run others as the owner of the tables.

        All are one round trip; yields the results of the others, which the end of the block
        commits.
        """
        before = (
            *_BEGIN_OWNER,
            _BEGIN_TRIAL,
            (f"select{_SET_CALLER}".encode(), _describe(caller, request, operation)),
            trial,
            _END_TRIAL,
        )
        with _explained():
            async with self.pools.pipelines.connection() as connection:
                results = await connection.run([*before, *statements], caller.role)
                yield results[len(before) :]
                await connection.run([_COMMIT])

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        with _explained():
            async with self.pools.connections.connection() as connection:
                yield connection


@contextmanager
def _explained() -> Generator[None]:
    """Raise the database's failures as StorageError."""
    try:
        yield
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
    return _AS_OWNER + render(connection, _AS_CALLER, _describe(caller, request, operation))


def _describe(caller: Caller, request: Request, operation: str) -> tuple[str, ...]:
    """Return the values of the caller's settings."""
    headers = {k: v for k, v in request.headers.items() if k not in _HIDDEN_HEADERS}
    return (
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


def render(connection: Connection, query: str, values: Sequence[object]) -> bytes:
    """Return a statement with its values as literals. Raises psycopg.DataError for NUL in text.

    Statements with parameters cannot share a round trip.
    """
    literals = [sql.Literal(value).as_bytes(connection) for value in values]
    return _PARAMETER.sub(lambda found: literals[int(found[1]) - 1], query.encode())
