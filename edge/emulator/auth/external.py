"""Sign in with an identity of another provider: find, link or create its user.

Follows supabase/auth (internal/api/external.go, internal/models/linking.go).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb
from starlette.requests import Request

from edge.emulator.auth.audit import record
from edge.emulator.auth.context import AuthContext, now
from edge.emulator.auth.errors import (
    EMAIL_EXISTS,
    EXTERNAL_UNVERIFIED,
    FORBIDDEN_BANNED,
    IDENTITY_LINKED,
    IDENTITY_TAKEN,
    SIGNUP_DISABLED,
    USER_UNKNOWN,
    AuthError,
)
from edge.emulator.auth.messages import CONFIRMATION, Messenger
from edge.emulator.auth.registration import call_after_created, call_before_created, store_user
from edge.emulator.auth.sessions import delete_sessions
from edge.emulator.auth.user import User, merge_metadata
from edge.emulator.auth.users import (
    confirm_email,
    delete_identities,
    fetch_duplicate,
    fetch_user,
    insert_identity,
    refresh_providers,
    update_user,
)
from edge.emulator.postgres.pool import Connection

_FIND_IDENTITY: Final = (
    "select user_id from auth.identities where provider = $1 and provider_id = $2"
)
_REFRESH_IDENTITY: Final = """
update auth.identities set identity_data = identity_data || $3, last_sign_in_at = now(),
  updated_at = now()
where provider = $1 and provider_id = $2"""
_COPIED: Final = (
    *("iss", "name", "full_name", "user_name", "preferred_username", "picture", "avatar_url"),
    *("locale", "custom_claims"),
)


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
            data.setdefault("avatar_url", data["picture"])
        return cls(provider, subject, email, is_verified, data)


async def accept_profile(
    messenger: Messenger, profile: ExternalProfile, *, is_pkce: bool = False
) -> User | AuthError:
    """Return the profile's user, who is created, or linked by a verified address.

    If the address is verified by neither the provider nor a confirmation, a mail asks for that;
    the refusal is returned, to be raised when the transaction is committed.
    """
    context, connection = messenger.context, messenger.connection
    user = await _find_or_create(messenger, profile)
    if user.is_banned(now()):
        raise FORBIDDEN_BANNED.error()
    traits = {"provider": profile.provider}
    if user.email_confirmed_at or not user.email:
        await record(connection, user, "login", traits)
        return user
    user = await _remove_unconfirmed(connection, user, profile)
    if profile.is_verified and profile.email != user.email:
        user = await _take_email(connection, user, profile)  # only that one is known to be theirs
    if profile.is_verified or context.config.mail.autoconfirm:
        await record(connection, user, "user_signedup", traits)
        return await confirm_email(connection, user, now())
    await record(connection, user, "user_confirmation_requested", traits)
    await messenger.send(CONFIRMATION, user, is_pkce=is_pkce)
    return EXTERNAL_UNVERIFIED.error(provider=profile.provider)


async def link_identity(
    messenger: Messenger, user_id: UUID, profile: ExternalProfile
) -> User | AuthError:
    """Give a user who is signed in another identity, and its address to one who has none."""
    connection = messenger.connection
    owner_id = await _find_owner(connection, profile)
    if owner_id:
        raise (IDENTITY_LINKED if owner_id == user_id else IDENTITY_TAKEN).error()
    user = await fetch_user(connection, user_id, lock=True)
    if user is None:
        raise USER_UNKNOWN.error()
    if user.is_banned(now()):
        raise FORBIDDEN_BANNED.error()
    await insert_identity(connection, user_id, profile.provider, profile.data)
    await record(connection, user, "identity_linked", {"provider": profile.provider})
    if not user.email:
        user = await _take_email(connection, user, profile)
        if not (profile.is_verified or messenger.context.config.mail.autoconfirm):
            await messenger.send(CONFIRMATION, user)
            return EXTERNAL_UNVERIFIED.error(provider=profile.provider)
        user = await confirm_email(connection, user, now())
        await update_user(connection, user_id, is_anonymous=False)
    user = await refresh_providers(connection, user_id)
    kind = "identity_linked_notification"
    await messenger.notify(kind, user, user.email, Provider=profile.provider)
    return user


async def _take_email(connection: Connection, user: User, profile: ExternalProfile) -> User:
    try:
        async with connection.transaction():
            return await update_user(connection, user.id, email=profile.email)
    except UniqueViolation as exc:
        raise EMAIL_EXISTS.error() from exc


async def _find_owner(connection: Connection, profile: ExternalProfile) -> UUID | None:
    values = (profile.provider, profile.subject)
    row = await (await connection.execute(_FIND_IDENTITY, values)).fetchone()
    return row["user_id"] if row else None


async def _find_or_create(messenger: Messenger, profile: ExternalProfile) -> User:
    context, connection, request = messenger.context, messenger.connection, messenger.request
    if owner_id := await _find_owner(connection, profile):
        values = (profile.provider, profile.subject, Jsonb(dict(profile.data)))
        await connection.execute(_REFRESH_IDENTITY, values)
        return await _refresh_metadata(connection, owner_id, profile)
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


async def _remove_unconfirmed(connection: Connection, user: User, profile: ExternalProfile) -> User:
    """Remove what somebody else may have set who signed up with the address before.

    That is the password, the metadata and the other identities; none of them was confirmed.
    """
    others = [
        entry["identity_id"]
        for entry in user.identities or ()
        if (entry["provider"], entry["id"]) != (profile.provider, profile.subject)
    ]
    await delete_identities(connection, user.id, others)
    await delete_sessions(connection, user.id)
    await update_user(
        connection, user.id, encrypted_password="", raw_user_meta_data=dict(profile.data)
    )
    return await refresh_providers(connection, user.id)


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
