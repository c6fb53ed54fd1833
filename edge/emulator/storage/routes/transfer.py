"""/object/move and /object/copy.

Follows supabase/storage (src/storage/object.ts). A move changes the row only; a copy links the
same bytes under a version of its own.
"""

from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.storage import rows
from edge.emulator.storage.bodies import Body, read_flag, read_json, require_text
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.errors import storage_error
from edge.emulator.storage.names import check_object_name
from edge.emulator.storage.responses import Json
from edge.emulator.storage.upload import decode_header
from edge.emulator.storage.uploader import Target, check_rights, commit, now


def _places(body: Body) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return bucket and name of source and destination."""
    bucket_id = require_text(body, "bucketId")
    source = bucket_id, require_text(body, "sourceKey")
    target = str(body.get("destinationBucket") or bucket_id), require_text(body, "destinationKey")
    check_object_name(target[1])
    return source, target


async def move_object(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    source, target = _places(await read_json(request))
    async with context.database.as_caller(caller, request, "object.move") as connection:
        if await rows.find_object(connection, *source) is None:
            raise storage_error("NoSuchKey")
        if await rows.rename_object(connection, source, target, caller.user_id) is None:
            raise storage_error("AccessDenied")
    return Json({"message": "Successfully moved"})


async def copy_object(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    body = await read_json(request)
    source, (bucket_id, name) = _places(body)
    upsert = request.headers.get("x-upsert", "").lower() == "true"
    async with context.database.as_caller(caller, request, "object.copy") as connection:
        row = await rows.find_object(connection, *source)
    if row is None:
        raise storage_error("NoSuchKey")
    metadata, user_metadata = _metadata(request, body, row)
    new = {
        "bucket_id": bucket_id,
        "name": name,
        "owner_id": caller.user_id,
        "metadata": metadata,
        "user_metadata": user_metadata,
        "upsert": upsert,
    }
    await check_rights(context, caller, request, "object.copy", new)
    version = await context.files.copy(row["version"] or "")
    target = Target(bucket_id, name, upsert)
    made = await commit(context, target, version, metadata, (caller.user_id, user_metadata))
    return Json({"Id": made["id"], "Key": target.key, **made})


def _metadata(
    request: Request, body: Body, row: rows.Row
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the copy's metadata: the source's, or with copyMetadata false the request's."""
    copied = {**rows.metadata_of(row), "lastModified": now()}
    if read_flag(body, "copyMetadata") is not False:
        return copied, row["user_metadata"]
    given = body.get("metadata")
    if isinstance(given, dict):
        named = cast("dict[str, Any]", given)
        copied |= {key: named[key] for key in ("cacheControl", "mimetype") if key in named}
    return copied, decode_header(request.headers.get("x-metadata"))
