"""Confirm what a one-time code or link proves: an address, a sign-in, a change of address.

Follows supabase/auth (internal/api/verify.go).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request

from edge.emulator.auth.audit import record
from edge.emulator.auth.context import AuthContext, now
from edge.emulator.auth.errors import (
    FORBIDDEN_BANNED,
    LINK_EXPIRED,
    OTP_EXPIRED,
    VERIFY_EMAIL_TYPE,
    VERIFY_UNSUPPORTED,
)
from edge.emulator.auth.messages import Messenger
from edge.emulator.auth.one_time_tokens import (
    PKCE_PREFIX,
    clear_tokens,
    find_token,
    is_same_hash,
)
from edge.emulator.auth.password import hash_password
from edge.emulator.auth.user import User, identity_profile
from edge.emulator.auth.users import (
    confirm_email,
    confirm_phone,
    fetch_user,
    fetch_user_by_email,
    fetch_user_by_phone,
    fetch_user_by_phone_change,
    insert_identity,
    refresh_providers,
    update_identity,
    update_user,
)
from edge.emulator.postgres.pool import Connection

_KINDS: Final = {
    "signup": ("confirmation_token",),
    "invite": ("confirmation_token",),
    "recovery": ("recovery_token",),
    "magiclink": ("recovery_token",),
    "email": ("confirmation_token", "recovery_token"),
    "email_change": ("email_change_token_current", "email_change_token_new"),
}
_SENT: Final = {
    "confirmation_token": "confirmation_sent_at",
    "recovery_token": "recovery_sent_at",
    "email_change_token_current": "email_change_sent_at",
    "email_change_token_new": "email_change_sent_at",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """A verified code: its user, and what it was sent for, such as `signup`."""

    user: User
    type: str
    token_hash: str
    phone: str = ""


async def find_by_hash(
    context: AuthContext, connection: Connection, kind: str, token_hash: str
) -> Proof:
    """Return the proof of a link; raises otp_expired if it is unknown, used or too old."""
    kinds = _KINDS.get(kind)
    if kinds is None:
        raise VERIFY_EMAIL_TYPE.error()
    found = await find_token(connection, token_hash, *kinds)
    user = await fetch_user(connection, found[0], lock=True) if found else None
    if found is None or user is None:
        raise LINK_EXPIRED.error()
    if user.is_banned(now()):
        raise FORBIDDEN_BANNED.error()
    sent_at: datetime | None = getattr(user, _SENT[found[1]])
    if _is_expired(sent_at, context.config.mail.otp_seconds):
        raise LINK_EXPIRED.error()
    if kind == "email":
        kind = "magiclink" if found[1] == "recovery_token" else "signup"
    return Proof(user, kind, token_hash)


async def find_by_email_code(
    context: AuthContext, connection: Connection, request: Request, **given: str
) -> Proof:
    """Return the proof of a code (`type`, `email`, `token_hash`); raises otp_expired."""
    kind, token_hash = given["type"], given["token_hash"]
    if kind == "email_change":
        user = await _find_changing(connection, token_hash)
    else:
        aud = context.audience(request)
        user = await fetch_user_by_email(connection, given["email"], aud)
    if user is None:
        raise OTP_EXPIRED.error()
    if user.is_banned(now()):
        raise FORBIDDEN_BANNED.error()
    seconds = context.config.mail.otp_seconds
    for column in _KINDS.get(kind, ()):
        is_current = not _is_expired(getattr(user, _SENT[column]), seconds)
        if is_same_hash(token_hash, getattr(user, column)) and is_current:
            if kind == "email":
                kind = "signup" if column == "confirmation_token" else "magiclink"
            return Proof(user, kind, token_hash)
    raise OTP_EXPIRED.error()


async def find_by_phone_code(
    context: AuthContext, connection: Connection, request: Request, **given: str
) -> Proof:
    """Return the proof of a code (`type`, `phone`, `token`, `token_hash`); raises otp_expired."""
    kind, phone = given["type"], given["phone"]
    is_change = kind == "phone_change"
    fetch = fetch_user_by_phone_change if is_change else fetch_user_by_phone
    user = await fetch(connection, phone, context.audience(request))
    if user is None:
        raise OTP_EXPIRED.error()
    if user.is_banned(now()):
        raise FORBIDDEN_BANNED.error()
    config = context.config.sms
    stored = user.phone_change_token if is_change else user.confirmation_token
    sent_at = user.phone_change_sent_at if is_change else user.confirmation_sent_at
    is_test_code = config.test_otp.get(phone) == given["token"]
    is_valid = is_same_hash(given["token_hash"], stored)
    if not is_test_code and (not is_valid or _is_expired(sent_at, config.otp_seconds)):
        raise OTP_EXPIRED.error()
    return Proof(user, kind, given["token_hash"], phone)


async def apply_proof(messenger: Messenger, proof: Proof) -> User | None:
    """Confirm what was proven; None if a change of address still waits for its other half."""
    if proof.type in ("signup", "invite"):
        user = await _confirm_signup(messenger, proof.user)
    elif proof.type in ("recovery", "magiclink"):
        user = await _recover(messenger, proof.user)
    elif proof.type == "email_change":
        user = await confirm_email_change(messenger, proof)
    elif proof.type in ("sms", "phone_change"):
        user = await confirm_by_phone(messenger, proof)
    else:
        raise VERIFY_UNSUPPORTED.error()
    return await refresh_providers(messenger.connection, user.id) if user else None


async def confirm_email_change(messenger: Messenger, proof: Proof) -> User | None:
    """Set the new address, after both confirmed if that is required; None after the first."""
    connection, user = messenger.connection, proof.user
    config = messenger.context.config.mail
    needs_both = not config.autoconfirm and config.secure_email_change and user.email
    if needs_both and user.email_change_confirm_status == 0:
        await _confirm_half(connection, proof)
        return None
    await record(connection, user, "user_modified")
    new, old = user.email_change, user.email
    if user.find_identity("email") is None:
        profile = identity_profile(user.id, email=new, is_verified=True)
        await insert_identity(connection, user.id, "email", profile)
    else:
        await update_identity(connection, user.id, "email", email=new, email_verified=True)
    await clear_tokens(connection, user.id)
    user = await update_user(
        connection,
        user.id,
        email=new,
        email_change="",
        email_change_token_current="",
        email_change_token_new="",
        email_change_confirm_status=0,
        is_anonymous=False,
    )
    if user.email_confirmed_at is None:
        user = await confirm_email(connection, user, now())
    if old and old != new:
        kind = "email_changed_notification"
        await messenger.notify(kind, user, old, OldEmail=old)
    return user


async def confirm_by_phone(messenger: Messenger, proof: Proof) -> User:
    """Confirm the number that a text message was sent to, or set it if it is a new one."""
    connection, user = messenger.connection, proof.user
    old = user.phone
    if proof.type == "sms":
        await record(connection, user, "user_signedup", {"provider": "phone"})
        user = await confirm_phone(connection, user, now())
    else:
        await record(connection, user, "user_modified")
        if user.find_identity("phone") is None:
            profile = identity_profile(user.id, phone=proof.phone, is_verified=True)
            await insert_identity(connection, user.id, "phone", profile)
        else:
            values: dict[str, Any] = {"phone": proof.phone, "phone_verified": True}
            await update_identity(connection, user.id, "phone", **values)
        await clear_tokens(connection, user.id)
        columns = {"phone": proof.phone, "phone_change": "", "phone_change_token": ""}
        moment = now()
        user = await update_user(connection, user.id, phone_confirmed_at=moment, **columns)
    if user.is_anonymous:
        user = await update_user(connection, user.id, is_anonymous=False)
    if proof.type == "phone_change" and old and old != user.phone:
        kind = "phone_changed_notification"
        await messenger.notify(kind, user, user.email, OldPhone=old, Phone=user.phone)
    return user


def is_pkce_hash(token_hash: str) -> bool:
    return token_hash.startswith(PKCE_PREFIX)


async def _confirm_signup(messenger: Messenger, user: User) -> User:
    connection = messenger.connection
    if not user.encrypted_password and user.invited_at:
        password_hash = await hash_password(secrets.token_urlsafe(32))
        user = await update_user(connection, user.id, encrypted_password=password_hash)
    await record(connection, user, "user_signedup", {"provider": "email"})
    user = await confirm_email(connection, user, now())
    for identity in user.identities or ():
        if user.email and identity.get("email") == user.email:
            provider = identity["provider"]
            await update_identity(connection, user.id, provider, email_verified=True)
    return user


async def _recover(messenger: Messenger, user: User) -> User:
    connection = messenger.connection
    await clear_tokens(connection, user.id)
    user = await update_user(connection, user.id, recovery_token="")
    if user.email_confirmed_at is None:
        await record(connection, user, "user_signedup", {"provider": "email"})
        return await confirm_email(connection, user, now())
    await record(connection, user, "login")
    return user


async def _confirm_half(connection: Connection, proof: Proof) -> None:
    user, columns = proof.user, {"email_change_confirm_status": 1}
    for kind in ("email_change_token_current", "email_change_token_new"):
        if is_same_hash(proof.token_hash, getattr(user, kind)):
            await clear_tokens(connection, user.id, kind)
            await update_user(connection, user.id, **columns, **{kind: ""})
            return


async def _find_changing(connection: Connection, token_hash: str) -> User | None:
    for candidate in (token_hash, f"{PKCE_PREFIX}{token_hash}"):
        if found := await find_token(connection, candidate, *_KINDS["email_change"]):
            return await fetch_user(connection, found[0], lock=True)
    return None


def _is_expired(sent_at: datetime | None, seconds: float) -> bool:
    return sent_at is None or (now() - sent_at).total_seconds() > seconds
