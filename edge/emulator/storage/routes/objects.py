"""/object: upload, download, describe, delete.

Follows supabase/storage (src/http/routes/object). Objects of a public bucket are read without
row-level security; missing and forbidden objects look alike.
"""

from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.storage import rows
from edge.emulator.storage.bodies import read_json, read_texts
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.errors import StorageError, invalid_request, storage_error
from edge.emulator.storage.responses import Json, info, serve_current
from edge.emulator.storage.upload import read_upload
from edge.emulator.storage.uploader import Target, upload

_MAX_NAMES: Final = 1000


def read_target(request: Request, *, upsert: bool | None = None) -> Target:
    """Return what the path names; `x-upsert` decides unless `upsert` does."""
    if upsert is None:
        upsert = request.headers.get("x-upsert", "").lower() == "true"
    return Target(request.path_params["bucket"], request.path_params["path"], upsert)


async def create_object(context: StorageContext, request: Request) -> Response:
    return await _upload(context, request, read_target(request))


async def replace_object(context: StorageContext, request: Request) -> Response:
    return await _upload(context, request, read_target(request, upsert=True))


async def _upload(context: StorageContext, request: Request, target: Target) -> Response:
    caller = context.caller(request)
    row = await upload(context, request, caller, target, await read_upload(request))
    return Json({"Id": row["id"], "Key": target.key})


async def download(context: StorageContext, request: Request) -> Response:
    find = partial(find_readable, context, request, "object.get_authenticated")
    return await serve_current(request, find, context.files)


async def download_public(context: StorageContext, request: Request) -> Response:
    return await serve_current(request, partial(find_public, context, request), context.files)


async def show_info(context: StorageContext, request: Request) -> Response:
    row = await find_readable(context, request, "object.info_authenticated")
    return _describe(request, row)


async def show_public_info(context: StorageContext, request: Request) -> Response:
    return _describe(request, await find_public(context, request))


def _describe(request: Request, row: rows.Row) -> Response:
    about = info(row)
    headers = {"etag": about["etag"]} if about["etag"] else {}
    if request.method == "HEAD":
        return Response(status_code=200, headers=headers)
    return Json(about, headers=headers)


async def find_readable(context: StorageContext, request: Request, operation: str) -> rows.Row:
    """Return an object that the caller may read. Raises NoSuchKey; NoSuchBucket without a token."""
    bucket_id, name = request.path_params["bucket"], request.path_params["path"]
    async with context.database.reading() as connection:
        bucket = await rows.find_bucket(connection, bucket_id)
        if bucket and bucket["public"]:
            return _require(await rows.find_object(connection, bucket_id, name))
    try:
        caller = context.caller(request)
    except StorageError:
        if "authorization" in request.headers:
            raise
        raise storage_error("NoSuchBucket") from None
    finding = rows.finding(bucket_id, name)
    return _require(await context.database.read_as_caller(caller, request, operation, *finding))


async def find_public(context: StorageContext, request: Request) -> rows.Row:
    """Return an object of a public bucket. Raises NoSuchBucket for others, NoSuchKey."""
    bucket_id = request.path_params["bucket"]
    async with context.database.reading() as connection:
        bucket = await rows.find_bucket(connection, bucket_id)
        if bucket is None or not bucket["public"]:
            raise storage_error("NoSuchBucket")
        return _require(await rows.find_object(connection, bucket_id, request.path_params["path"]))


def _require(row: rows.Row | None) -> rows.Row:
    if row is None:
        raise storage_error("NoSuchKey")
    return row


async def delete_object(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    bucket_id, name = request.path_params["bucket"], request.path_params["path"]
    async with context.database.as_caller(caller, request, "object.delete") as connection:
        removed = await rows.delete_objects(connection, bucket_id, [name])
    if not removed:
        async with context.database.as_owner() as connection:
            exists = await rows.find_object(connection, bucket_id, name)
        raise storage_error("AccessDenied" if exists else "NoSuchKey")
    await context.files.remove([removed[0]["version"]])
    return Json({"message": "Successfully deleted"})


async def delete_objects(context: StorageContext, request: Request) -> Response:
    """Delete several; those that the caller may not delete are left out of the answer."""
    caller = context.caller(request)
    names = read_texts(await read_json(request), "prefixes")
    if names is None:
        raise invalid_request("body must have required property 'prefixes'")
    if not names:
        raise invalid_request("body/prefixes must NOT have fewer than 1 items")
    if len(names) > _MAX_NAMES:
        raise invalid_request(
            f"Bulk object requests are limited to {_MAX_NAMES} objects per request.",
            "InvalidRequest",
        )
    bucket_id = request.path_params["bucket"]
    async with context.database.as_caller(caller, request, "object.delete_many") as connection:
        removed = await rows.delete_objects(connection, bucket_id, names)
    await context.files.remove([row["version"] for row in removed])
    return Json([{**row, "version": row["version"] or ""} for row in removed])
