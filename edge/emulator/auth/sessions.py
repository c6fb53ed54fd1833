"""SQL on auth.sessions and auth.refresh_tokens.

Follows supabase/auth (internal/models/sessions.go, refresh_token.go).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from edge.emulator.postgres.pool import Connection

_INSERT_SESSION: Final = """
insert into auth.sessions (user_id, user_agent) values ($1, $2) returning id, created_at"""
_INSERT_LINK: Final = """
insert into auth.refresh_tokens (token, user_id, session_id, parent)
values ($1, $2::uuid::text, $3, $4)"""
# Locks both rows, so that of two concurrent refreshes the second sees the first one's result.
_FETCH_LINK: Final = """
select t.token, t.revoked, s.id as session_id, s.user_id, s.created_at,
  clock_timestamp() > t.updated_at + make_interval(secs => $2::float8) as is_late
from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id
where t.token = $1 for update of s, t"""
_FETCH_ACTIVE: Final = """
select token, parent from auth.refresh_tokens
where session_id = $1 and not revoked order by id desc limit 1"""
_REVOKE_FAMILY: Final = """
update auth.refresh_tokens set revoked = true, updated_at = clock_timestamp()
where session_id = $1 and not revoked"""
_TOUCH: Final = """
update auth.sessions set refreshed_at = clock_timestamp(), updated_at = clock_timestamp()
where id = $1"""
_EXISTS: Final = "select from auth.sessions where id = $1 and user_id = $2"
_DELETE_ALL: Final = "delete from auth.sessions where user_id = $1"
_DELETE_ONE: Final = "delete from auth.sessions where user_id = $1 and id = $2"
_DELETE_OTHERS: Final = "delete from auth.sessions where user_id = $1 and id <> $2"


class Scope(StrEnum):
    """Which sessions of a user end."""

    GLOBAL = "global"
    LOCAL = "local"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one user."""

    id: UUID
    user_id: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token; `is_late` once the interval is over in which it may be reused."""

    token: str
    session: Session
    is_revoked: bool
    is_late: bool


async def insert_session(
    connection: Connection, user_id: UUID, user_agent: str | None
) -> tuple[Session, str]:
    """Create a session; returns it and its first refresh token."""
    cursor = await connection.execute(_INSERT_SESSION, (user_id, user_agent))
    row = await cursor.fetchone()
    assert row is not None  # insert … returning
    session = Session(row["id"], user_id, row["created_at"])
    return session, await _insert_token(connection, session, None)


async def fetch_refresh_token(
    connection: Connection, token: str, reuse_seconds: float
) -> RefreshToken | None:
    """Return the token and lock it and its session; None if unknown."""
    row = await (await connection.execute(_FETCH_LINK, (token, reuse_seconds))).fetchone()
    if row is None:
        return None
    session = Session(row["session_id"], row["user_id"], row["created_at"])
    return RefreshToken(row["token"], session, row["revoked"], row["is_late"])


async def fetch_successor(connection: Connection, used: RefreshToken) -> str | None:
    """Return the active token if it directly succeeds `used`: the response was lost."""
    row = await (await connection.execute(_FETCH_ACTIVE, (used.session.id,))).fetchone()
    return row["token"] if row and row["parent"] == used.token else None


async def rotate(connection: Connection, used: RefreshToken) -> str:
    """Revoke the session's active tokens; returns the successor of `used`."""
    await connection.execute(_REVOKE_FAMILY, (used.session.id,))
    await connection.execute(_TOUCH, (used.session.id,))
    return await _insert_token(connection, used.session, used.token)


async def revoke_family(connection: Connection, session_id: UUID) -> None:
    await connection.execute(_REVOKE_FAMILY, (session_id,))


async def has_session(connection: Connection, session_id: UUID, user_id: UUID) -> bool:
    cursor = await connection.execute(_EXISTS, (session_id, user_id))
    return await cursor.fetchone() is not None


async def delete_sessions(
    connection: Connection, user_id: UUID, session_id: UUID | None, scope: Scope
) -> None:
    """Delete the sessions in `scope`; all of the user's if there is no `session_id`."""
    if session_id is None or scope is Scope.GLOBAL:
        await connection.execute(_DELETE_ALL, (user_id,))
    else:
        statement = _DELETE_ONE if scope is Scope.LOCAL else _DELETE_OTHERS
        await connection.execute(statement, (user_id, session_id))


async def _insert_token(connection: Connection, session: Session, parent: str | None) -> str:
    token = secrets.token_urlsafe(16)
    await connection.execute(_INSERT_LINK, (token, session.user_id, session.id, parent))
    return token
