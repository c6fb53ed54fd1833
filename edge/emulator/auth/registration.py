"""Create users: the rules of sign-up, its hooks, and the first identity.

Follows supabase/auth (internal/api/signup.go, hooks.go).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from psycopg.errors import UniqueViolation
from starlette.requests import Request

from edge.emulator.auth.audit import record
from edge.emulator.auth.context import AuthContext, client_address, now
from edge.emulator.auth.errors import EMAIL_EXISTS, PHONE_EXISTS
from edge.emulator.auth.messages import CONFIRMATION, Messenger
from edge.emulator.auth.user import User, identity_profile, render_user
from edge.emulator.auth.users import (
    confirm_email,
    confirm_phone,
    insert_identity,
    insert_user,
    reload_user,
    update_user,
)
from edge.emulator.postgres.pool import Connection


def plan_user(
    email: str, phone: str, aud: str, password_hash: str, data: Mapping[str, Any] | None = None
) -> User:
    """Return a new user, not yet stored; its providers are those of its addresses."""
    given = (("email", email), ("phone", phone))
    providers = [provider for provider, address in given if address]
    return User(
        aud=aud,
        email=email,
        phone=phone,
        encrypted_password=password_hash,
        raw_app_meta_data={"provider": providers[0], "providers": providers},
        raw_user_meta_data=dict(data or {}),
    )


async def call_before_created(
    context: AuthContext, connection: Connection, request: Request, user: User
) -> None:
    """Run the before_user_created hook, which may refuse the user."""
    await _call_hook("before_user_created", context, connection, request, user)


async def call_after_created(
    context: AuthContext, connection: Connection, request: Request, user: User
) -> None:
    await _call_hook("after_user_created", context, connection, request, user)


async def store_user(context: AuthContext, connection: Connection, user: User) -> User:
    """Insert the user; raises email_exists or phone_exists if another has its address."""
    role = user.role or context.config.default_role
    try:
        async with connection.transaction():
            return await insert_user(connection, replace(user, role=role))
    except UniqueViolation as exc:
        raise (PHONE_EXISTS if "phone" in str(exc) else EMAIL_EXISTS).error() from exc


async def add_first_identity(
    connection: Connection, user: User, data: Mapping[str, Any] | None = None
) -> User:
    """Give a new user the identity of its address; its data are the user metadata too."""
    provider = "email" if user.email else "phone"
    profile = identity_profile(user.id, email=user.email)
    profile = {**(data or {}), **profile}
    await insert_identity(connection, user.id, provider, profile)
    return await update_user(connection, user.id, raw_user_meta_data=profile)


async def add_identities(connection: Connection, user: User) -> User:
    """Give a user made by an administrator the identities of its addresses."""
    if user.email:
        profile = identity_profile(user.id, email=user.email)
        await insert_identity(connection, user.id, "email", profile)
    if user.phone:
        profile = identity_profile(user.id, phone=user.phone)
        await insert_identity(connection, user.id, "phone", profile)
    return await reload_user(connection, user.id)


async def confirm_or_mail(messenger: Messenger, user: User, *, is_pkce: bool) -> User:
    """Confirm a new user's address at once, or send the message that asks for it."""
    config, connection = messenger.context.config, messenger.connection
    provider = "email" if user.email else "phone"
    if provider == "email" and user.email_confirmed_at is None:
        if config.mail.autoconfirm:
            await record(connection, user, "user_signedup", {"provider": provider})
            return await confirm_email(connection, user, now())
        await record(connection, user, "user_confirmation_requested", {"provider": provider})
        return await messenger.send(CONFIRMATION, user, is_pkce=is_pkce)
    if provider == "phone" and user.phone_confirmed_at is None:
        if config.sms.autoconfirm:
            await record(connection, user, "user_signedup", {"provider": provider})
            return await confirm_phone(connection, user, now())
        await record(connection, user, "user_confirmation_requested", {"provider": provider})
        user, _ = await messenger.send_text(user, user.phone, "confirmation")
    return user


async def _call_hook(
    name: str, context: AuthContext, connection: Connection, request: Request, user: User
) -> None:
    if context.hooks.has(name):
        shown = replace(user, role=user.role or context.config.default_role)
        payload = {"user": render_user(shown)}
        await context.hooks.invoke(name, connection, payload, client_address(request))
