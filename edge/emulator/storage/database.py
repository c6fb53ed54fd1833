"""Transactions of the storage service: as the caller, or as the owner of its tables."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
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
_AS_OWNER: Final = """
select set_config('search_path', 'storage, public, extensions', true),
  set_config('storage.allow_delete_query', 'true', true),
  set_config('statement_timeout', '30s', true)"""
_AS_CALLER: Final = """
select set_config('search_path', 'storage, public, extensions', true),
  set_config('storage.allow_delete_query', 'true', true),
  set_config('statement_timeout', '30s', true),
  set_config('request.jwt', $2, true), set_config('request.jwt.claims', $3, true),
  set_config('request.jwt.claim.role', $1, true), set_config('request.jwt.claim.sub', $4, true),
  set_config('request.headers', $5, true), set_config('request.method', $6, true),
  set_config('request.path', $7, true), set_config('storage.operation', $8, true),
  set_config('role', $1, true)"""
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
    async def as_owner(self) -> AsyncGenerator[Connection]:
        """Open a transaction that passes row-level security."""
        async with self._transaction() as connection:
            await connection.execute(_AS_OWNER)
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
            caller.role,
            caller.token,
            caller.claims_json(),
            caller.user_id or "",
            json.dumps(headers),
            request.method,
            request.url.path,
            f"storage.{operation}",
        )
        async with self._transaction(rolls_back=rolls_back) as connection:
            await connection.execute(_AS_CALLER, values)
            yield connection

    @asynccontextmanager
    async def _transaction(self, *, rolls_back: bool = False) -> AsyncGenerator[Connection]:
        try:
            async with (
                self.pool.connection() as connection,
                connection.transaction(force_rollback=rolls_back),
            ):
                yield connection
        except (PoolBusyError, PostgresUnreachableError) as exc:
            raise storage_error("DatabaseTimeout") from exc
        except psycopg.Error as exc:
            raise explain_postgres(exc) from exc
