"""The S3 protocol's operations on objects: put, get, head, copy, delete, tags."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast
from urllib.parse import unquote

from starlette.responses import Response

from edge.emulator.storage import rows
from edge.emulator.storage.errors import StorageError, invalid_request, storage_error
from edge.emulator.storage.names import check_object_name
from edge.emulator.storage.responses import object_headers, serve_object
from edge.emulator.storage.routes.s3.request import S3Request, precondition_failed
from edge.emulator.storage.s3.xml import Node, Xml
from edge.emulator.storage.upload import DEFAULT_TYPE, Upload
from edge.emulator.storage.uploader import Target, check_rights, commit, now, upload

_MAX_NAMES: Final = 1000
_OVERRIDES: Final = (
    "content-type",
    "content-disposition",
    "content-encoding",
    "content-language",
    "cache-control",
    "expires",
)
_HEADER_NAME: Final = re.compile(r"[a-z0-9_.-]+")


def read_object(request: S3Request) -> Upload:
    return Upload(
        request.header("content-type") or DEFAULT_TYPE,
        request.header("cache-control") or "no-cache",
        dict(request.user_metadata),
        request.size,
        request.body(),
        is_s3=True,
    )


async def put_object(request: S3Request) -> Response:
    only_new = request.header("if-none-match") == "*"
    target = Target(request.bucket, request.key, upsert=not only_new)
    try:
        row = await upload(
            request.context,
            request.http,
            request.caller,
            target,
            read_object(request),
            "s3.object.upload",
        )
    except StorageError as exc:
        if exc.code == "KeyAlreadyExists":
            raise precondition_failed() from exc
        raise
    return Response(headers={"etag": rows.metadata_of(row)["eTag"]})


async def find_object(
    request: S3Request, operation: str, place: tuple[str, str] | None = None
) -> rows.Row:
    """Return an object that the caller may read. Raises NoSuchKey."""
    async with request.context.database.as_caller(
        request.caller, request.http, operation
    ) as connection:
        row = await rows.find_object(connection, *(place or (request.bucket, request.key)))
    if row is None:
        raise storage_error("NoSuchKey")
    return row


async def get_object(request: S3Request) -> Response:
    row = await find_object(request, "s3.object.get")
    _check_conditions(request, row, "")
    try:
        return await serve_object(request.http, row, request.context.files, _extra(request, row))
    except StorageError as exc:
        if exc.code == "InvalidRange":
            message = "The requested range is not satisfiable"
            raise StorageError("InvalidRange", 416, "InvalidRange", message) from exc
        raise


async def head_object(request: S3Request) -> Response:
    """Describe an object by its row alone."""
    row = await find_object(request, "s3.object.info")
    _check_conditions(request, row, "")
    headers = object_headers(request.http, row) | _extra(request, row)
    size = rows.metadata_of(row).get("size")
    if size is not None:
        headers |= {"content-length": str(size), "accept-ranges": "bytes"}
    if "eTag" not in rows.metadata_of(row):
        del headers["etag"]
    return Response(headers=headers)


def _extra(request: S3Request, row: rows.Row) -> dict[str, str]:
    """Return the headers of the user's metadata, and those that the query overrides."""
    headers: dict[str, str] = {}
    if isinstance(row["user_metadata"], dict):
        stored = cast("dict[str, Any]", row["user_metadata"])
        for name, value in stored.items():
            if _HEADER_NAME.fullmatch(name.lower()):
                headers[f"x-amz-meta-{name.lower()}"] = _header_text(str(value))
    for name in _OVERRIDES:
        if value := request.query.get(f"response-{name}"):
            headers[name] = _header_text(value)
    return headers


def _header_text(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", " ", text).encode("latin-1", "replace").decode("latin-1")


def _check_conditions(request: S3Request, row: rows.Row, prefix: str) -> None:
    """Raise PreconditionFailed for If-Match and If-Unmodified-Since, also of a copy's source."""
    etag = str(rows.metadata_of(row).get("eTag") or "")
    modified = datetime.fromisoformat(row["updated_at"]).replace(microsecond=0)
    match = request.header(f"{prefix}if-match")
    if match and match != "*" and etag.strip('"') not in _etags(match):
        raise precondition_failed()
    before = _date(request.header(f"{prefix}if-unmodified-since"))
    if before and not match and modified > before:
        raise precondition_failed()
    if not prefix:
        return  # the other two are answered by 304
    if etag.strip('"') in _etags(request.header(f"{prefix}if-none-match")):
        raise precondition_failed()
    since = _date(request.header(f"{prefix}if-modified-since"))
    if since and modified <= since:
        raise precondition_failed()


def _etags(header: str) -> set[str]:
    return {each.strip().strip('"') for each in header.split(",") if each.strip()}


def _date(header: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_source(request: S3Request) -> tuple[str, str]:
    """Return the bucket and the key that a copy is made of."""
    bucket_id, _, name = request.header("x-amz-copy-source").removeprefix("/").partition("/")
    return bucket_id, name


async def copy_object(request: S3Request) -> Response:
    row = await _find_source(request)
    _check_conditions(request, row, "x-amz-copy-source-")
    check_object_name(request.key)
    metadata, user_metadata = {**rows.metadata_of(row), "lastModified": now()}, row["user_metadata"]
    if request.header("x-amz-metadata-directive").upper() == "REPLACE":
        metadata["mimetype"] = request.header("content-type") or DEFAULT_TYPE
        metadata["cacheControl"] = request.header("cache-control") or "no-cache"
        user_metadata = dict(request.user_metadata)
    new = {
        "bucket_id": request.bucket,
        "name": request.key,
        "owner_id": request.caller.user_id,
        "metadata": metadata,
        "user_metadata": user_metadata,
        "upsert": True,
    }
    await check_rights(request.context, request.caller, request.http, "s3.object.copy", new)
    if row["version"] is None:
        raise storage_error("InternalError")  # a row made by SQL, without a file
    version = await request.context.files.copy(row["version"])
    target = Target(request.bucket, request.key, upsert=True)
    about = request.caller.user_id, user_metadata
    await commit(request.context, target, version, metadata, about)
    nodes = [("ETag", metadata.get("eTag")), ("LastModified", metadata["lastModified"])]
    return Xml("CopyObjectResult", nodes)


async def _find_source(request: S3Request) -> rows.Row:
    """Return the source's row; SDKs encode its name, others do not."""
    bucket_id, name = read_source(request)
    try:
        return await find_object(request, "s3.object.copy", (bucket_id, name))
    except StorageError as exc:
        if exc.code != "NoSuchKey" or unquote(name) == name:
            raise
    return await find_object(request, "s3.object.copy", (bucket_id, unquote(name)))


async def delete_object(request: S3Request) -> Response:
    """Delete an object; one that does not exist is deleted, too."""
    await request.require_bucket()
    removed, kept = await _delete(request, "s3.object.delete", [request.key])
    if kept and not removed:
        raise storage_error("AccessDenied")
    return Response(status_code=204)


async def delete_objects(request: S3Request) -> Response:
    root = await request.document("Delete")
    names = [each.value("Key") or "" for each in root.all("Object")]
    if not names:
        raise invalid_request("Body, Delete must have required property 'Object'")
    if len(names) > _MAX_NAMES:
        raise invalid_request(
            f"Bulk object requests are limited to {_MAX_NAMES} objects per request."
        )
    await request.require_bucket()
    _, kept = await _delete(request, "s3.object.delete_many", names)
    nodes: list[Node] = [
        ("Error", (("Key", name), ("Code", "AccessDenied"), ("Message", "Access denied")))
        if name in kept
        else ("Deleted", (("Key", name),))
        for name in names
    ]
    return Xml("DeleteResult", nodes)


async def _delete(
    request: S3Request, operation: str, names: list[str]
) -> tuple[set[str], set[str]]:
    """Delete objects; returns the names that went, and those that the caller may not delete."""
    async with request.context.database.as_caller(
        request.caller, request.http, operation
    ) as connection:
        removed = await rows.delete_objects(connection, request.bucket, names)
    await request.context.files.remove([row["version"] for row in removed])
    gone = {row["name"] for row in removed}
    left = [name for name in names if name not in gone]
    if not left:
        return gone, set()
    async with request.context.database.as_owner() as connection:
        kept = await rows.find_objects(connection, request.bucket, left)
    return gone, {row["name"] for row in kept}


async def show_tags(request: S3Request) -> Response:
    """Return no tags, as for every object here."""
    await find_object(request, "s3.object.get_tagging")
    return Xml("Tagging", [("TagSet", "")])
