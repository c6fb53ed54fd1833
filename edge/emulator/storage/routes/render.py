"""/render/image: objects as transformed images.

Follows supabase/storage (src/http/routes/render).
"""

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
from edge.emulator.storage.transform import read_options


async def render_authenticated(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    options = _options(request)
    target = read_target(request)
    async with context.database.as_caller(
        caller, request, "render.image_authenticated"
    ) as connection:
        row = await rows.find_object(connection, target.bucket_id, target.name)
    return await _serve(context, request, row, options)


async def render_public(context: StorageContext, request: Request) -> Response:
    options = _options(request)
    return await _serve(context, request, await find_public(context, request), options)


async def render_signed(context: StorageContext, request: Request) -> Response:
    """Render as the token says; the query cannot change it."""
    target = read_target(request)
    claims = verify_signed(context.config.keys, "download", target.key, read_token(request))
    given = claims.get("transformations")
    transformations = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    options = read_options(transformations, request.headers.get("accept", ""))
    async with context.database.as_owner() as connection:
        row = await rows.find_object(connection, target.bucket_id, target.name)
    return await _serve(context, request, row, options)


def _options(request: Request) -> Options:
    return read_options(request.query_params, request.headers.get("accept", ""))


async def _serve(
    context: StorageContext, request: Request, row: rows.Row | None, options: Options
) -> Response:
    if row is None:
        raise storage_error("NoSuchKey")
    data, mime_type = await context.transformer.transform(row["version"] or "", options)
    headers = object_headers(request, row) | {
        "content-type": mime_type,
        "content-length": str(len(data)),
        "x-transformations": f"width:{options.width},height:{options.height},"
        f"resize:{options.resize},quality:{options.quality}",
    }
    return Response(b"" if request.method == "HEAD" else data, headers=headers)
