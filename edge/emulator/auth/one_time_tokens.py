"""SQL on auth.one_time_tokens, and the hashes of one-time codes.

Follows supabase/auth (internal/models/one_time_token.go, internal/crypto/crypto.go).
"""

import hashlib
import hmac
import secrets
from typing import Final
from uuid import UUID

from edge.emulator.postgres.pool import Connection

PKCE_PREFIX: Final = "pkce_"

_CLEAR: Final = "delete from auth.one_time_tokens where user_id = $1"
_CLEAR_KIND: Final = _CLEAR + " and token_type = $2"
_INSERT: Final = """
insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to)
values (gen_random_uuid(), $1, $2, $3, lower($4))
on conflict (user_id, token_type) do update set
  token_hash = excluded.token_hash, relates_to = excluded.relates_to,
  created_at = now(), updated_at = now()"""
_FIND: Final = """
select user_id, token_type::text as kind from auth.one_time_tokens
where token_hash = $1 and token_type::text = any($2) limit 1"""


def generate_code(length: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(length))


def hash_code(address: str, code: str) -> str:
    return hashlib.sha224(f"{address}{code}".encode()).hexdigest()


def is_same_hash(given: str, stored: str) -> bool:
    """Whether the hash is the stored one, which may be of a PKCE flow; in constant time."""
    expected = stored.removeprefix(PKCE_PREFIX) if not given.startswith(PKCE_PREFIX) else stored
    return bool(stored) and hmac.compare_digest(given.encode(), expected.encode())


async def store_token(
    connection: Connection, user_id: UUID, kind: str, token_hash: str, address: str
) -> None:
    """Store a token of this kind in place of the user's earlier one."""
    await connection.execute(_INSERT, (user_id, kind, token_hash, address))


async def find_token(
    connection: Connection, token_hash: str, *kinds: str
) -> tuple[UUID, str] | None:
    """Return the user and the kind of a token."""
    row = await (await connection.execute(_FIND, (token_hash, list(kinds)))).fetchone()
    return (row["user_id"], row["kind"]) if row else None


async def clear_tokens(connection: Connection, user_id: UUID, kind: str | None = None) -> None:
    """Delete the user's tokens: all, or those of one kind."""
    if kind is None:
        await connection.execute(_CLEAR, (user_id,))
    else:
        await connection.execute(_CLEAR_KIND, (user_id, kind))
