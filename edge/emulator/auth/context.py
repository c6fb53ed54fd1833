"""The context of every route: settings, connection pool, mailbox, hooks, request parsing."""

import ipaddress
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import psycopg
from starlette.requests import Request

from edge.emulator.auth.config import AuthConfig
from edge.emulator.auth.errors import BAD_TEXT, DATABASE_FAILED, DISK_FULL, NO_DATABASE, TIMED_OUT
from edge.emulator.auth.hooks import Hooks
from edge.emulator.auth.mail.delivery import Delivery
from edge.emulator.auth.rate_limit import RateLimiter
from edge.emulator.auth.schemas import Body, read_body
from edge.emulator.auth.sessions import Client
from edge.emulator.postgres.pool import (
    Connection,
    Pool,
    PoolBusyError,
    PostgresUnreachableError,
)

_MAX_HOPS: Final = 30


@dataclass(frozen=True, slots=True)
class AuthContext:
    """What the routes share."""

    config: AuthConfig
    pool: Pool
    delivery: Delivery
    limiter: RateLimiter
    hooks: Hooks

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
        except psycopg.errors.UniqueViolation:
            raise
        except psycopg.Error as exc:  # a trigger or a constraint of the project
            raise DATABASE_FAILED.error(message=_describe(exc)) from exc

    def audience(self, request: Request) -> str:
        return request.headers.get("x-jwt-aud") or self.config.audience


def now() -> datetime:
    return datetime.now(UTC)


def client_of(request: Request) -> Client:
    """Return the address and the user agent of the client, as sessions store them."""
    return Client(request.headers.get("user-agent"), client_address(request))


def client_address(request: Request) -> str:
    """Return the first address of X-Forwarded-For, else the peer's."""
    for part in request.headers.get("x-forwarded-for", "").split(",", _MAX_HOPS)[:_MAX_HOPS]:
        try:
            return str(ipaddress.ip_address(part.strip()))
        except ValueError:
            continue
    try:
        return str(ipaddress.ip_address(request.client.host if request.client else ""))
    except ValueError:
        return "127.0.0.1"


def _describe(error: psycopg.Error) -> str:
    """Say what failed as GoTrue does for sign-ups, with the database's own words for developers."""
    return f"Database error saving new user: {error.diag.message_primary or error}"
