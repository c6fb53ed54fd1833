"""GET and PUT /user: who am I, and what I change of myself."""

from dataclasses import replace

from psycopg.errors import UniqueViolation
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.bodies import UserChange
from edge.emulator.auth.caller import Caller, authenticate
from edge.emulator.auth.context import Door
from edge.emulator.auth.email import parse_email
from edge.emulator.auth.errors import EMAIL_EXISTS, PASSWORD_SAME, PHONE_DISABLED, USER_GONE
from edge.emulator.auth.password import check_strength, hash_password, is_password
from edge.emulator.auth.sessions import Scope, delete_sessions
from edge.emulator.auth.user import User, merge_metadata, render_user
from edge.emulator.auth.users import fetch_user, update_user
from edge.emulator.postgres.pool import Connection


async def show_user(door: Door, request: Request) -> Response:
    caller = await authenticate(door, request)
    return JSONResponse(render_user(caller.user))


async def change_user(door: Door, request: Request) -> Response:
    caller = await authenticate(door, request)
    body = await door.read(request, UserChange)
    if body.phone:
        raise PHONE_DISABLED.error()
    email = parse_email(body.email) if body.email else None
    password = await _hash_new(door, caller.user, body.password) if body.password else None
    try:
        async with door.transaction() as connection:
            stored = await _lock(connection, caller)
            changed = replace(
                stored,
                email=email or stored.email,
                encrypted_password=password or stored.encrypted_password,
                raw_user_meta_data=merge_metadata(stored.raw_user_meta_data, body.data),
            )
            await update_user(connection, changed)
            if password and caller.session_id:
                await delete_sessions(connection, stored.id, caller.session_id, Scope.OTHERS)
            return JSONResponse(render_user(await _lock(connection, caller)))
    except UniqueViolation as exc:
        raise EMAIL_EXISTS.error() from exc


async def _hash_new(door: Door, user: User, password: str) -> str:
    check_strength(password, door.config.shortest_password)
    if await is_password(password, user.encrypted_password):
        raise PASSWORD_SAME.error()
    return await hash_password(password)


async def _lock(connection: Connection, caller: Caller) -> User:
    user = await fetch_user(connection, caller.user.id, lock=True)
    if user is None:
        raise USER_GONE.error()
    return user
