"""The context of every route: settings, connection pool, request parsing."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from starlette.requests import Request

from edge.emulator.auth.config import AuthConfig
from edge.emulator.auth.errors import BAD_TEXT, DISK_FULL, NO_DATABASE, TIMED_OUT
from edge.emulator.auth.schemas import Body, read_body
from edge.emulator.postgres.pool import (
    Connection,
    Pool,
    PoolBusyError,
    PostgresUnreachableError,
)


@dataclass(frozen=True, slots=True)
class AuthContext:
    """The service's settings and connection pool."""

    config: AuthConfig
    pool: Pool

    async def read(
        self, request: Request, model: type[Body], *, may_be_empty: bool = False
    ) -> Body:
        limit = self.config.max_body
        return await read_body(request, model, limit=limit, may_be_empty=may_be_empty)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """Open a transaction; the database's failures are raised as GoTrue's errors."""
        try:
            async with self.pool.connection() as connection, connection.transaction():
                yield connection
        except PoolBusyError as exc:
            raise TIMED_OUT.error() from exc
        except psycopg.errors.DiskFull as exc:
            raise DISK_FULL.error() from exc
        except (PostgresUnreachableError, psycopg.OperationalError) as exc:
            raise NO_DATABASE.error() from exc
        except psycopg.DataError as exc:
            raise BAD_TEXT.error() from exc


def now() -> datetime:
    return datetime.now(UTC)
