"""/admin/users: create, list, read, update and delete users with the project's secret key.

Follows supabase/auth (internal/api/admin.go).
"""

import secrets
from dataclasses import replace

from psycopg.errors import UniqueViolation
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.account import (
    apply_changes,
    parse_user_id,
    plan_account,
    resolve_password_hash,
)
from edge.emulator.auth.context import AuthContext, now
from edge.emulator.auth.current_user import require_admin
from edge.emulator.auth.errors import EMAIL_EXISTS, USER_UNKNOWN
from edge.emulator.auth.pagination import parse_page, render_page
from edge.emulator.auth.password import hash_password
from edge.emulator.auth.schemas import AdminUserBody, DeleteUserBody
from edge.emulator.auth.user import User, render_user
from edge.emulator.auth.users import (
    count_users,
    delete_user,
    fetch_user,
    fetch_users,
    insert_user,
    update_user,
)
from edge.emulator.postgres.pool import Connection


async def create_user(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    body = await context.read(request, AdminUserBody)
    password = await resolve_password_hash(context.config, body)
    user = apply_changes(plan_account(body), body, password, now())
    if password is None:  # random: no sign-in by password until one is set
        user = replace(user, encrypted_password=await hash_password(secrets.token_urlsafe(32)))
    async with context.transaction() as connection:
        stored = await insert_user(connection, user)
    if stored is None:
        raise EMAIL_EXISTS.error()
    return JSONResponse(render_user(stored))


async def list_users(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    page = parse_page(request.query_params)
    async with context.transaction() as connection:
        total = await count_users(connection)
        users = await fetch_users(connection, page.number, page.size)
    answer = {"users": [render_user(user) for user in users], "aud": "authenticated"}
    return JSONResponse(answer, headers=render_page(page, total))


async def show_user(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    async with context.transaction() as connection:
        user = await _fetch_named(connection, request)
    return JSONResponse(render_user(user))


async def change_user(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    body = await context.read(request, AdminUserBody)
    password = await resolve_password_hash(context.config, body)
    try:
        async with context.transaction() as connection:
            stored = await _fetch_named(connection, request, lock=True)
            await update_user(connection, apply_changes(stored, body, password, now()))
            changed = await _fetch_named(connection, request)
    except UniqueViolation as exc:
        raise EMAIL_EXISTS.error() from exc
    return JSONResponse(render_user(changed))


async def remove_user(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    user_id = parse_user_id(request.path_params["user_id"])
    body = await context.read(request, DeleteUserBody, may_be_empty=True)
    async with context.transaction() as connection:
        if not await delete_user(connection, user_id, soft=body.should_soft_delete):
            raise USER_UNKNOWN.error()
    return JSONResponse({})


async def _fetch_named(connection: Connection, request: Request, *, lock: bool = False) -> User:
    user_id = parse_user_id(request.path_params["user_id"])
    user = await fetch_user(connection, user_id, lock=lock)
    if user is None:
        raise USER_UNKNOWN.error()
    return user
