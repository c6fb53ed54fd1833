"""SQL on auth.users and auth.identities.

Follows supabase/auth (internal/models/user.go, identity.go).
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final, LiteralString, cast
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from edge.emulator.auth.errors import TOO_MANY_VALUES
from edge.emulator.auth.one_time_tokens import clear_tokens
from edge.emulator.auth.sessions import delete_sessions
from edge.emulator.auth.user import User, merge_metadata
from edge.emulator.dense_json import is_dense
from edge.emulator.postgres.pool import Connection

INSTANCE: Final = "00000000-0000-0000-0000-000000000000"

_TEXTS: Final = (
    *("role", "email", "encrypted_password", "phone", "confirmation_token", "recovery_token"),
    *("email_change_token_current", "email_change_token_new", "email_change"),
    *("phone_change_token", "phone_change", "reauthentication_token"),
)
_TIMES: Final = (
    *("email_confirmed_at", "invited_at", "phone_confirmed_at", "confirmation_sent_at"),
    *("confirmed_at", "recovery_sent_at", "email_change_sent_at", "phone_change_sent_at"),
    *("reauthentication_sent_at", "last_sign_in_at", "created_at", "updated_at", "banned_until"),
    "deleted_at",
)
_COLUMNS: Final = ", ".join(
    (
        "u.id",
        "coalesce(u.aud, 'authenticated') as aud",
        *(f"coalesce(u.{name}, '') as {name}" for name in _TEXTS),
        *(f"u.{name}" for name in _TIMES),
        "coalesce(u.email_change_confirm_status, 0) as email_change_confirm_status",
        "coalesce(nullif(u.raw_app_meta_data, 'null'), '{}') as raw_app_meta_data",
        "coalesce(nullif(u.raw_user_meta_data, 'null'), '{}') as raw_user_meta_data",
        "u.is_anonymous",
        "u.is_sso_user",
    )
)
_IDENTITY: Final = """jsonb_build_object(
  'identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id,
  'identity_data', i.identity_data, 'provider', i.provider,
  'last_sign_in_at', i.last_sign_in_at, 'created_at', i.created_at, 'updated_at', i.updated_at,
  'email', i.email)"""
_FACTOR: Final = """jsonb_build_object(
  'id', f.id, 'created_at', f.created_at, 'updated_at', f.updated_at, 'status', f.status,
  'friendly_name', f.friendly_name, 'factor_type', f.factor_type, 'phone', coalesce(f.phone, ''),
  'last_challenged_at', f.last_challenged_at)"""
_SELECT: Final = f"""
select {_COLUMNS},
  coalesce((
    select jsonb_agg({_IDENTITY} order by i.created_at, i.id)
    from auth.identities i where i.user_id = u.id), '[]') as identities,
  coalesce((
    select jsonb_agg({_FACTOR} order by f.created_at, f.id)
    from auth.mfa_factors f where f.user_id = u.id), '[]') as factors
from auth.users u where """  # noqa: S608
_BY_ID: Final = _SELECT + "u.id = $1"
_BY_ID_LOCKED: Final = _BY_ID + " for update of u"
_ADDRESSED: Final = "coalesce(u.aud, 'authenticated') = $2 and not u.is_sso_user limit 1"
_BY_EMAIL: Final = f"{_SELECT} lower(u.email) = $1 and {_ADDRESSED}"
_BY_PHONE: Final = f"{_SELECT} u.phone = $1 and {_ADDRESSED}"
_BY_PHONE_CHANGE: Final = f"{_SELECT} u.phone_change = $1 and {_ADDRESSED}"
_BY_IDENTITY_EMAIL: Final = f"""{_SELECT} u.id in (
  select i.user_id from auth.identities i where i.email = $1 and i.provider not like 'sso:%'
) and coalesce(u.aud, 'authenticated') = $2 and u.id is distinct from $3 limit 1"""  # noqa: S608
_FILTERED: Final = """coalesce(u.aud, 'authenticated') = $1
  and ($2 = '' or u.email like '%' || $2 || '%'
    or u.raw_user_meta_data ->> 'full_name' ilike '%' || $2 || '%')"""
_PAGE: Final = f"select {_COLUMNS} from auth.users u where {_FILTERED}"  # noqa: S608
_NEWEST: Final = f"{_PAGE} order by u.created_at desc, u.id limit $3 offset $4"
_OLDEST: Final = f"{_PAGE} order by u.created_at, u.id limit $3 offset $4"
_COUNT: Final = f"select count(*) as users from auth.users u where {_FILTERED}"  # noqa: S608
_NULLABLE: Final = frozenset({"email", "phone", "encrypted_password"})
_WRITABLE: Final = frozenset(field.name for field in fields(User)) - {
    *("confirmed_at", "identities", "factors", "created_at", "updated_at"),
}
_INSERT: Final = """
insert into auth.users (
  instance_id, id, aud, role, email, phone, encrypted_password, is_anonymous, is_sso_user,
  raw_app_meta_data, raw_user_meta_data, confirmation_token, recovery_token,
  email_change_token_new, email_change, created_at, updated_at)
values ($1, $2, $3, $4, nullif($5, ''), nullif($6, ''), $7, $8, $9, $10, $11, '', '', '', '',
  now(), now())"""
_INSERT_IDENTITY: Final = """
insert into auth.identities (
  provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
values ($1, $2, $3, $4, now(), clock_timestamp(), clock_timestamp())"""
_UPDATE_IDENTITY: Final = """
update auth.identities set identity_data = jsonb_strip_nulls(identity_data || $3),
  updated_at = now()
where user_id = $1 and provider = $2"""
_DELETE_IDENTITIES: Final = "delete from auth.identities where user_id = $1 and id = any($2)"
_PROVIDERS: Final = """
select provider from auth.identities where user_id = $1
group by provider order by min(created_at)"""
_DELETE: Final = "delete from auth.users where id = $1"
_OBSCURE_IDENTITY: Final = """
update auth.identities set identity_data = '{}', provider_id = $2, updated_at = now()
where id = $1"""
_DELETE_FACTORS: Final = "delete from auth.mfa_factors where user_id = $1"


async def fetch_user(connection: Connection, user_id: UUID, *, lock: bool = False) -> User | None:
    """Return the user; with `lock` the row is locked until the transaction ends."""
    return await _fetch(connection, _BY_ID_LOCKED if lock else _BY_ID, user_id)


async def fetch_user_by_email(connection: Connection, email: str, aud: str) -> User | None:
    return await _fetch(connection, _BY_EMAIL, email.lower(), aud)


async def fetch_user_by_phone(connection: Connection, phone: str, aud: str) -> User | None:
    return await _fetch(connection, _BY_PHONE, phone, aud)


async def fetch_user_by_phone_change(connection: Connection, phone: str, aud: str) -> User | None:
    return await _fetch(connection, _BY_PHONE_CHANGE, phone, aud)


async def fetch_duplicate(
    connection: Connection, email: str, aud: str, own_id: UUID | None = None
) -> User | None:
    """Return another user with this address, be it an identity's or the user's own."""
    found = await _fetch(connection, _BY_IDENTITY_EMAIL, email.lower(), aud, own_id)
    if found is None:
        found = await fetch_user_by_email(connection, email, aud)
    return None if found and found.id == own_id else found


async def fetch_users(
    connection: Connection, aud: str, term: str, window: tuple[int, int], *, ascending: bool
) -> list[User]:
    """Return a page of users, newest first unless `ascending`; `window` is limit and offset.

    The identities are not loaded, as upstream does not load them here.
    """
    statement = _OLDEST if ascending else _NEWEST
    cursor = await connection.execute(statement.encode(), (aud, term, *window))
    return [User(**row, identities=None) for row in await cursor.fetchall()]


async def count_users(connection: Connection, aud: str, term: str) -> int:
    row = await (await connection.execute(_COUNT, (aud, term))).fetchone()
    return row["users"] if row else 0


async def insert_user(connection: Connection, user: User) -> User:
    """Store a new user; raises UniqueViolation if the address or the id is taken."""
    values = (
        *(INSTANCE, user.id, user.aud, user.role, user.email, user.phone),
        *(user.encrypted_password, user.is_anonymous, user.is_sso_user),
        *(Jsonb(user.raw_app_meta_data), Jsonb(user.raw_user_meta_data)),
    )
    await connection.execute(_INSERT, values)
    return await reload_user(connection, user.id)


async def update_user(connection: Connection, user_id: UUID, **columns: Any) -> User:
    """Set the columns and return the user; empty addresses and passwords are stored as null."""
    assert columns.keys() <= _WRITABLE, columns.keys() - _WRITABLE
    assignments = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), _parameter(number))
        for number, name in enumerate(columns, 2)
    )
    statement = sql.SQL("update auth.users set {}, updated_at = now() where id = $1")
    values = [_stored(name, value) for name, value in columns.items()]
    text = statement.format(assignments).as_string(connection)
    await connection.execute(text.encode(), (user_id, *values))
    return await reload_user(connection, user_id)


async def reload_user(connection: Connection, user_id: UUID) -> User:
    user = await fetch_user(connection, user_id)
    assert user is not None, "the user was deleted in its own transaction"
    return user


async def insert_identity(
    connection: Connection, user_id: UUID, provider: str, data: Mapping[str, Any]
) -> None:
    """Store an identity, whose id at the provider is `sub`."""
    values = (str(data["sub"]), user_id, Jsonb(dict(data)), provider)
    await connection.execute(_INSERT_IDENTITY, values)


async def update_identity(
    connection: Connection, user_id: UUID, provider: str, **data: Any
) -> None:
    """Merge `data` into the identity data."""
    await connection.execute(_UPDATE_IDENTITY, (user_id, provider, Jsonb(data)))


async def delete_identities(
    connection: Connection, user_id: UUID, identity_ids: Sequence[str]
) -> None:
    await connection.execute(_DELETE_IDENTITIES, (user_id, [UUID(text) for text in identity_ids]))


async def refresh_providers(connection: Connection, user_id: UUID) -> User:
    """Set app_metadata's providers to those of the identities, oldest first."""
    rows = await (await connection.execute(_PROVIDERS, (user_id,))).fetchall()
    providers = [row["provider"] for row in rows]
    change: dict[str, Any] = {"providers": providers}
    if providers:
        change["provider"] = providers[0]
    user = await reload_user(connection, user_id)
    merged = merge_metadata(user.raw_app_meta_data, change)
    return await update_user(connection, user_id, raw_app_meta_data=merged)


async def confirm_email(connection: Connection, user: User, now: datetime) -> User:
    await clear_tokens(connection, user.id)
    return await update_user(
        connection,
        user.id,
        confirmation_token="",
        email_confirmed_at=now,
        raw_user_meta_data={**user.raw_user_meta_data, "email_verified": True},
    )


async def confirm_phone(connection: Connection, user: User, now: datetime) -> User:
    await clear_tokens(connection, user.id)
    return await update_user(connection, user.id, confirmation_token="", phone_confirmed_at=now)


async def delete_user(connection: Connection, user: User) -> None:
    await connection.execute(_DELETE, (user.id,))


async def obscure_user(connection: Connection, user: User, now: datetime) -> None:
    """Delete softly: the row stays, its addresses are hashed and can be registered again."""
    await clear_tokens(connection, user.id)
    await update_user(
        connection,
        user.id,
        email=_obscure(user.id, user.email),
        phone=_obscure(user.id, user.phone)[:15],
        email_change=_obscure(user.id, user.email_change),
        phone_change=_obscure(user.id, user.phone_change)[:15],
        encrypted_password="",
        confirmation_token="",
        recovery_token="",
        email_change_token_current="",
        email_change_token_new="",
        phone_change_token="",
        deleted_at=now,
        raw_app_meta_data={},
        raw_user_meta_data={},
    )
    for identity in user.identities or ():
        hashed = _obscure(user.id, f"{identity['provider']}:{identity['id']}")
        await connection.execute(_OBSCURE_IDENTITY, (UUID(identity["identity_id"]), hashed))
    await connection.execute(_DELETE_FACTORS, (user.id,))
    await delete_sessions(connection, user.id)


def _parameter(number: int) -> sql.SQL:
    return sql.SQL(cast("LiteralString", f"${number}"))


def _obscure(user_id: UUID, value: str) -> str:
    digest = hashlib.sha256(f"{user_id}{value}".encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _stored(name: str, value: Any) -> Any:
    if name.startswith("raw_"):
        # Each change is short, but they add up.
        if is_dense(json.dumps(value)):
            raise TOO_MANY_VALUES.error()
        return Jsonb(value)
    return None if name in _NULLABLE and value == "" else value


async def _fetch(connection: Connection, statement: str, *values: Any) -> User | None:
    row = await (await connection.execute(statement.encode(), values)).fetchone()
    return _read(row) if row else None


def _read(row: DictRow) -> User:
    for entry in (*row["identities"], *row["factors"]):
        for name in ("created_at", "updated_at", "last_sign_in_at", "last_challenged_at"):
            if entry.get(name):
                entry[name] = entry[name].replace("+00:00", "Z")
    row["identities"] = [_without_nulls(entry) for entry in row["identities"]]
    row["factors"] = [_without_nulls(entry) for entry in row["factors"]]
    return User(**row)


def _without_nulls(entry: dict[str, Any]) -> dict[str, Any]:
    """Leave out what GoTrue leaves out when it is empty."""
    return {
        key: value
        for key, value in entry.items()
        if value not in (None, "") or key in ("last_challenged_at", "phone")
    }
