"""GET and PUT /user: read and update the current user.

Follows supabase/auth (internal/api/user.go).
"""

from dataclasses import replace

from psycopg.errors import UniqueViolation
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.context import AuthContext
from edge.emulator.auth.current_user import CurrentUser, authenticate
from edge.emulator.auth.errors import EMAIL_EXISTS, PASSWORD_SAME, PHONE_DISABLED, USER_GONE
from edge.emulator.auth.password import check_strength, hash_password, is_password
from edge.emulator.auth.schemas import UpdateUserBody
from edge.emulator.auth.sessions import Scope, delete_sessions
from edge.emulator.auth.user import User, merge_metadata, parse_email, render_user
from edge.emulator.auth.users import fetch_user, update_user
from edge.emulator.postgres.pool import Connection


async def show_user(context: AuthContext, request: Request) -> Response:
    current = await authenticate(context, request)
    return JSONResponse(render_user(current.user))


async def change_user(context: AuthContext, request: Request) -> Response:
    current = await authenticate(context, request)
    body = await context.read(request, UpdateUserBody)
    if body.phone:
        raise PHONE_DISABLED.error()
    email = parse_email(body.email) if body.email else None
    password = await _hash_new(context, current.user, body.password) if body.password else None
    try:
        async with context.transaction() as connection:
            stored = await _lock(connection, current)
            changed = replace(
                stored,
                email=email or stored.email,
                encrypted_password=password or stored.encrypted_password,
                raw_user_meta_data=merge_metadata(stored.raw_user_meta_data, body.data),
            )
            await update_user(connection, changed)
            if password and current.session_id:
                await delete_sessions(connection, stored.id, current.session_id, Scope.OTHERS)
            return JSONResponse(render_user(await _lock(connection, current)))
    except UniqueViolation as exc:
        raise EMAIL_EXISTS.error() from exc


async def _hash_new(context: AuthContext, user: User, password: str) -> str:
    check_strength(password, context.config.min_password_length)
    if await is_password(password, user.encrypted_password):
        raise PASSWORD_SAME.error()
    return await hash_password(password)


async def _lock(connection: Connection, current: CurrentUser) -> User:
    user = await fetch_user(connection, current.user.id, lock=True)
    if user is None:
        raise USER_GONE.error()
    return user
