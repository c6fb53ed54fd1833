"""Apply an administrator's create or update request to a user.

Follows supabase/auth (internal/api/admin.go).
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from edge.emulator.auth.config import AuthConfig
from edge.emulator.auth.errors import (
    ADDRESS_MISSING,
    BAN_INVALID,
    HASH_INVALID,
    PHONE_DISABLED,
    USER_ID_INVALID,
)
from edge.emulator.auth.password import check_strength, hash_password, is_hash
from edge.emulator.auth.schemas import AdminUserBody
from edge.emulator.auth.user import User, email_profile, merge_metadata, parse_email

# Go's duration syntax, as time.ParseDuration reads it: 1h30m.
_DURATION_PART: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|h|m|s)")
_UNITS: Final = {
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}


async def resolve_password_hash(config: AuthConfig, body: AdminUserBody) -> str | None:
    """Return the hash of the given password, or the given hash; None to keep the stored one."""
    if body.password:
        check_strength(body.password, config.min_password_length)
        return await hash_password(body.password)
    if body.password_hash and not is_hash(body.password_hash):
        raise HASH_INVALID.error()
    return body.password_hash or None


def plan_account(body: AdminUserBody) -> User:
    """Return a new user with its address; apply_changes sets the other fields."""
    if not body.email:
        raise PHONE_DISABLED.error() if body.phone else ADDRESS_MISSING.error()
    email = parse_email(body.email)
    provider = {"provider": "email", "providers": ["email"]}
    user = User(email, raw_app_meta_data=provider)
    if body.id:
        user = replace(user, id=parse_user_id(body.id))
    profile = email_profile(user.id, email, is_verified=body.email_confirm)
    return replace(user, raw_user_meta_data=profile)


def apply_changes(user: User, body: AdminUserBody, password: str | None, now: datetime) -> User:
    """Return the user with the fields that `body` sets; `password` is a hash."""
    if body.phone:
        raise PHONE_DISABLED.error()
    confirmed = user.email_confirmed_at or (now if body.email_confirm else None)
    banned = parse_ban_duration(body.ban_duration, now) if body.ban_duration else user.banned_until
    return replace(
        user,
        email=parse_email(body.email) if body.email else user.email,
        role=body.role or user.role,
        encrypted_password=password or user.encrypted_password,
        email_confirmed_at=confirmed,
        banned_until=banned,
        raw_app_meta_data=merge_metadata(user.raw_app_meta_data, body.app_metadata),
        raw_user_meta_data=merge_metadata(user.raw_user_meta_data, body.user_metadata),
    )


def parse_user_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as exc:
        raise USER_ID_INVALID.error() from exc


def parse_ban_duration(text: str, start: datetime) -> datetime | None:
    """Return when a ban from `start` ends; None for "none", which lifts it.

    Raises validation_failed for anything but a Go duration such as 1h30m.
    """
    if text == "none":
        return None
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise BAN_INVALID.error(value=text)
    try:
        return start + sum((float(number) * _UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError as exc:
        raise BAN_INVALID.error(value=text) from exc
