"""SQL on auth.users and auth.identities.

Follows supabase/auth (internal/models/user.go, identity.go).
"""

from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from edge.emulator.auth.user import User, email_profile
from edge.emulator.postgres.pool import Connection

_INSTANCE: Final = "00000000-0000-0000-0000-000000000000"
_SELECT: Final = """
select
  u.id, u.aud, u.role, u.email, u.phone, u.encrypted_password, u.email_confirmed_at,
  u.phone_confirmed_at, u.confirmed_at, u.last_sign_in_at, u.banned_until,
  coalesce(u.raw_app_meta_data, '{}') as raw_app_meta_data,
  coalesce(u.raw_user_meta_data, '{}') as raw_user_meta_data,
  u.is_anonymous, u.created_at, u.updated_at,
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id, 'provider', i.provider,
      'identity_data', i.identity_data, 'email', i.email, 'last_sign_in_at', i.last_sign_in_at,
      'created_at', i.created_at, 'updated_at', i.updated_at) order by i.created_at)
    from auth.identities i where i.user_id = u.id), '[]') as identities
from auth.users u where u.deleted_at is null"""
_BY_ID: Final = _SELECT + " and u.id = $1"
_BY_ID_LOCKED: Final = _BY_ID + " for update of u"
_BY_EMAIL: Final = _SELECT + " and lower(u.email) = $1 and not u.is_sso_user"
_PAGE: Final = _SELECT + " order by u.created_at desc, u.id limit $1 offset $2"
_COUNT: Final = "select count(*) as users from auth.users where deleted_at is null"
_INSERT: Final = """
insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, banned_until,
  raw_app_meta_data, raw_user_meta_data)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict do nothing returning id"""
_INSERT_IDENTITY: Final = """
insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at)
values ($1::uuid::text, $1, $2, 'email', now())"""
_UPDATE: Final = """
update auth.users set
  email = $2, encrypted_password = $3, email_confirmed_at = $4, banned_until = $5,
  raw_app_meta_data = $6, raw_user_meta_data = $7, role = $8, updated_at = now()
where id = $1"""
_UPDATE_IDENTITY: Final = """
update auth.identities set
  identity_data = identity_data || jsonb_build_object('email', $2::text), updated_at = now()
where user_id = $1 and provider = 'email' and email is distinct from lower($2)"""
_SIGNED_IN: Final = (
    "update auth.users set last_sign_in_at = now(), updated_at = now() where id = $1"
)
_DELETE: Final = "delete from auth.users where id = $1 and deleted_at is null returning id"
# Anonymises the row, so that the address can be registered again.
_SOFT_DELETE: Final = """
update auth.users set
  deleted_at = now(), encrypted_password = null, raw_app_meta_data = '{}',
  raw_user_meta_data = '{}', phone = null,
  email = encode(sha256(convert_to(id || email, 'UTF8')), 'hex')
where id = $1 and deleted_at is null returning id"""

_DELETE_IDENTITIES_AND_SESSIONS: Final = """
with identities as (delete from auth.identities where user_id = $1)
delete from auth.sessions where user_id = $1"""


async def fetch_user(connection: Connection, user_id: UUID, *, lock: bool = False) -> User | None:
    """Return the user; with `lock` the row is locked until the transaction ends."""
    statement = _BY_ID_LOCKED if lock else _BY_ID
    return _read(await (await connection.execute(statement, (user_id,))).fetchone())


async def fetch_user_by_email(connection: Connection, email: str) -> User | None:
    return _read(await (await connection.execute(_BY_EMAIL, (email,))).fetchone())


async def fetch_users(connection: Connection, page: int, size: int) -> list[User]:
    """Return a page of users, newest first; the first `page` is 1."""
    cursor = await connection.execute(_PAGE, (size, (page - 1) * size))
    return [User(**row) for row in await cursor.fetchall()]


async def count_users(connection: Connection) -> int:
    row = await (await connection.execute(_COUNT)).fetchone()
    return row["users"] if row else 0


async def insert_user(connection: Connection, user: User) -> User | None:
    """Store the user with its identity; returns None if the address or the id is taken."""
    values: tuple[Any, ...] = (
        _INSTANCE,
        user.id,
        user.aud,
        user.role,
        user.email,
        user.encrypted_password,
        user.email_confirmed_at,
        user.banned_until,
        Jsonb(user.raw_app_meta_data),
        Jsonb(user.raw_user_meta_data),
    )
    async with connection.transaction():
        if await (await connection.execute(_INSERT, values)).fetchone() is None:
            return None
        is_verified = user.email_confirmed_at is not None
        profile = email_profile(user.id, user.email or "", is_verified=is_verified)
        await connection.execute(_INSERT_IDENTITY, (user.id, Jsonb(profile)))
        return await fetch_user(connection, user.id)


async def update_user(connection: Connection, user: User) -> None:
    """Store the user's changeable fields; raises UniqueViolation if the address is taken."""
    values: tuple[Any, ...] = (
        user.id,
        user.email,
        user.encrypted_password,
        user.email_confirmed_at,
        user.banned_until,
        Jsonb(user.raw_app_meta_data),
        Jsonb(user.raw_user_meta_data),
        user.role,
    )
    await connection.execute(_UPDATE, values)
    await connection.execute(_UPDATE_IDENTITY, (user.id, user.email))


async def mark_signed_in(connection: Connection, user_id: UUID) -> None:
    await connection.execute(_SIGNED_IN, (user_id,))


async def delete_user(connection: Connection, user_id: UUID, *, soft: bool) -> bool:
    """Delete the user; returns whether it existed. `soft` keeps the row, anonymised."""
    statement = _SOFT_DELETE if soft else _DELETE
    await connection.execute(_DELETE_IDENTITIES_AND_SESSIONS, (user_id,))
    return await (await connection.execute(statement, (user_id,))).fetchone() is not None


def _read(row: DictRow | None) -> User | None:
    return User(**row) if row else None
