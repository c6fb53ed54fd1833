"""/s3: choose an operation of the S3 protocol by verb, path and query.

Follows supabase/storage (src/http/routes/s3); errors are XML with their true status.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.errors import StorageError
from edge.emulator.storage.routes.s3 import buckets, listing, multipart, objects
from edge.emulator.storage.routes.s3.post_form import is_form, post_object
from edge.emulator.storage.routes.s3.request import S3Request, authenticate
from edge.emulator.storage.s3.xml import error_response

Operation = Callable[[S3Request], Awaitable[Response]]

# Verb, names that the query must have, operation; the first that fits is taken.
_BUCKET: Final[tuple[tuple[str, tuple[str, ...], Operation], ...]] = (
    ("GET", ("location",), buckets.show_location),
    ("GET", ("versioning",), buckets.show_versioning),
    ("GET", ("uploads",), multipart.list_uploads),
    ("GET", ("list-type",), listing.list_objects_v2),
    ("GET", (), listing.list_objects),
    ("HEAD", (), buckets.head_bucket),
    ("PUT", (), buckets.create_bucket),
    ("DELETE", (), buckets.delete_bucket),
    ("POST", ("delete",), objects.delete_objects),
)
_OBJECT: Final[tuple[tuple[str, tuple[str, ...], Operation], ...]] = (
    ("GET", ("uploadId",), multipart.list_parts),
    ("GET", ("tagging",), objects.show_tags),
    ("GET", (), objects.get_object),
    ("HEAD", (), objects.head_object),
    ("PUT", ("partNumber", "uploadId"), multipart.upload_part),
    ("PUT", (), objects.put_object),
    ("DELETE", ("uploadId",), multipart.abort_upload),
    ("DELETE", (), objects.delete_object),
    ("POST", ("uploads",), multipart.create_upload),
    ("POST", ("uploadId",), multipart.complete_upload),
)
_COPIES: Final[dict[Operation, Operation]] = {
    multipart.upload_part: multipart.copy_part,
    objects.put_object: objects.copy_object,
}
_MAX_UNREAD: Final = 1024 * 1024
_UNSUPPORTED: Final = frozenset(
    (
        *("accelerate", "acl", "analytics", "attributes", "cors", "encryption", "inventory"),
        *("intelligent-tiering", "legal-hold", "lifecycle", "logging", "metrics", "notification"),
        *("object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock"),
        *("replication", "requestPayment", "restore", "retention", "select", "tagging"),
        *("torrent", "versions", "website"),
    )
)


async def handle(context: StorageContext, request: Request) -> Response:
    """Serve a request of the protocol."""
    params = request.path_params
    resource = "/".join(filter(None, (params.get("bucket"), params.get("key"))))
    try:
        if is_form(request):
            response = await post_object(context, request)
        else:
            signed = authenticate(context, request)
            response = await _choose(signed)(signed)
    except StorageError as exc:
        response = error_response(exc, resource, with_body=request.method != "HEAD")
    if "expect" in request.headers:
        await _read_rest(request, response)
    return response


async def _read_rest(request: Request, response: Response) -> None:
    """Read a body that the client holds back until it is asked for, or close the connection.

    Otherwise the client's next request would be taken for the body.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or len(length) > 12 or int(length) > _MAX_UNREAD:
        response.headers["connection"] = "close"
        return
    with suppress(RuntimeError):  # it was read
        async for _ in request.stream():
            pass


def _choose(request: S3Request) -> Operation:
    verb, query = request.http.method, request.query
    if not request.bucket:
        if verb == "GET":
            return buckets.list_buckets
        raise _not_implemented()
    for wanted, names, operation in _OBJECT if request.key else _BUCKET:
        if wanted == verb and all(name in query for name in names):
            if not names and not _UNSUPPORTED.isdisjoint(query):
                raise _not_implemented()
            is_copy = "x-amz-copy-source" in request.http.headers
            return _COPIES.get(operation, operation) if is_copy else operation
    raise _not_implemented()


def _not_implemented() -> StorageError:
    message = "This operation of the S3 protocol is not implemented"
    return StorageError("NotImplemented", 501, "NotImplemented", message)
