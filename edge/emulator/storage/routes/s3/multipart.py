"""The S3 protocol's multipart uploads: begin, send or copy parts, list, complete, abort.

Each part is a file of its own; the object is their bytes in the order that the client names.
"""

import re
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.responses import Response

from edge.emulator.storage import multipart_rows, rows
from edge.emulator.storage.errors import StorageError, invalid_request, storage_error
from edge.emulator.storage.files import StoredFile
from edge.emulator.storage.names import check_object_name
from edge.emulator.storage.routes.s3.objects import find_object, read_object, read_source
from edge.emulator.storage.routes.s3.request import S3Request
from edge.emulator.storage.s3.xml import Element, Node, Xml
from edge.emulator.storage.uploader import Target, check_rights, commit, describe, read_limits

_MAX_PARTS: Final = 10_000
_MAX_LISTED: Final = 1000
_RANGE: Final = re.compile(r"bytes=([0-9]{1,15})-([0-9]{1,15})")


async def create_upload(request: S3Request) -> Response:
    limits = await read_limits(request.context, request.bucket)
    check_object_name(request.key)
    incoming = read_object(request)
    limits.check(incoming.content_type, None)
    new = {
        "bucket_id": request.bucket,
        "name": request.key,
        "owner_id": request.caller.user_id,
        "metadata": {"mimetype": incoming.content_type, "cacheControl": incoming.cache_control},
        "user_metadata": incoming.user_metadata,
    }
    await _check_rights(request, "s3.upload.create", new)
    async with request.context.database.as_owner() as connection:
        upload_id = await multipart_rows.insert_upload(connection, new)
    nodes = [("Bucket", request.bucket), ("Key", request.key), ("UploadId", upload_id)]
    return Xml("InitiateMultipartUploadResult", nodes)


async def _check_rights(request: S3Request, operation: str, new: dict[str, Any]) -> None:
    context = request.context
    await check_rights(context, request.caller, request.http, operation, {**new, "upsert": True})


async def _find(request: S3Request, operation: str, *, any_key: bool = False) -> rows.Row:
    """Return the upload that the query names, if the caller may write its object."""
    async with request.context.database.as_owner() as connection:
        found = await multipart_rows.find_upload(
            connection, request.bucket, request.query["uploadId"]
        )
    if found is None:
        raise storage_error("NoSuchUpload")
    if found["key"] != request.key and not any_key:
        raise storage_error("InternalError")  # upstream's answer to another key
    new = {
        "bucket_id": found["bucket_id"],
        "name": found["key"],
        "owner_id": request.caller.user_id,
        "metadata": found["metadata"],
        "user_metadata": found["user_metadata"],
    }
    await _check_rights(request, operation, new)
    return found


def _part_number(request: S3Request) -> int:
    return request.number("partNumber", 0, least=1, most=_MAX_PARTS)


async def upload_part(request: S3Request) -> Response:
    number = _part_number(request)
    found = await _find(request, "s3.upload.part")
    limit = (await read_limits(request.context, request.bucket)).size
    if request.size is not None and request.size > limit:
        raise storage_error("EntityTooLarge")
    file = await request.context.files.write(request.body(), limit)
    await _add_part(request, found, number, file)
    return Response(headers={"etag": file.etag.strip('"')})


async def _add_part(request: S3Request, found: rows.Row, number: int, file: StoredFile) -> str:
    part = {"size": file.size, "etag": file.etag.strip('"'), "version": file.version}
    try:
        async with request.context.database.as_owner() as connection:
            return await multipart_rows.insert_part(connection, found, number, part)
    except BaseException:
        await request.context.files.remove([file.version])
        raise


async def copy_part(request: S3Request) -> Response:
    number = _part_number(request)
    source = await find_object(request, "s3.upload.part_copy", read_source(request))
    start, length = _read_range(request, source)
    found = await _find(request, "s3.upload.part_copy")
    if source["version"] is None:
        raise storage_error("InternalError")  # a row made by SQL, without a file
    limit = (await read_limits(request.context, request.bucket)).size
    files = request.context.files
    file = await files.write(files.read(source["version"], start, length), limit)
    created = await _add_part(request, found, number, file)
    return Xml("CopyPartResult", [("ETag", file.etag.strip('"')), ("LastModified", created)])


def _read_range(request: S3Request, source: rows.Row) -> tuple[int, int]:
    """Return start and length of the source's bytes; both ends of a range must be within it."""
    size = int(rows.metadata_of(source).get("size") or 0)
    header = request.header("x-amz-copy-source-range")
    if not header:
        return 0, size
    match = _RANGE.fullmatch(header)
    if match is None or not int(match[1]) <= int(match[2]) < size:
        raise storage_error("InvalidRange")
    return int(match[1]), int(match[2]) - int(match[1]) + 1


async def list_parts(request: S3Request) -> Response:
    found = await _find(request, "s3.upload.list_parts", any_key=True)
    limit = min(request.number("max-parts", _MAX_LISTED), _MAX_LISTED)
    after = request.number("part-number-marker", 0)
    parts: list[rows.Row] = []
    if found["key"] == request.key:
        async with request.context.database.as_owner() as connection:
            parts = await multipart_rows.list_parts(connection, found["id"], after, limit + 1)
    has_more, parts = len(parts) > limit, parts[:limit]
    nodes: list[Node] = [
        ("Bucket", request.bucket),
        ("Key", request.key),
        ("UploadId", found["id"]),
        ("PartNumberMarker", request.query.get("part-number-marker")),
        ("NextPartNumberMarker", parts[-1]["part_number"] if has_more and parts else None),
        ("MaxParts", limit),
        ("IsTruncated", has_more),
    ]
    for part in parts:
        about = (
            ("PartNumber", part["part_number"]),
            ("LastModified", part["created"]),
            ("ETag", part["etag"]),
        )
        nodes.append(("Part", about))
    return Xml("ListPartsResult", nodes)


async def list_uploads(request: S3Request) -> Response:
    await request.require_bucket()
    query = request.query
    limit = min(request.number("max-uploads", _MAX_LISTED), _MAX_LISTED)
    prefix = query.get("prefix", "")
    after = query.get("key-marker", ""), query.get("upload-id-marker", "")
    found = await _list_visible(request, prefix, after, limit + 1)
    has_more, found = len(found) > limit, found[:limit]
    last = found[-1] if has_more and found else None
    nodes: list[Node] = [
        ("Name", request.bucket),
        ("KeyMarker", after[0] or None),
        ("UploadIdMarker", after[1] or None),
        ("Prefix", prefix),
    ]
    for each in found:
        about = (
            ("Key", each["key"]),
            ("Initiated", each["initiated"]),
            ("UploadId", each["id"]),
            ("StorageClass", "STANDARD"),
        )
        nodes.append(("Upload", about))
    end: list[Node] = [
        ("IsTruncated", has_more),
        ("MaxUploads", limit),
        ("KeyCount", len(found)),
        ("NextKeyMarker", last["key"] if last else None),
        ("NextUploadIdMarker", last["id"] if last else None),
    ]
    return Xml("ListMultipartUploadsResult", [*nodes, *end])


async def _list_visible(
    request: S3Request, prefix: str, after: tuple[str, str], limit: int
) -> list[rows.Row]:
    """List the uploads that policies on their table show the caller."""
    async with request.context.database.as_caller(
        request.caller, request.http, "s3.upload.list"
    ) as connection:
        return await multipart_rows.list_uploads(connection, request.bucket, prefix, after, limit)


async def complete_upload(request: S3Request) -> Response:
    named = _read_parts(await request.document("CompleteMultipartUpload"))
    found = await _find(request, "s3.upload.complete")
    async with request.context.database.as_owner() as connection:
        sent = await multipart_rows.list_parts(connection, found["id"])
    parts = [_choose(sent, number, etag, found["id"]) for number, etag in named]
    limits = await read_limits(request.context, request.bucket)
    if sum(part["size"] for part in parts) > limits.size:
        raise storage_error("EntityTooLarge")
    file = await request.context.files.write(_join(request, parts), limits.size)
    about = found["metadata"]
    metadata = describe(file, about["mimetype"], about["cacheControl"])
    target = Target(request.bucket, request.key, upsert=True)
    owner = found["owner_id"], found["user_metadata"]
    await commit(request.context, target, file.version, metadata, owner)
    await _forget(request, found["id"])
    nodes = [
        ("Location", target.key),
        ("Bucket", request.bucket),
        ("Key", request.key),
        ("ETag", file.etag),
    ]
    return Xml("CompleteMultipartUploadResult", nodes)


def _read_parts(root: Element) -> list[tuple[int, str]]:
    parts: list[tuple[int, str]] = []
    for part in root.all("Part"):
        number = (part.value("PartNumber") or "").strip()
        if not re.fullmatch(r"[0-9]{1,5}", number):
            raise invalid_request("Body, CompleteMultipartUpload/Part/PartNumber must be integer")
        parts.append((int(number), (part.value("ETag") or "").strip()))
    if not 0 < len(parts) <= _MAX_PARTS:
        raise invalid_request("Body, CompleteMultipartUpload must name 1 to 10000 parts")
    return parts


def _choose(sent: list[rows.Row], number: int, etag: str, upload_id: str) -> rows.Row:
    """Return the part of that number and ETag, the latest of several."""
    candidates = [part for part in sent if part["part_number"] == number]
    if not candidates:
        message = f"Part {number} is missing for upload id {upload_id}"
        raise StorageError("MissingPart", 400, "MissingPart", message)
    for part in reversed(candidates):
        if part["etag"] == etag:
            return part
    raise StorageError("InvalidChecksum", 400, "InvalidChecksum", f"Invalid ETag for part {number}")


async def _join(request: S3Request, parts: list[rows.Row]) -> AsyncIterator[bytes]:
    for part in parts:
        async for chunk in request.context.files.read(part["version"], 0, part["size"]):
            yield chunk


async def abort_upload(request: S3Request) -> Response:
    found = await _find(request, "s3.upload.abort")
    await _forget(request, found["id"])
    return Response()


async def _forget(request: S3Request, upload_id: str) -> None:
    async with request.context.database.as_owner() as connection:
        versions = await multipart_rows.delete_upload(connection, upload_id)
    await request.context.files.remove(versions)
