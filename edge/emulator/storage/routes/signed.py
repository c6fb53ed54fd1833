"""Signed URLs: for downloads, for several at once, and for uploads.

Follows supabase/storage (src/http/routes/object/getSigned*.ts). Rights are asked when a URL is
signed; the token then stands for them.
"""

from email.utils import formatdate
from typing import Any, Final, cast
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.storage import rows
from edge.emulator.storage.bodies import (
    Body,
    read_integer,
    read_json,
    read_texts,
    require,
)
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.errors import invalid_request, storage_error
from edge.emulator.storage.names import check_object_name
from edge.emulator.storage.responses import Json, serve_current
from edge.emulator.storage.routes.objects import read_target
from edge.emulator.storage.tokens import sign, verify_signed
from edge.emulator.storage.transform import read_options
from edge.emulator.storage.upload import read_upload
from edge.emulator.storage.uploader import Target, check_rights, read_limits, store

_MAX_PATHS: Final = 1000
_URL_SAFE: Final = "/~()*!.'$&,;=:@+"
_UPLOAD_SECONDS: Final = 2 * 3600
_NO_ACCESS: Final = "Either the object does not exist or you do not have access to it"


def _read_expiry(body: Body) -> int:
    require(body, "expiresIn")
    seconds = read_integer(body, "expiresIn", 0)
    if seconds < 1:
        raise invalid_request("body/expiresIn must be >= 1")
    return seconds


def _signed_url(
    context: StorageContext, key: str, seconds: int, transform: dict[str, Any] | None = None
) -> str:
    claims = {"transformations": transform} if transform else {}
    token = sign(context.config.keys, "download", key, seconds, **claims)
    route = "/render/image/sign" if transform else "/object/sign"
    return f"{route}/{quote(key, safe=_URL_SAFE)}?token={token}"


def _read_transform(body: Body) -> dict[str, Any] | None:
    """Return the body's transformation, checked."""
    given = body.get("transform")
    if not isinstance(given, dict) or not given:
        return None
    transform = cast("dict[str, Any]", given)
    read_options(transform, "", "body/transform")
    return transform


async def sign_url(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    body = await read_json(request, may_be_empty=True)
    seconds = _read_expiry(body)
    target = read_target(request)
    url = _signed_url(context, target.key, seconds, _read_transform(body))
    async with context.database.as_caller(caller, request, "object.sign") as connection:
        if await rows.find_object(connection, target.bucket_id, target.name) is None:
            raise storage_error("NoSuchKey")
    return Json({"signedURL": url})


async def sign_urls(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    body = await read_json(request)
    paths = read_texts(body, "paths")
    if paths is None:
        raise invalid_request("body must have required property 'paths'")
    if not paths:
        raise invalid_request("body/paths must NOT have fewer than 1 items")
    if len(paths) > _MAX_PATHS:
        raise invalid_request(f"body/paths must NOT have more than {_MAX_PATHS} items")
    seconds = _read_expiry(body)
    bucket_id = request.path_params["bucket"]
    async with context.database.as_caller(caller, request, "object.sign_many") as connection:
        found = {row["name"] for row in await rows.find_objects(connection, bucket_id, paths)}
    return Json([_sign_one(context, bucket_id, path, seconds, path in found) for path in paths])


def _sign_one(
    context: StorageContext, bucket_id: str, path: str, seconds: int, exists: bool
) -> dict[str, Any]:
    if not exists:
        return {"error": _NO_ACCESS, "path": path, "signedURL": None}
    url = _signed_url(context, f"{bucket_id}/{path}", seconds)
    return {"error": None, "path": path, "signedURL": url}


def read_token(request: Request) -> str:
    """Return the query's token. Raises InvalidRequest without one."""
    token = request.query_params.get("token")
    if token is None:
        raise invalid_request("querystring must have required property 'token'")
    return token


async def download_signed(context: StorageContext, request: Request) -> Response:
    target = read_target(request)
    claims = verify_signed(context.config.keys, "download", target.key, read_token(request))

    async def find() -> rows.Row:
        async with context.database.reading() as connection:
            row = await rows.find_object(connection, target.bucket_id, target.name)
        if row is None:
            raise storage_error("NoSuchKey")
        return row

    expires = formatdate(float(claims.get("exp") or 0), usegmt=True)
    return await serve_current(request, find, context.files, {"expires": expires})


async def sign_upload(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    target = read_target(request)
    check_object_name(target.name)
    new = {
        "bucket_id": target.bucket_id,
        "name": target.name,
        "owner_id": caller.user_id,
        "upsert": target.upsert,
    }
    await check_rights(context, caller, request, "object.sign_upload_url", new)
    claims = {"owner": caller.user_id, "upsert": target.upsert}
    token = sign(context.config.keys, "upload", target.key, _UPLOAD_SECONDS, **claims)
    path = quote(target.key, safe=_URL_SAFE)
    return Json({"url": f"/object/upload/sign/{path}?token={token}", "token": token})


async def upload_signed(context: StorageContext, request: Request) -> Response:
    asked = read_target(request)
    claims = verify_signed(context.config.keys, "upload", asked.key, read_token(request))
    target = Target(asked.bucket_id, asked.name, claims.get("upsert") is True)
    incoming = await read_upload(request)
    limits = await read_limits(context, target.bucket_id)
    limits.check(incoming.content_type, incoming.size)
    owner = claims.get("owner")
    owner = owner if isinstance(owner, str) else None
    await store(context, target, incoming, limits.size, owner)
    return Json({"Key": target.key})
