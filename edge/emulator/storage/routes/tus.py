"""/upload/resumable: TUS 1.0.0 with creation, creation-with-upload, termination and expiration.

Follows supabase/storage (src/http/routes/tus). Rights are asked when an upload is created and with
each part of it. Errors are text with their true status.
"""

import base64
import binascii
import re
import time
from dataclasses import replace
from email.utils import formatdate
from typing import Any, Final, cast
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from edge.emulator.dense_json import loads
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.errors import StorageError
from edge.emulator.storage.names import check_object_name
from edge.emulator.storage.resumable import EXPIRES_AFTER, Pending, decode_id
from edge.emulator.storage.tokens import verify_signed
from edge.emulator.storage.uploader import Target, check_rights, commit, describe, read_limits

_VERSION: Final = "1.0.0"
_EXTENSIONS: Final = "creation,creation-with-upload,creation-defer-length,termination,expiration"
_MAX_SIZE: Final = "52428800000"  # the protocol's; a project's limit is checked later
_PATH: Final = "/storage/v1/upload/resumable"
_PART: Final = "application/offset+octet-stream"
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_NOT_FOUND: Final = "The file for this url was not found\n"


class _TusError(Exception):
    """An error of the protocol: a status and a text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


async def handle(context: StorageContext, request: Request) -> Response:
    """Serve a request of the protocol; one without a valid token is refused in JSON."""
    if request.method in {"POST", "PATCH", "DELETE"} and "x-signature" not in request.headers:
        context.caller(request)
    try:
        response = await _handle(context, request)
    except _TusError as exc:
        response = _text(exc.text, exc.status)
    except StorageError as exc:
        if exc.true_status == 500:
            raise
        response = _text(exc.message, exc.true_status)
    response.headers["tus-resumable"] = _VERSION
    return response


async def _handle(context: StorageContext, request: Request) -> Response:
    if request.method == "OPTIONS":
        return _describe_protocol(context)
    _check_version(request)
    match request.method:
        case "POST":
            return await _create(context, request)
        case "HEAD":
            return await _show(context, request)
        case "PATCH":
            return await _append(context, request)
        case _:
            return await _terminate(context, request)


def _describe_protocol(context: StorageContext) -> Response:
    headers = {
        "tus-version": _VERSION,
        "tus-extension": _EXTENSIONS,
        "tus-max-size": _MAX_SIZE,
    }
    return Response(status_code=204, headers=headers)


def _check_version(request: Request) -> None:
    version = request.headers.get("tus-resumable")
    if version is None:
        raise _TusError(412, "Tus-Resumable Required\n")
    if version != _VERSION:
        raise _TusError(400, "Invalid tus-resumable\n")


async def _create(context: StorageContext, request: Request) -> Response:
    length = _read_length(request)
    if length is None and request.headers.get("upload-defer-length") != "1":
        raise _TusError(400, "Upload-Length or Upload-Defer-Length header required\n")
    header = request.headers.get("upload-metadata")
    if not header:
        raise _TusError(400, "Metadata header is required")
    pending = _plan(request, _parse_metadata(header), header, length)
    check_object_name(pending.name)
    limits = await read_limits(context, pending.bucket_id)
    if length is not None and length > limits.size:
        raise _TusError(413, "Maximum size exceeded\n")
    limits.check(pending.content_type, None)
    pending = await _authorize(context, request, pending)
    await context.resumable.create(pending)
    path = f"{_PATH}/sign" if _is_signed(request) else _PATH
    headers = {"location": f"{path}/{pending.id}", "upload-expires": _expiry(pending)}
    has_body = request.headers.get("content-type") == _PART
    if has_body:
        headers["upload-offset"] = str(await _receive(context, request, pending))
    elif length == 0:
        await _complete(context, pending)
    return _text("", 201, headers)


async def _show(context: StorageContext, request: Request) -> Response:
    pending, offset = await _find(context, request)
    headers = {
        "upload-offset": str(offset),
        "upload-metadata": _render_metadata(pending),
        "upload-expires": _expiry(pending),
        "cache-control": "no-store",
    }
    if pending.length is None:
        headers["upload-defer-length"] = "1"
    else:
        headers["upload-length"] = str(pending.length)
    return _text("", 200, headers)


async def _append(context: StorageContext, request: Request) -> Response:
    if request.headers.get("content-type") != _PART:
        raise _TusError(400, "Invalid content-type\n")
    pending, offset = await _find(context, request)
    await _authorize(context, request, pending)
    if _read_number(request, "upload-offset") != offset:
        raise _TusError(409, "Upload-Offset conflict\n")
    if pending.length is None and (length := _read_length(request)) is not None:
        if length > (await read_limits(context, pending.bucket_id)).size:
            raise _TusError(413, "Maximum size exceeded\n")
        pending = replace(pending, length=length)
        await context.resumable.set_length(pending)
    declared = _read_number(request, "content-length")
    if declared and pending.length is not None and offset + declared > pending.length:
        raise _TusError(413, "upload's size exceeded\n")
    offset = await _receive(context, request, pending)
    headers = {"upload-offset": str(offset), "upload-expires": _expiry(pending)}
    return Response(status_code=204, headers=headers)


async def _terminate(context: StorageContext, request: Request) -> Response:
    pending, _ = await _find(context, request)
    await _authorize(context, request, pending)
    await context.resumable.remove(pending.version)
    return Response(status_code=204)


async def _receive(context: StorageContext, request: Request, pending: Pending) -> int:
    """Append the body, and finish the upload with its last byte; returns the offset."""
    limit = pending.length
    if limit is None:
        limit = (await read_limits(context, pending.bucket_id)).size
    try:
        offset = await context.resumable.append(pending, request.stream(), limit)
    except ValueError as exc:
        raise _TusError(413, "upload's size exceeded\n") from exc
    if offset == pending.length:
        await _complete(context, pending)
    return offset


async def _complete(context: StorageContext, pending: Pending) -> None:
    file = await context.resumable.finish(pending)
    metadata = describe(file, pending.content_type, pending.cache_control)
    target = Target(pending.bucket_id, pending.name, pending.upsert)
    about = pending.owner, pending.user_metadata
    await commit(context, target, pending.version, metadata, about)


async def _authorize(context: StorageContext, request: Request, pending: Pending) -> Pending:
    """Ask for the rights to the object, and return the upload with its owner.

    A signed upload brings a token for this object instead of the caller's own.
    """
    if _is_signed(request):
        signature = request.headers.get("x-signature", "")
        claims = verify_signed(context.config.keys, "upload", pending.key, signature)
        owner = claims.get("owner")
        upsert = claims.get("upsert") is True
        return replace(pending, owner=owner if isinstance(owner, str) else None, upsert=upsert)
    caller = context.caller(request)
    new = {
        "bucket_id": pending.bucket_id,
        "name": pending.name,
        "owner_id": caller.user_id,
        "metadata": {"mimetype": pending.content_type, "contentLength": pending.length},
        "user_metadata": pending.user_metadata,
        "upsert": pending.upsert,
    }
    await check_rights(context, caller, request, "tus.upload.create", new)
    return replace(pending, owner=caller.user_id)


def _is_signed(request: Request) -> bool:
    return request.url.path.startswith("/upload/resumable/sign")


async def _find(context: StorageContext, request: Request) -> tuple[Pending, int]:
    version = decode_id(request.path_params["id"])
    if version is None:
        raise _TusError(400, "Invalid upload id")
    found = await context.resumable.find(version)
    if found is None or found[0].id != request.path_params["id"].rstrip("="):
        raise _TusError(404, _NOT_FOUND)
    return found


def _plan(request: Request, metadata: dict[str, str], header: str, length: int | None) -> Pending:
    cache = metadata.get("cacheControl", "")
    return Pending(
        version=str(uuid4()),
        bucket_id=metadata.get("bucketName", ""),
        name=metadata.get("objectName", ""),
        upsert=request.headers.get("x-upsert", "").lower() == "true",
        owner=None,
        length=length,
        content_type=metadata.get("contentType") or "application/octet-stream",
        cache_control=f"max-age={cache}" if cache.isdigit() else "no-cache",
        user_metadata=_read_user_metadata(metadata.get("metadata")),
        header=header,
        created=time.time(),
    )


def _parse_metadata(header: str) -> dict[str, str]:
    """Parse `name base64,name base64`. Raises 400."""
    metadata: dict[str, str] = {}
    for pair in header.split(","):
        name, _, value = pair.strip().partition(" ")
        try:
            metadata[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError) as exc:
            raise _TusError(400, "Invalid upload-metadata\n") from exc
    return metadata


def _render_metadata(pending: Pending) -> str:
    if "cacheControl " in pending.header:
        return pending.header
    cache = base64.b64encode(pending.cache_control.encode()).decode()
    return f"{pending.header},cacheControl {cache}"


def _read_user_metadata(text: str | None) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        value = loads(text)
    except ValueError as exc:
        raise _TusError(400, "Invalid metadata: not JSON\n") from exc
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _read_number(request: Request, name: str) -> int | None:
    text = request.headers.get(name, "")
    return int(text) if _NUMBER.fullmatch(text) else None


def _read_length(request: Request) -> int | None:
    if "upload-length" not in request.headers:
        return None
    length = _read_number(request, "upload-length")
    if length is None:
        raise _TusError(400, "Invalid upload-length\n")
    return length


def _expiry(pending: Pending) -> str:
    return formatdate(pending.created + EXPIRES_AFTER, usegmt=True)


def _text(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    answer = PlainTextResponse(text, status, headers)
    answer.headers["content-type"] = "text/plain;charset=UTF-8"
    return answer
