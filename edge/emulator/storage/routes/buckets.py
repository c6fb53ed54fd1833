"""/bucket: create, list, show, change, empty and delete buckets.

Follows supabase/storage (src/http/routes/bucket).
"""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.storage import rows
from edge.emulator.storage.bodies import (
    Body,
    read_flag,
    read_json,
    read_size,
    read_texts,
    require_text,
)
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.errors import StorageError, invalid_request, storage_error
from edge.emulator.storage.names import check_bucket_name
from edge.emulator.storage.responses import Json
from edge.emulator.storage.rows import BUCKET_COLUMNS

_EMPTIED: Final = "Empty bucket has been queued. Completion may take up to an hour."
_BATCH: Final = 1000


async def create_bucket(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    body = await read_json(request)
    name = require_text(body, "name")
    check_bucket_name(name)
    if body.get("type", "STANDARD") != "STANDARD":
        raise invalid_request("Only buckets of type STANDARD are served locally")
    bucket = {
        "id": body.get("id") or name,
        "name": name,
        "owner": rows.as_uuid(caller.user_id),
        "owner_id": caller.user_id,
        "public": bool(read_flag(body, "public")),
        **_limits(context, body),
    }
    check_bucket_name(str(bucket["id"]))
    bucket.setdefault("file_size_limit", None)
    bucket.setdefault("allowed_mime_types", None)
    try:
        async with context.database.as_caller(caller, request, "bucket.create") as connection:
            await rows.insert_bucket(connection, bucket)
    except StorageError as exc:
        if exc.code == "ResourceAlreadyExists":
            raise storage_error("BucketAlreadyExists") from exc
        raise
    return Json({"name": name})


async def list_buckets(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    query = request.query_params
    column, direction = query.get("sortColumn", "created_at"), query.get("sortOrder", "asc")
    if column not in BUCKET_COLUMNS or direction not in {"asc", "desc"}:
        raise invalid_request("querystring/sortColumn must be equal to one of the allowed values")
    page = _number(query.get("limit")), _number(query.get("offset")) or 0
    async with context.database.as_caller(caller, request, "bucket.list") as connection:
        found = await rows.list_buckets(
            connection, query.get("search", ""), (column, direction), page
        )
    return Json(found)


async def show_bucket(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    async with context.database.as_caller(caller, request, "bucket.get") as connection:
        bucket = await rows.find_bucket(connection, request.path_params["bucket"])
    if bucket is None:
        raise storage_error("NoSuchBucket")
    return Json(bucket)


async def change_bucket(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    body = await read_json(request)
    changes: dict[str, Any] = _limits(context, body)
    if "public" in body:
        changes["public"] = bool(read_flag(body, "public"))
    async with context.database.as_caller(caller, request, "bucket.update") as connection:
        if not await rows.update_bucket(connection, request.path_params["bucket"], changes):
            raise storage_error("NoSuchBucket")
    return Json({"message": "Successfully updated"})


async def empty_bucket(context: StorageContext, request: Request) -> Response:
    """Delete all objects that the caller may delete, in batches."""
    caller = context.caller(request)
    await read_json(request, may_be_empty=True)
    bucket_id = request.path_params["bucket"]
    async with context.database.as_caller(caller, request, "bucket.empty") as connection:
        if await rows.find_bucket(connection, bucket_id) is None:
            raise storage_error("NoSuchBucket")
    while True:
        async with context.database.as_caller(caller, request, "bucket.empty") as connection:
            removed = await rows.delete_some(connection, bucket_id, _BATCH)
        await context.files.remove([row["version"] for row in removed])
        if len(removed) < _BATCH:
            return Json({"message": _EMPTIED})


async def delete_bucket(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    bucket_id = request.path_params["bucket"]
    async with context.database.as_caller(caller, request, "bucket.delete") as connection:
        if await rows.find_bucket(connection, bucket_id) is None:
            raise storage_error("NoSuchBucket")
    async with context.database.as_owner() as connection:
        if await rows.has_objects(connection, bucket_id):
            raise storage_error("ResourceNotEmpty")
    async with context.database.as_caller(caller, request, "bucket.delete") as connection:
        if not await rows.delete_bucket(connection, bucket_id):
            raise storage_error("AccessDenied")
    return Json({"message": "Successfully deleted"})


def _limits(context: StorageContext, body: Body) -> dict[str, Any]:
    """Return the limits that the body names. Raises EntityTooLarge over the project's own."""
    limits: dict[str, Any] = {}
    if "file_size_limit" in body:
        size = read_size(body, "file_size_limit")
        if size is not None and size > context.config.file_size_limit:
            raise storage_error("EntityTooLarge")
        limits["file_size_limit"] = size
    if "allowed_mime_types" in body:
        limits["allowed_mime_types"] = read_texts(body, "allowed_mime_types")
    return limits


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise invalid_request("querystring/limit must be integer")
    return int(text)
