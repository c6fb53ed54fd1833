"""Store an upload: rights first, then the bytes, then the row."""

import fnmatch
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from edge.emulator.storage import rows
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.errors import StorageError, storage_error
from edge.emulator.storage.files import StoredFile
from edge.emulator.storage.identity import Caller
from edge.emulator.storage.names import check_object_name
from edge.emulator.storage.upload import Upload


@dataclass(frozen=True, slots=True)
class Target:
    """Where an upload goes, and whether it may replace an object."""

    bucket_id: str
    name: str
    upsert: bool

    @property
    def key(self) -> str:
        """Bucket and name, as in answers and signed URLs."""
        return f"{self.bucket_id}/{self.name}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a bucket takes: bytes of a file, and MIME types, None for all."""

    size: int
    mime_types: tuple[str, ...] | None

    def check(self, content_type: str, size: int | None) -> None:
        """Raise InvalidMimeType or EntityTooLarge."""
        mime_type = content_type.partition(";")[0].strip().lower()
        patterns = self.mime_types
        if patterns is not None and not any(fnmatch.fnmatch(mime_type, p) for p in patterns):
            raise storage_error("InvalidMimeType", mime_type=mime_type)
        if size is not None and size > self.size:
            raise storage_error("EntityTooLarge")


async def read_limits(context: StorageContext, bucket_id: str) -> Limits:
    """Return the limits of a bucket. Raises NoSuchBucket."""
    async with context.database.reading() as connection:
        bucket = await rows.find_bucket(connection, bucket_id)
    if bucket is None:
        raise storage_error("NoSuchBucket")
    own = bucket["file_size_limit"] or context.config.file_size_limit
    types = bucket["allowed_mime_types"]
    patterns = tuple(str(each).lower() for each in types) if types else None
    return Limits(min(own, context.config.file_size_limit), patterns)


async def check_rights(
    context: StorageContext, caller: Caller, request: Request, operation: str, new: dict[str, Any]
) -> None:
    """Insert the row as the caller and roll back: policies decide, also on the declared size."""
    upsert = bool(new.pop("upsert"))
    try:
        query, values = rows.insertion(new, upsert=upsert)
        await context.database.try_as_caller(caller, request, operation, query, values)
    except StorageError as exc:
        if exc.code == "ResourceAlreadyExists":
            raise storage_error("KeyAlreadyExists") from exc
        raise


async def upload(
    context: StorageContext,
    request: Request,
    caller: Caller,
    target: Target,
    incoming: Upload,
    operation: str = "",
) -> rows.Row:
    """Check, write and commit an upload; returns its row. Nothing is left of a failed one."""
    limits = await read_limits(context, target.bucket_id)
    check_object_name(target.name)
    limits.check(incoming.content_type, incoming.size)
    await check_rights(
        context,
        caller,
        request,
        operation or ("object.upload_update" if target.upsert else "object.upload"),
        {
            "bucket_id": target.bucket_id,
            "name": target.name,
            "owner_id": caller.user_id,
            "metadata": {"mimetype": incoming.content_type, "contentLength": incoming.size},
            "user_metadata": incoming.user_metadata,
            "upsert": target.upsert,
        },
    )
    return await store(context, target, incoming, limits.size, caller.user_id)


async def store(
    context: StorageContext, target: Target, incoming: Upload, limit: int, owner: str | None
) -> rows.Row:
    """Write the bytes and commit the row, as the owner of the tables."""
    file = await context.files.write(incoming.chunks, limit)
    metadata = describe(file, incoming.content_type, incoming.cache_control)
    about = owner, incoming.user_metadata or {}
    return await commit(context, target, file.version, metadata, about)


async def commit(
    context: StorageContext,
    target: Target,
    version: str,
    metadata: dict[str, Any],
    about: tuple[str | None, dict[str, Any] | None],
) -> rows.Row:
    """Make a file the object's version; the file of the former version is removed after."""
    owner, user_metadata = about
    new = {
        "bucket_id": target.bucket_id,
        "name": target.name,
        "owner_id": owner,
        "version": version,
        "metadata": metadata,
        "user_metadata": user_metadata,
    }
    try:
        lock = rows.locking(target.bucket_id, target.name)
        async with context.database.as_owner_after(*lock) as (connection, former):
            if former and not target.upsert:
                raise storage_error("KeyAlreadyExists")  # noqa: TRY301 - ends the transaction
            row = await rows.insert_object(connection, new, upsert=target.upsert)
    except BaseException:
        await context.files.remove([version])
        raise
    if former:
        await context.files.remove([former["version"]])
    return row


def describe(file: StoredFile, content_type: str, cache_control: str) -> dict[str, Any]:
    """Return the column `metadata` of an object."""
    return {
        "eTag": file.etag,
        "size": file.size,
        "mimetype": content_type,
        "cacheControl": cache_control,
        "lastModified": now(),
        "contentLength": file.size,
        "httpStatusCode": 200,
    }


def now() -> str:
    """Return the time as in JSON: UTC, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
