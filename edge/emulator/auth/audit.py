"""The audit log, auth.audit_log_entries, written in the transaction of what it records.

Follows supabase/auth (internal/models/audit_log_entry.go).
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Json

from edge.emulator.auth.user import User
from edge.emulator.postgres.pool import Connection

_INSTANCE: Final = "00000000-0000-0000-0000-000000000000"
_INSERT: Final = """
insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
values ($1, gen_random_uuid(), $2, clock_timestamp(), $3)"""
_PAGE: Final = """
select id, payload, created_at, ip_address from auth.audit_log_entries
order by created_at desc limit $1 offset $2"""
_COUNT: Final = "select count(*) as entries from auth.audit_log_entries"
_LOG_TYPES: Final = {
    "login": "account",
    "logout": "account",
    "invite_accepted": "account",
    "user_signedup": "team",
    "user_invited": "team",
    "user_deleted": "team",
    "token_revoked": "token",
    "token_refreshed": "token",
    "user_modified": "user",
    "user_recovery_requested": "user",
    "user_reauthenticate_requested": "user",
    "user_confirmation_requested": "user",
    "user_repeated_signup": "user",
    "user_updated_password": "user",
    "generate_recovery_codes": "user",
    "factor_in_progress": "factor",
    "factor_unenrolled": "factor",
    "challenge_created": "factor",
    "verification_attempted": "factor",
    "factor_deleted": "factor",
    "factor_updated": "factor",
    "identity_unlinked": "user",
}


def administrator(role: str) -> User:
    """Return the actor of requests made with a secret key."""
    return User(id=UUID(_INSTANCE), email=role, role=role)


async def record(
    connection: Connection,
    actor: User,
    action: str,
    traits: Mapping[str, Any] | None = None,
    address: str = "",
) -> None:
    """Add an entry: `actor` did `action`."""
    payload: dict[str, Any] = {
        "action": action,
        "actor_id": str(actor.id),
        "actor_username": actor.phone or actor.email,
        "actor_via_sso": actor.is_sso_user,
        "log_type": _LOG_TYPES.get(action, "user"),
    }
    if name := actor.raw_user_meta_data.get("full_name"):
        payload["actor_name"] = name
    if traits:
        payload["traits"] = dict(traits)
    await connection.execute(_INSERT, (_INSTANCE, Json(payload), address))


async def fetch_entries(
    connection: Connection, limit: int, offset: int
) -> tuple[list[dict[str, Any]], int]:
    """Return a page of entries, newest first, and the number of all."""
    rows = await (await connection.execute(_PAGE, (limit, offset))).fetchall()
    counted = await (await connection.execute(_COUNT)).fetchone()
    return list(rows), counted["entries"] if counted else 0
