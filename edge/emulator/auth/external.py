"""Sign in with an identity of another provider: find, link or create its user.

Follows supabase/auth (internal/api/external.go, internal/models/linking.go).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request

from edge.emulator.auth.audit import record
from edge.emulator.auth.context import AuthContext, now
from edge.emulator.auth.errors import FORBIDDEN_BANNED, SIGNUP_DISABLED
from edge.emulator.auth.registration import call_after_created, call_before_created, store_user
from edge.emulator.auth.token_response import TokenResponse, issue_session
from edge.emulator.auth.user import User, merge_metadata
from edge.emulator.auth.users import (
    confirm_email,
    fetch_duplicate,
    fetch_user,
    insert_identity,
    refresh_providers,
    update_identity,
    update_user,
)
from edge.emulator.postgres.pool import Connection

_FIND_IDENTITY: Final = (
    "select user_id from auth.identities where provider = $1 and provider_id = $2"
)
_COPIED: Final = ("name", "full_name", "picture", "preferred_username", "locale", "iss")


@dataclass(frozen=True, slots=True)
class ExternalProfile:
    """A user as a provider describes it."""

    provider: str
    subject: str
    email: str = ""
    is_verified: bool = False
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def from_claims(cls, provider: str, claims: Mapping[str, Any]) -> "ExternalProfile":
        subject, email = str(claims.get("sub") or ""), str(claims.get("email") or "").lower()
        is_verified = claims.get("email_verified") in (True, "true")
        data = {name: claims[name] for name in _COPIED if claims.get(name)}
        data |= {
            "sub": subject,
            "provider_id": subject,
            "email_verified": is_verified,
            "phone_verified": False,
        }
        if email:
            data["email"] = email
        if "name" in data:
            data.setdefault("full_name", data["name"])
        if "picture" in data:
            data["avatar_url"] = data["picture"]
        return cls(provider, subject, email, is_verified, data)


async def sign_in_externally(
    context: AuthContext, connection: Connection, request: Request, profile: ExternalProfile
) -> TokenResponse:
    """Return the session of the profile's user, who is created or linked by a verified address."""
    user = await _find_or_create(context, connection, request, profile)
    if user.is_banned(now()):
        raise FORBIDDEN_BANNED.error()
    if user.email_confirmed_at is None and (profile.is_verified or context.config.mail.autoconfirm):
        await record(connection, user, "user_signedup", {"provider": profile.provider})
        user = await confirm_email(connection, user, now())
    else:
        await record(connection, user, "login", {"provider": profile.provider})
    return await issue_session(context, connection, request, user, "oauth")


async def _find_or_create(
    context: AuthContext, connection: Connection, request: Request, profile: ExternalProfile
) -> User:
    values = (profile.provider, profile.subject)
    row = await (await connection.execute(_FIND_IDENTITY, values)).fetchone()
    if row:
        user_id: UUID = row["user_id"]
        await update_identity(connection, user_id, profile.provider, **profile.data)
        return await _refresh_metadata(connection, user_id, profile)
    aud = context.audience(request)
    user = None
    if profile.email and profile.is_verified:
        user = await fetch_duplicate(connection, profile.email, aud)
    if user is None:
        user = await _create(context, connection, request, profile)
        await insert_identity(connection, user.id, profile.provider, profile.data)
        await call_after_created(context, connection, request, user)
        return await refresh_providers(connection, user.id)
    await insert_identity(connection, user.id, profile.provider, profile.data)
    await record(connection, user, "identity_linked", {"provider": profile.provider})
    return await _refresh_metadata(connection, user.id, profile)


async def _create(
    context: AuthContext, connection: Connection, request: Request, profile: ExternalProfile
) -> User:
    if context.config.disable_signup:
        raise SIGNUP_DISABLED.error()
    user = User(
        aud=context.audience(request),
        email=profile.email,
        raw_app_meta_data={"provider": profile.provider, "providers": [profile.provider]},
        raw_user_meta_data=dict(profile.data),
    )
    await call_before_created(context, connection, request, user)
    return await store_user(context, connection, user)


async def _refresh_metadata(
    connection: Connection, user_id: UUID, profile: ExternalProfile
) -> User:
    user = await fetch_user(connection, user_id)
    assert user is not None  # its identity refers to it
    merged = merge_metadata(user.raw_user_meta_data, profile.data)
    await update_user(connection, user_id, raw_user_meta_data=merged)
    return await refresh_providers(connection, user_id)
