"""/admin/users, /invite and /admin/audit: manage users with the project's secret key.

Follows supabase/auth (internal/api/admin.go, invite.go, audit.go).
"""

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.errors import UniqueViolation
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.audit import administrator, fetch_entries, record
from edge.emulator.auth.context import AuthContext, now
from edge.emulator.auth.current_user import require_admin
from edge.emulator.auth.durations import parse_duration
from edge.emulator.auth.errors import (
    ADDRESS_MISSING,
    BAN_INVALID,
    EMAIL_EXISTS,
    HASH_INVALID,
    NEW_ID_INVALID,
    NEW_ID_NIL,
    PASSWORD_OR_HASH,
    PASSWORD_TOO_LONG,
    PHONE_EXISTS,
    PHONE_TAKEN,
    USER_ID_INVALID,
    USER_UNKNOWN,
)
from edge.emulator.auth.messages import INVITE, Messenger
from edge.emulator.auth.pagination import parse_is_ascending, parse_page, render_page
from edge.emulator.auth.password import MAX_BYTES, check_strength, hash_password, is_hash
from edge.emulator.auth.registration import (
    add_identities,
    call_after_created,
    call_before_created,
    plan_user,
    store_user,
)
from edge.emulator.auth.schemas import AdminUserDeleteParams, AdminUserParams, InviteParams
from edge.emulator.auth.sessions import delete_sessions
from edge.emulator.auth.user import (
    User,
    identity_profile,
    merge_metadata,
    parse_email,
    parse_phone,
    render_time,
    render_user,
)
from edge.emulator.auth.users import (
    confirm_email,
    confirm_phone,
    count_users,
    delete_user,
    fetch_duplicate,
    fetch_user,
    fetch_user_by_email,
    fetch_user_by_phone,
    fetch_users,
    insert_identity,
    obscure_user,
    update_identity,
    update_user,
)
from edge.emulator.postgres.pool import Connection

_NIL: Final = UUID(int=0)


async def create_user(context: AuthContext, request: Request) -> Response:
    role = require_admin(context, request)
    params = _normalise(await context.read(request, AdminUserParams))
    if not params.email and not params.phone:
        raise ADDRESS_MISSING.error()
    user = await _plan(context, request, params)
    async with context.transaction() as connection:
        if params.email and await fetch_duplicate(connection, params.email, user.aud):
            raise EMAIL_EXISTS.error()
        if params.phone and await fetch_user_by_phone(connection, params.phone, user.aud):
            raise PHONE_TAKEN.error()
        stored = await store_user(context, connection, user)
        stored = await add_identities(connection, stored)
        await record(connection, administrator(role), "user_signedup", _traits(stored))
        stored = await _set_state(connection, stored, params)
    return JSONResponse(render_user(replace(stored, confirmed_at=None)))


async def list_users(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    query = request.query_params
    ascending = parse_is_ascending(query)
    page = parse_page(query)
    aud, term = context.audience(request), query.get("filter", "")
    async with context.transaction() as connection:
        total = await count_users(connection, aud, term)
        users = await fetch_users(connection, aud, term, page.window, ascending=ascending)
    answer = {"users": [render_user(user) for user in users], "aud": aud}
    headers = render_page("/admin/users", dict(query), page, total)
    return JSONResponse(answer, headers=headers)


async def show_user(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    async with context.transaction() as connection:
        user = await fetch_named(connection, request)
    return JSONResponse(render_user(user))


async def change_user(context: AuthContext, request: Request) -> Response:
    role = require_admin(context, request)
    async with context.transaction() as connection:
        await fetch_named(connection, request)
    params = _normalise(await context.read(request, AdminUserParams))
    _parse_ban(params.ban_duration)
    password_hash = ""
    if params.password is not None:
        check_strength(params.password, context.config.password)
        password_hash = await hash_password(params.password)
    try:
        async with context.transaction() as connection:
            user = await fetch_named(connection, request, lock=True)
            if password_hash:
                await delete_sessions(connection, user.id)
                user = await update_user(connection, user.id, encrypted_password=password_hash)
            user = await _set_addresses(connection, user, params)
            user = await _set_state(connection, user, params)
            await record(connection, administrator(role), "user_modified", _traits(user))
    except UniqueViolation as exc:
        raise (PHONE_EXISTS if "phone" in str(exc) else EMAIL_EXISTS).error() from exc
    return JSONResponse(render_user(user))


async def remove_user(context: AuthContext, request: Request) -> Response:
    role = require_admin(context, request)
    async with context.transaction() as connection:
        await fetch_named(connection, request)
    params = await context.read(request, AdminUserDeleteParams, may_be_empty=True)
    async with context.transaction() as connection:
        user = await fetch_named(connection, request, lock=True)
        await record(connection, administrator(role), "user_deleted", _traits(user))
        if not params.should_soft_delete:
            await delete_user(connection, user)
        elif user.deleted_at is None:
            await obscure_user(connection, user, now())
    return JSONResponse({})


async def invite(context: AuthContext, request: Request) -> Response:
    role = require_admin(context, request)
    params = await context.read(request, InviteParams)
    email, aud = parse_email(params.email), context.audience(request)
    async with context.transaction() as connection:
        user = await fetch_user_by_email(connection, email, aud)
        is_new = user is None
        if user is None:
            user = plan_user(email, "", aud, "", params.data)
            await call_before_created(context, connection, request, user)
            user = await store_user(context, connection, user)
            user = await add_identities(connection, user)
        elif user.email_confirmed_at:
            raise EMAIL_EXISTS.error()
        await record(connection, administrator(role), "user_invited", _traits(user))
        user = await Messenger(context, request, connection).send(INVITE, user)
        if is_new:
            await call_after_created(context, connection, request, user)
    return JSONResponse(render_user(user))


async def list_audit_log(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    page = parse_page(request.query_params)
    async with context.transaction() as connection:
        entries, total = await fetch_entries(connection, *page.window)
    headers = render_page("/admin/audit", dict(request.query_params), page, total)
    return JSONResponse(
        [
            entry | {"id": str(entry["id"]), "created_at": render_time(entry["created_at"])}
            for entry in entries
        ],
        headers=headers,
    )


async def fetch_named(connection: Connection, request: Request, *, lock: bool = False) -> User:
    """Return the user of the path; raises validation_failed or user_not_found."""
    try:
        user_id = UUID(request.path_params["user_id"])
    except ValueError as exc:
        raise USER_ID_INVALID.error() from exc
    user = await fetch_user(connection, user_id, lock=lock)
    if user is None:
        raise USER_UNKNOWN.error()
    return user


def _normalise(params: AdminUserParams) -> AdminUserParams:
    changes: dict[str, str] = {}
    if params.email:
        changes["email"] = parse_email(params.email)
    if params.phone:
        changes["phone"] = parse_phone(params.phone)
    return params.model_copy(update=changes)


async def _plan(context: AuthContext, request: Request, params: AdminUserParams) -> User:
    """Return the new user, with the given password or hash, or a random password."""
    if params.password is not None and params.password_hash:
        raise PASSWORD_OR_HASH.error()
    if params.password_hash and not is_hash(params.password_hash):
        raise HASH_INVALID.error()
    if len((params.password or "").encode()) > MAX_BYTES:
        raise PASSWORD_TOO_LONG.error()
    _parse_ban(params.ban_duration)
    password_hash = params.password_hash
    if not password_hash:
        password_hash = await hash_password(params.password or secrets.token_urlsafe(32))
    aud = params.aud or context.audience(request)
    user = plan_user(params.email, params.phone, aud, password_hash, params.user_metadata)
    if params.id:
        user = replace(user, id=_parse_new_id(params.id))
    return replace(user, role=params.role.strip())


def _parse_new_id(text: str) -> UUID:
    try:
        user_id = UUID(text)
    except ValueError as exc:
        raise NEW_ID_INVALID.error() from exc
    if user_id == _NIL:
        raise NEW_ID_NIL.error()
    return user_id


def _parse_ban(text: str) -> timedelta | None:
    """Return how long a ban lasts, 0 to lift it; None without one."""
    if not text:
        return None
    if text == "none":
        return timedelta()
    try:
        return parse_duration(text)
    except ValueError as exc:
        raise BAN_INVALID.error(reason=str(exc)) from exc


async def _set_state(connection: Connection, user: User, params: AdminUserParams) -> User:
    """Set role, confirmations, metadata and ban."""
    if params.email_confirm:
        user = await confirm_email(connection, user, now())
    if params.phone_confirm:
        user = await confirm_phone(connection, user, now())
    columns: dict[str, Any] = {}
    if params.role:
        columns["role"] = params.role.strip()
    if params.app_metadata is not None:
        merged = merge_metadata(user.raw_app_meta_data, params.app_metadata)
        columns["raw_app_meta_data"] = merged
    if params.user_metadata is not None:
        merged = merge_metadata(user.raw_user_meta_data, params.user_metadata)
        columns["raw_user_meta_data"] = merged
    ban = _parse_ban(params.ban_duration)
    if ban is not None:
        columns["banned_until"] = now() + ban if ban else None
    return await update_user(connection, user.id, **columns) if columns else user


async def _set_addresses(connection: Connection, user: User, params: AdminUserParams) -> User:
    """Set email and phone at once, with their identities."""
    for provider, address, is_confirmed in (
        ("email", params.email, params.email_confirm),
        ("phone", params.phone, params.phone_confirm),
    ):
        if not address:
            continue
        if user.find_identity(provider) is None:
            named = {provider: address}
            profile = identity_profile(user.id, **named, is_verified=is_confirmed)
            await insert_identity(connection, user.id, provider, profile)
        else:
            values = {provider: address, f"{provider}_verified": is_confirmed}
            await update_identity(connection, user.id, provider, **values)
        columns: dict[str, Any] = {provider: address}
        if user.is_anonymous and is_confirmed:
            columns["is_anonymous"] = False
        user = await update_user(connection, user.id, **columns)
    return user


def _traits(user: User) -> dict[str, str]:
    return {"user_id": str(user.id), "user_email": user.email, "user_phone": user.phone}
