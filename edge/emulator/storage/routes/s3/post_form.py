"""POST of a presigned form: an upload by a browser, with a policy that somebody signed."""

import hmac
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.storage import rows
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.errors import StorageError, invalid_request, storage_error
from edge.emulator.storage.routes.s3.request import find_signer
from edge.emulator.storage.s3.policy import LengthRange, check_policy
from edge.emulator.storage.s3.signature import REGIONS, read_form_signature
from edge.emulator.storage.s3.xml import Xml
from edge.emulator.storage.upload import DEFAULT_TYPE, Upload, read_form
from edge.emulator.storage.uploader import Target, upload

_MAX_FIELDS: Final = 50
_META: Final = "x-amz-meta-"
_STATUSES: Final = {"200": 200, "201": 201, "204": 204}


def is_form(request: Request) -> bool:
    """Return whether the request is a form, whose signature is in its fields."""
    is_bucket = "bucket" in request.path_params and not request.path_params.get("key")
    kind = request.headers.get("content-type", "")
    return request.method == "POST" and is_bucket and kind.startswith("multipart/form-data")


async def post_object(context: StorageContext, request: Request) -> Response:
    """Store the form's file under its field `key`."""
    form = await read_form(request, _MAX_FIELDS)
    fields = {name.lower(): value for name, value in form.fields.items()}
    bucket = request.path_params["bucket"]
    signature = read_form_signature(fields)
    caller, secrets = find_signer(context, signature)
    if signature.region not in REGIONS or not any(
        hmac.compare_digest(
            hmac.digest(signature.key(secret), fields["policy"].encode(), "sha256").hex().encode(),
            signature.signature.encode(),
        )
        for secret in secrets
    ):
        raise storage_error("SignatureDoesNotMatch")
    length = check_policy(fields["policy"], fields, bucket)
    key = fields.get("key", "").replace("${filename}", form.file_name)
    if not key:
        raise invalid_request("Body, key is required")
    sent = Upload(
        fields.get("content-type") or form.file_type or DEFAULT_TYPE,
        fields.get("cache-control") or "no-cache",
        {
            name.removeprefix(_META): value
            for name, value in fields.items()
            if name.startswith(_META)
        },
        None,
        _within(form.chunks, length),
        is_s3=True,
    )
    target = Target(bucket, key, upsert=True)
    row = await upload(context, request, caller, target, sent, "s3.object.upload")
    return _answer(fields, bucket, key, str(rows.metadata_of(row)["eTag"]))


def _answer(fields: dict[str, str], bucket: str, key: str, etag: str) -> Response:
    status = _STATUSES.get(fields.get("success_action_status", ""), 200)
    if status != 201:
        return Response(status_code=status, headers={"etag": etag})
    response = Xml("PostResponse", [("Bucket", bucket), ("Key", key), ("ETag", etag)])
    response.status_code = status
    response.headers["etag"] = etag
    return response


async def _within(chunks: AsyncIterator[bytes], length: LengthRange) -> AsyncIterator[bytes]:
    """Yield the file's bytes. Raises EntityTooLarge, or EntityTooSmall at their end."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > length.most:
            raise storage_error("EntityTooLarge")
        yield chunk
    if size < length.least:
        message = "Your proposed upload is smaller than the minimum allowed size"
        raise StorageError("EntityTooSmall", 400, "EntityTooSmall", message)
