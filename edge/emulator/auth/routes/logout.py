"""POST /logout: end this session, all of the user's, or all others.

Follows supabase/auth (internal/api/logout.go).
"""

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.auth.audit import record
from edge.emulator.auth.context import AuthContext
from edge.emulator.auth.current_user import authenticate
from edge.emulator.auth.errors import SCOPE_UNSUPPORTED
from edge.emulator.auth.sessions import Scope, delete_sessions


async def sign_out(context: AuthContext, request: Request) -> Response:
    current = await authenticate(context, request)
    scope = _parse_scope(request.query_params.get("scope"))
    async with context.transaction() as connection:
        await record(connection, current.user, "logout")
        await delete_sessions(connection, current.user.id, current.session_id, scope)
    return Response(status_code=204)


def _parse_scope(text: str | None) -> Scope:
    try:
        return Scope(text or Scope.GLOBAL)
    except ValueError as exc:
        raise SCOPE_UNSUPPORTED.error(scope=text) from exc
