"""What an administrator's wishes make of an account."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from edge.emulator.auth.ban import parse_ban
from edge.emulator.auth.bodies import AdminUser
from edge.emulator.auth.config import AuthConfig
from edge.emulator.auth.email import parse_email
from edge.emulator.auth.errors import (
    ADDRESS_MISSING,
    HASH_INVALID,
    PHONE_DISABLED,
    USER_ID_INVALID,
)
from edge.emulator.auth.password import check_strength, hash_password, is_hash
from edge.emulator.auth.user import User, email_profile, merge_metadata


async def hash_wanted(config: AuthConfig, body: AdminUser) -> str | None:
    """The hash of the password given, or the hash given; None to leave it as it is."""
    if body.password:
        check_strength(body.password, config.shortest_password)
        return await hash_password(body.password)
    if body.password_hash and not is_hash(body.password_hash):
        raise HASH_INVALID.error()
    return body.password_hash or None


def plan_account(body: AdminUser) -> User:
    """A new account with its address, before the rest is applied."""
    if not body.email:
        raise PHONE_DISABLED.error() if body.phone else ADDRESS_MISSING.error()
    email = parse_email(body.email)
    provider = {"provider": "email", "providers": ["email"]}
    user = User(email, raw_app_meta_data=provider)
    if body.id:
        user = replace(user, id=parse_user_id(body.id))
    profile = email_profile(user.id, email, is_verified=body.email_confirm)
    return replace(user, raw_user_meta_data=profile)


def apply_wishes(user: User, body: AdminUser, password: str | None, now: datetime) -> User:
    """The account with everything that `body` names; `password` is a hash."""
    if body.phone:
        raise PHONE_DISABLED.error()
    confirmed = user.email_confirmed_at or (now if body.email_confirm else None)
    banned = parse_ban(body.ban_duration, now) if body.ban_duration else user.banned_until
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
