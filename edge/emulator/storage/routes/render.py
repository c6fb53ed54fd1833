"""/render/image: objects as transformed images.

Follows supabase/storage (src/http/routes/render).
"""

from collections.abc import Mapping
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.storage import rows
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.errors import storage_error
from edge.emulator.storage.rendering import Options
from edge.emulator.storage.responses import object_headers
from edge.emulator.storage.routes.objects import find_public, read_target
from edge.emulator.storage.routes.signed import read_token
from edge.emulator.storage.tokens import verify_signed
from edge.emulator.storage.transform import describe_options, read_options


async def render_authenticated(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    choice = _read_choice(request.query_params, request)
    target = read_target(request)
    async with context.database.as_caller(
        caller, request, "render.image_authenticated"
    ) as connection:
        row = await rows.find_object(connection, target.bucket_id, target.name)
    return await _serve(context, request, row, choice, caller.user_id)


async def render_public(context: StorageContext, request: Request) -> Response:
    choice = _read_choice(request.query_params, request)
    return await _serve(context, request, await find_public(context, request), choice)


async def render_signed(context: StorageContext, request: Request) -> Response:
    """Render as the token says; the query cannot change it."""
    target = read_target(request)
    claims = verify_signed(context.config.keys, "download", target.key, read_token(request))
    given = claims.get("transformations")
    transformations = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    choice = _read_choice(transformations, request)
    async with context.database.reading() as connection:
        row = await rows.find_object(connection, target.bucket_id, target.name)
    return await _serve(context, request, row, choice)


def _read_choice(given: Mapping[str, Any], request: Request) -> tuple[Options, str]:
    """Return the options, and the header that tells of them."""
    options = read_options(given, request.headers.get("accept", ""))
    return options, describe_options(given, options)


async def _serve(
    context: StorageContext,
    request: Request,
    row: rows.Row | None,
    choice: tuple[Options, str],
    user_id: str | None = None,
) -> Response:
    """Render in a turn of the user's, or of the client's address."""
    if row is None:
        raise storage_error("NoSuchKey")
    options, applied = choice
    whose = user_id or (request.client.host if request.client else "")
    data, mime_type = await context.transformer.transform(row["version"] or "", options, whose)
    headers = object_headers(request, row) | {
        "content-type": mime_type,
        "content-length": str(len(data)),
    }
    if applied:
        headers["x-transformations"] = applied
    return Response(b"" if request.method == "HEAD" else data, headers=headers)
