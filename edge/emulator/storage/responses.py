"""JSON answers, and answers with an object's bytes: conditions, ranges, names for saving."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from edge.emulator.storage.errors import StorageError, storage_error
from edge.emulator.storage.files import CHUNK, FileStore
from edge.emulator.storage.rows import Row, metadata_of

_FILE_MISSING: Final = "FileMissing"
_CONDITIONS: Final = frozenset({"range", "if-none-match", "if-modified-since"})
_MOST_REPLACED: Final = 10
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Json(JSONResponse):
    """A JSON answer with upstream's content type."""

    media_type = "application/json; charset=utf-8"


def info(row: Row) -> dict[str, Any]:
    """Return what the info routes tell of an object."""
    metadata = metadata_of(row)
    return {
        "id": row["id"],
        "name": row["name"],
        "version": row["version"],
        "bucket_id": row["bucket_id"],
        "size": metadata.get("size"),
        "content_type": metadata.get("mimetype"),
        "cache_control": metadata.get("cacheControl"),
        "etag": metadata.get("eTag"),
        "metadata": row["user_metadata"],
        "last_modified": metadata.get("lastModified") or row["updated_at"],
        "created_at": row["created_at"],
    }


async def serve_current(
    request: Request,
    find: Callable[[], Awaitable[Row]],
    files: FileStore,
    extra: dict[str, str] | None = None,
) -> Response:
    """Serve the object that `find` returns; one that is replaced meanwhile is found again."""
    row = await find()
    for _ in range(_MOST_REPLACED):
        try:
            return await serve_object(request, row, files, extra)
        except StorageError as exc:
            if exc.code != _FILE_MISSING:
                raise
            newer = await find()
            if newer["version"] == row["version"]:
                raise
            row = newer
    return await serve_object(request, row, files, extra)


async def serve_object(
    request: Request, row: Row, files: FileStore, extra: dict[str, str] | None = None
) -> Response:
    """Return the object's bytes, 206 for a range, or 304 for what the client has already."""
    if row["version"] is None:
        raise storage_error("InternalError")  # a row made by SQL, without a file
    if request.method == "GET" and not _CONDITIONS & set(request.headers):
        found = await files.read_small(row["version"])
        if isinstance(found, bytes):
            return Response(found, headers=_whole(request, row, len(found), extra))
        size = found
    else:
        size = await files.size(row["version"])
    headers = object_headers(request, row) | (extra or {})
    if request.method == "GET" and _is_unchanged(request, headers):
        return Response(status_code=304, headers=headers)
    headers["accept-ranges"] = "bytes"
    span = _parse_range(request.headers.get("range"), size) if request.method == "GET" else None
    start, length = span or (0, size)
    headers["content-length"] = str(length)
    if span:
        headers["content-range"] = f"bytes {start}-{start + length - 1}/{size}"
    status = 206 if span else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    chunks = files.read(row["version"], start, length)
    if length <= CHUNK:
        data = b"".join([chunk async for chunk in chunks])
        if len(data) != length:
            raise storage_error("FileMissing")  # it was cut short meanwhile
        return Response(data, status, headers)
    return StreamingResponse(await _opened(chunks), status, headers)


def _whole(request: Request, row: Row, size: int, extra: dict[str, str] | None) -> dict[str, str]:
    headers = object_headers(request, row) | (extra or {})
    return headers | {"accept-ranges": "bytes", "content-length": str(size)}


def object_headers(request: Request, row: Row) -> dict[str, str]:
    """Return the headers of an object's bytes: type, ETag, age, and its name for saving."""
    metadata = metadata_of(row)
    modified = _modified(row)
    headers = {
        "content-type": _content_type(str(metadata.get("mimetype") or "application/octet-stream")),
        "etag": str(metadata.get("eTag") or f'"{row["version"]}"'),
        "last-modified": format_datetime(modified, usegmt=True),
        "cache-control": str(metadata.get("cacheControl") or "no-cache"),
        "x-robots-tag": str(metadata.get("xRobotsTag") or "none"),
    }
    if "download" in request.query_params:
        name = quote(request.query_params["download"], safe="!~*'()")
        attachment = f" filename={name}; filename*=UTF-8''{name}" if name else ""
        headers["content-disposition"] = f"attachment;{attachment}"
    return headers


def _content_type(mime_type: str) -> str:
    is_bare_text = mime_type.startswith("text/") and "charset" not in mime_type
    safe = mime_type.encode("latin-1", "replace").decode("latin-1")
    return f"{safe}; charset=UTF-8" if is_bare_text else safe


def _modified(row: Row) -> datetime:
    text = str(metadata_of(row).get("lastModified") or row["updated_at"])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.fromisoformat(row["updated_at"])
    return moment.astimezone(UTC).replace(microsecond=0)


def _is_unchanged(request: Request, headers: dict[str, str]) -> bool:
    """Compare with one ETag, as upstream does; a list or `*` never matches."""
    wanted = request.headers.get("if-none-match")
    if wanted is not None:
        return wanted == headers["etag"]
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    return parsedate_to_datetime(headers["last-modified"]) <= since


def _parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return start and length in bytes. Raises InvalidRange beyond the end."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match[1], match[2]
    if not first:
        length = min(int(last), size)
        start = size - length
    else:
        start = int(first)
        length = min(int(last), size - 1) - start + 1 if last else size - start
    if length <= 0 or start >= size:
        raise storage_error("InvalidRange")
    return start, length


async def _opened(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Read the first chunk, so that a missing file is an error and no broken answer."""
    first = await anext(chunks, b"")

    async def stream() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return stream()
