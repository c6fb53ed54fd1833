"""POST /logout: end this session, all of them, or all the others."""

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.auth.caller import authenticate
from edge.emulator.auth.context import Door
from edge.emulator.auth.errors import SCOPE_UNSUPPORTED
from edge.emulator.auth.sessions import Scope, delete_sessions


async def sign_out(door: Door, request: Request) -> Response:
    caller = await authenticate(door, request)
    scope = _parse_scope(request.query_params.get("scope"))
    async with door.transaction() as connection:
        await delete_sessions(connection, caller.user.id, caller.session_id, scope)
    return Response(status_code=204)


def _parse_scope(text: str | None) -> Scope:
    try:
        return Scope(text or Scope.GLOBAL)
    except ValueError as exc:
        raise SCOPE_UNSUPPORTED.error(scope=text) from exc
