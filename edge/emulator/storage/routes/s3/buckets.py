"""The S3 protocol's operations on buckets."""

from starlette.responses import Response

from edge.emulator.storage import rows
from edge.emulator.storage.errors import StorageError, storage_error
from edge.emulator.storage.names import check_bucket_name
from edge.emulator.storage.routes.s3.request import S3Request
from edge.emulator.storage.s3.signature import REGION
from edge.emulator.storage.s3.xml import Node, Xml


async def list_buckets(request: S3Request) -> Response:
    async with request.context.database.as_caller(
        request.caller, request.http, "s3.bucket.list"
    ) as connection:
        found = await rows.list_buckets(connection, "", ("created_at", "asc"), (None, 0))
    buckets: list[Node] = [
        ("Bucket", (("Name", row["name"]), ("CreationDate", row["created_at"]))) for row in found
    ]
    return Xml("ListAllMyBucketsResult", [("Buckets", buckets)])


async def create_bucket(request: S3Request) -> Response:
    check_bucket_name(request.bucket)
    bucket = {
        "id": request.bucket,
        "name": request.bucket,
        "owner": rows.as_uuid(request.caller.user_id),
        "owner_id": request.caller.user_id,
        "public": request.header("x-amz-acl").startswith("public-read"),
        "file_size_limit": None,
        "allowed_mime_types": None,
    }
    try:
        async with request.context.database.as_caller(
            request.caller, request.http, "s3.bucket.create"
        ) as connection:
            await rows.insert_bucket(connection, bucket)
    except StorageError as exc:
        if exc.code == "ResourceAlreadyExists":
            raise storage_error("BucketAlreadyExists") from exc
        raise
    return Response(headers={"location": f"/{request.bucket}"})


async def _find(request: S3Request, operation: str) -> None:
    async with request.context.database.as_caller(
        request.caller, request.http, operation
    ) as connection:
        if await rows.find_bucket(connection, request.bucket) is None:
            raise storage_error("NoSuchBucket")


async def head_bucket(request: S3Request) -> Response:
    await _find(request, "s3.bucket.head")
    return Response()


async def show_location(request: S3Request) -> Response:
    await _find(request, "s3.bucket.location.get")
    return Xml("LocationConstraint", REGION)


async def show_versioning(request: S3Request) -> Response:
    await _find(request, "s3.bucket.versioning.get")
    return Xml("VersioningConfiguration", [("Status", "Suspended"), ("MfaDelete", "Disabled")])


async def delete_bucket(request: S3Request) -> Response:
    await _find(request, "s3.bucket.delete")
    async with request.context.database.as_owner() as connection:
        if await rows.has_objects(connection, request.bucket):
            raise storage_error("ResourceNotEmpty")
    async with request.context.database.as_caller(
        request.caller, request.http, "s3.bucket.delete"
    ) as connection:
        if not await rows.delete_bucket(connection, request.bucket):
            raise storage_error("AccessDenied")
    return Response(status_code=204)
