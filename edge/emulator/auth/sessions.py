"""SQL on auth.sessions, auth.refresh_tokens and auth.mfa_amr_claims.

Follows supabase/auth (internal/models/sessions.go, refresh_token.go, amr.go).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from edge.emulator.postgres.pool import Connection

_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_TOKEN_LENGTH: Final = 12
_INSTANCE: Final = "00000000-0000-0000-0000-000000000000"
_AAL2_METHODS: Final = frozenset({"totp", "mfa/phone", "mfa/webauthn"})
_RECOVERY_METHODS: Final = frozenset({"otp", "magiclink", "recovery"})

_INSERT: Final = """
insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
values (gen_random_uuid(), $1, now(), now(), 'aal1', $2, $3) returning id"""
_INSERT_TOKEN: Final = """
insert into auth.refresh_tokens (
  instance_id, token, user_id, session_id, parent, revoked, created_at, updated_at)
values ($1, $2, $3::uuid::text, $4, $5, false, clock_timestamp(), clock_timestamp())"""  # noqa: S105
_ADD_METHOD: Final = """
insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
values (gen_random_uuid(), $1, now(), now(), $2)
on conflict (session_id, authentication_method) do update set updated_at = now()"""
_SESSION: Final = """
select s.id, s.user_id, s.created_at, s.not_after, coalesce(s.aal::text, 'aal1') as aal,
  s.tag, s.factor_id, s.refreshed_at at time zone 'UTC' as refreshed_at,
  coalesce((
    select jsonb_agg(
      jsonb_build_object(
        'method', c.authentication_method,
        'timestamp', floor(extract(epoch from c.updated_at))::bigint)
      order by c.updated_at desc)
    from auth.mfa_amr_claims c where c.session_id = s.id), '[]') as methods
from auth.sessions s where s.id = $1"""
# Locks both rows, so that of two concurrent refreshes the second sees the first one's result.
_FETCH_TOKEN: Final = """
select t.token, coalesce(t.revoked, false) as revoked, t.updated_at, t.session_id, t.user_id,
  clock_timestamp() > t.updated_at + make_interval(secs => $2::float8) as is_late
from auth.refresh_tokens t left join auth.sessions s on s.id = t.session_id
where t.token = $1 for update of t"""  # noqa: S105
_LOCK_SESSION: Final = "select from auth.sessions where id = $1 for update"
_FETCH_ACTIVE: Final = """
select token, parent from auth.refresh_tokens
where session_id = $1 and not coalesce(revoked, false) order by id desc limit 1"""
_REVOKE_FAMILY: Final = """
update auth.refresh_tokens set revoked = true, updated_at = clock_timestamp()
where session_id = $1 and not coalesce(revoked, false)"""
_TOUCH: Final = """
update auth.sessions set
  refreshed_at = clock_timestamp() at time zone 'UTC', updated_at = clock_timestamp(),
  user_agent = $2, ip = $3
where id = $1"""
_RAISE_LEVEL: Final = "update auth.sessions set aal = 'aal2', factor_id = $2 where id = $1"
_LOWER_LEVEL: Final = """
update auth.sessions set aal = 'aal1', factor_id = null where user_id = $1 and factor_id = $2"""
_DELETE_LOW: Final = (
    "delete from auth.sessions where user_id = $1 and coalesce(aal, 'aal1') < 'aal2'"
)
_DELETE_TOKEN: Final = "delete from auth.refresh_tokens where token = $1"  # noqa: S105
_DELETE_ALL: Final = "delete from auth.sessions where user_id = $1"
_DELETE_ONE: Final = "delete from auth.sessions where user_id = $1 and id = $2"
_DELETE_OTHERS: Final = "delete from auth.sessions where user_id = $1 and id <> $2"
_NEWER: Final = """
select from auth.sessions
where user_id = $1 and id <> $2 and coalesce(tag, '') = coalesce($3, '')
  and coalesce(refreshed_at at time zone 'UTC', created_at) > $4 limit 1"""


class Scope(StrEnum):
    """Which sessions of a user end."""

    GLOBAL = "global"
    LOCAL = "local"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request came from."""

    user_agent: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one user; `methods` are its amr entries, newest first."""

    id: UUID
    user_id: UUID
    created_at: datetime
    not_after: datetime | None
    aal: str
    tag: str | None
    factor_id: UUID | None
    refreshed_at: datetime | None
    methods: list[dict[str, Any]]

    @property
    def level(self) -> str:
        """The assurance level that the methods prove."""
        return "aal2" if any(m["method"] in _AAL2_METHODS for m in self.methods) else "aal1"

    @property
    def is_recovery(self) -> bool:
        return any(m["method"] in _RECOVERY_METHODS for m in self.methods)

    def last_refreshed(self, token_time: datetime | None = None) -> datetime:
        return self.refreshed_at or max(self.created_at, token_time or self.created_at)


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token; `is_late` once the interval is over in which it may be reused."""

    token: str
    session_id: UUID | None
    user_id: str
    is_revoked: bool
    is_late: bool
    updated_at: datetime


async def insert_session(
    connection: Connection, user_id: UUID, client: Client, method: str
) -> tuple[Session, str]:
    """Create a session; returns it and its first refresh token."""
    values = (user_id, client.user_agent, client.address)
    row = await (await connection.execute(_INSERT, values)).fetchone()
    assert row is not None  # insert … returning
    session_id: UUID = row["id"]
    await add_method(connection, session_id, method)
    token = await insert_refresh_token(connection, user_id, session_id, None)
    session = await fetch_session(connection, session_id)
    assert session is not None
    return session, token


async def insert_refresh_token(
    connection: Connection, user_id: UUID, session_id: UUID, parent: str | None
) -> str:
    token = "".join(secrets.choice(_ALPHABET) for _ in range(_TOKEN_LENGTH))
    await connection.execute(_INSERT_TOKEN, (_INSTANCE, token, user_id, session_id, parent))
    return token


async def add_method(connection: Connection, session_id: UUID, method: str) -> None:
    """Record that the session was authenticated by `method` just now."""
    await connection.execute(_ADD_METHOD, (session_id, method))


async def fetch_session(connection: Connection, session_id: UUID) -> Session | None:
    row: DictRow | None = await (await connection.execute(_SESSION, (session_id,))).fetchone()
    return Session(**row) if row else None


async def lock_session(connection: Connection, session_id: UUID) -> None:
    await connection.execute(_LOCK_SESSION, (session_id,))


async def fetch_refresh_token(
    connection: Connection, token: str, reuse_seconds: float
) -> RefreshToken | None:
    """Return the token and lock it; None if unknown."""
    row = await (await connection.execute(_FETCH_TOKEN, (token, reuse_seconds))).fetchone()
    if row is None:
        return None
    return RefreshToken(
        row["token"],
        row["session_id"],
        row["user_id"],
        row["revoked"],
        row["is_late"],
        row["updated_at"],
    )


async def fetch_active(connection: Connection, session_id: UUID) -> tuple[str, str | None] | None:
    """Return the session's active refresh token and its parent."""
    row = await (await connection.execute(_FETCH_ACTIVE, (session_id,))).fetchone()
    return (row["token"], row["parent"]) if row else None


async def rotate(
    connection: Connection, user_id: UUID, session_id: UUID, parent: str | None
) -> str:
    """Revoke the session's active tokens; returns their successor."""
    await revoke_family(connection, session_id)
    return await insert_refresh_token(connection, user_id, session_id, parent)


async def revoke_family(connection: Connection, session_id: UUID) -> None:
    await connection.execute(_REVOKE_FAMILY, (session_id,))


async def touch_session(connection: Connection, session_id: UUID, client: Client) -> None:
    await connection.execute(_TOUCH, (session_id, client.user_agent, client.address))


async def raise_level(connection: Connection, session_id: UUID, factor_id: UUID) -> None:
    await connection.execute(_RAISE_LEVEL, (session_id, factor_id))


async def lower_level(connection: Connection, user_id: UUID, factor_id: UUID) -> None:
    """Set the sessions that used the factor back to aal1."""
    await connection.execute(_LOWER_LEVEL, (user_id, factor_id))


async def delete_low_sessions(connection: Connection, user_id: UUID) -> None:
    """Delete the user's sessions below aal2."""
    await connection.execute(_DELETE_LOW, (user_id,))


async def delete_refresh_token(connection: Connection, token: str) -> None:
    await connection.execute(_DELETE_TOKEN, (token,))


async def has_newer_session(connection: Connection, session: Session, since: datetime) -> bool:
    """Whether another session of the user, with the same tag, was used after `since`."""
    values = (session.user_id, session.id, session.tag, since)
    return await (await connection.execute(_NEWER, values)).fetchone() is not None


async def delete_sessions(
    connection: Connection,
    user_id: UUID,
    session_id: UUID | None = None,
    scope: Scope = Scope.GLOBAL,
) -> None:
    """Delete the sessions in `scope`; all of the user's if there is no `session_id`."""
    if session_id is None or scope is Scope.GLOBAL:
        await connection.execute(_DELETE_ALL, (user_id,))
    else:
        statement = _DELETE_ONE if scope is Scope.LOCAL else _DELETE_OTHERS
        await connection.execute(statement, (user_id, session_id))
