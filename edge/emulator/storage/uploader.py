"""Store an upload: rights first, then the bytes, then the row."""

import fnmatch
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg.pq.abc import PGresult
from starlette.requests import Request

from edge.emulator.storage import rows
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.errors import MISSING, StorageError, storage_error
from edge.emulator.storage.etag import Md5Etag, UploadEtag
from edge.emulator.storage.files import StoredFile
from edge.emulator.storage.identity import Caller
from edge.emulator.storage.names import check_object_name
from edge.emulator.storage.upload import Upload, take_small


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
    return _limits(context, bucket["file_size_limit"], bucket["allowed_mime_types"])


def _limits(context: StorageContext, own: int | None, types: Sequence[str] | None) -> Limits:
    most = context.config.file_size_limit
    patterns = tuple(str(each).lower() for each in types) if types else None
    return Limits(min(own or most, most), patterns)


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
    """Check, write and commit an upload; returns its row.

    Nothing is left of a failed one; a file stays whose commit broke off, until a sweep.
    """
    operation = operation or ("object.upload_update" if target.upsert else "object.upload")
    new = {
        "bucket_id": target.bucket_id,
        "name": target.name,
        "owner_id": caller.user_id,
        "metadata": {"mimetype": incoming.content_type, "contentLength": incoming.size},
        "user_metadata": incoming.user_metadata,
    }
    incoming, data = await take_small(incoming)
    if data is not None:
        small = _SmallUpload(context, request, caller, operation, target, new)
        return await small.run(incoming, data)
    limits = await read_limits(context, target.bucket_id)
    check_object_name(target.name)
    limits.check(incoming.content_type, incoming.size)
    await check_rights(context, caller, request, operation, {**new, "upsert": target.upsert})
    return await store(context, target, incoming, limits.size, caller.user_id)


@dataclass(frozen=True, slots=True)
class _SmallUpload:
    """An upload whose bytes are there: one round trip, the file, and the commit.

    `new` is the row that the caller's rights are tried with.
    """

    context: StorageContext
    request: Request
    caller: Caller
    operation: str
    target: Target
    new: dict[str, Any]

    async def run(self, incoming: Upload, data: bytes) -> rows.Row:
        try:
            check_object_name(self.target.name)
            return await self._run(incoming, data)
        except StorageError as exc:
            # What comes first if each step is taken by itself.
            limits = await read_limits(self.context, self.target.bucket_id)
            check_object_name(self.target.name)
            limits.check(incoming.content_type, len(data))
            if exc.code == "ResourceAlreadyExists":
                raise storage_error("KeyAlreadyExists") from exc
            if exc.true_status == MISSING:  # the bucket, which has been created since
                raise storage_error("NoSuchBucket") from exc
            raise

    async def _run(self, incoming: Upload, data: bytes) -> rows.Row:
        upsert, files = self.target.upsert, self.context.files
        file = files.describe(data)
        metadata = describe(file, incoming.content_type, incoming.cache_control)
        user_metadata = incoming.user_metadata or {}
        final = {"version": file.version, "metadata": metadata, "user_metadata": user_metadata}
        trying = self.context.database.trying_as_caller(
            self.caller,
            self.request,
            self.operation,
            rows.insertion_statement(self.new, upsert=upsert),
            rows.replacing(self.new | final, upsert=upsert),
        )
        # Without an answer to the commit the row may be there: the file stays until a sweep.
        async with trying as (bucket, _, former, inserted):
            self._limits(bucket).check(incoming.content_type, file.size)
            await files.place(file.version, data)
        for row in range(former.ntuples):
            await files.remove_former(_text(former, row), _text(former, row, 1))
        return {**self.new, **final, "id": _text(inserted, 0)}

    def _limits(self, bucket: PGresult) -> Limits:
        own, types = bucket.get_value(0, 0), bucket.get_value(0, 1)
        return _limits(self.context, int(own) if own else None, json.loads(types or b"null"))


def _text(result: PGresult, row: int, column: int = 0) -> str:
    return (result.get_value(row, column) or b"").decode()


async def store(
    context: StorageContext, target: Target, incoming: Upload, limit: int, owner: str | None
) -> rows.Row:
    """Write the bytes and commit the row, as the owner of the tables."""
    etag = Md5Etag() if incoming.is_s3 else UploadEtag(incoming.size)
    file = await context.files.write(incoming.chunks, limit, etag)
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
    is_inserted = False
    try:
        lock = rows.locking(target.bucket_id, target.name)
        async with context.database.as_owner_after(*lock) as (connection, former):
            if former and not target.upsert:
                raise storage_error("KeyAlreadyExists")  # noqa: TRY301 - ends the transaction
            row = await rows.insert_object(connection, new, upsert=target.upsert)
            is_inserted = True
    except BaseException:
        if not is_inserted:  # otherwise it may be committed; a sweep removes files without a row
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
