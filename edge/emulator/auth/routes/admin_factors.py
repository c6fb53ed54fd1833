"""/admin/users/{id}/factors: second factors of a user, with the project's secret key.

Follows supabase/auth (internal/api/admin.go).
"""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.audit import administrator, record
from edge.emulator.auth.context import AuthContext, client_address
from edge.emulator.auth.current_user import require_admin
from edge.emulator.auth.errors import FACTOR_ID_INVALID, FACTOR_UNKNOWN
from edge.emulator.auth.factors import Factor, delete_factor, find_factor, update_factor
from edge.emulator.auth.routes.admin import fetch_named
from edge.emulator.auth.schemas import AdminUserUpdateFactorParams
from edge.emulator.auth.sessions import lower_level
from edge.emulator.auth.user import User, parse_phone
from edge.emulator.postgres.pool import Connection


async def list_factors(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    async with context.transaction() as connection:
        user = await fetch_named(connection, request)
    return JSONResponse([dict(factor) for factor in user.factors])


async def change_factor(context: AuthContext, request: Request) -> Response:
    role = require_admin(context, request)
    params = await context.read(request, AdminUserUpdateFactorParams)
    async with context.transaction() as connection:
        user, factor = await _find(connection, request)
        phone = parse_phone(params.phone) if params.phone and factor.type == "phone" else ""
        factor = await update_factor(connection, factor.id, params.friendly_name, phone)
        traits = {"user_id": str(user.id), "factor_id": str(factor.id)}
        await record(connection, administrator(role), "factor_updated", traits)
    return JSONResponse(factor.render())


async def remove_factor(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    async with context.transaction() as connection:
        user, factor = await _find(connection, request)
        traits = {"user_id": str(user.id), "factor_id": str(factor.id)}
        await record(connection, user, "factor_deleted", traits, client_address(request))
        await delete_factor(connection, factor.id)
        await lower_level(connection, user.id, factor.id)
    return JSONResponse(factor.render())


async def _find(connection: Connection, request: Request) -> tuple[User, Factor]:
    user = await fetch_named(connection, request)
    try:
        factor_id = UUID(request.path_params["factor_id"])
    except ValueError as exc:
        raise FACTOR_ID_INVALID.error() from exc
    factor = await find_factor(connection, factor_id, user.id)
    if factor is None:
        raise FACTOR_UNKNOWN.error()
    return user, factor
