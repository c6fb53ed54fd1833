"""SQL on storage.s3_multipart_uploads and their parts, as the owner of the tables."""

from typing import Any, Final
from uuid import uuid4

from psycopg.types.json import Jsonb

from edge.emulator.postgres.pool import Connection
from edge.emulator.storage.rows import Row

_TIME: Final = "to_char(created_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"


async def insert_upload(connection: Connection, new: dict[str, Any]) -> str:
    """Begin an upload; returns its id."""
    upload_id = str(uuid4())
    await connection.execute(
        "insert into storage.s3_multipart_uploads"
        " (id, upload_signature, bucket_id, key, version, owner_id, user_metadata, metadata)"
        " values ($1, '', $2, $3, $1, $4, $5, $6)",
        (
            upload_id,
            new["bucket_id"],
            new["name"],
            new["owner_id"],
            Jsonb(new["user_metadata"]),
            Jsonb(new["metadata"]),
        ),
    )
    return upload_id


async def find_upload(connection: Connection, bucket_id: str, upload_id: str) -> Row | None:
    query = "select * from storage.s3_multipart_uploads where bucket_id = $1 and id = $2"
    return await (await connection.execute(query.encode(), (bucket_id, upload_id))).fetchone()


async def list_uploads(
    connection: Connection, bucket_id: str, prefix: str, after: tuple[str, str], limit: int
) -> list[Row]:
    """List uploads by key and id; `after` is the last of the page before."""
    query = (
        f"select id, key, {_TIME} as initiated from storage.s3_multipart_uploads"
        " where bucket_id = $1 and starts_with(key, $2)"
        " and (key > $3 or (key = $3 and $4 <> '' and id > $4))"
        " order by key, id limit $5"
    )
    values = bucket_id, prefix, *after, limit
    return await (await connection.execute(query.encode(), values)).fetchall()


async def delete_upload(connection: Connection, upload_id: str) -> list[str]:
    """Delete an upload and its parts; returns the parts' versions."""
    parts = await connection.execute(
        "delete from storage.s3_multipart_uploads_parts where upload_id = $1 returning version",
        (upload_id,),
    )
    versions = [row["version"] for row in await parts.fetchall()]
    await connection.execute("delete from storage.s3_multipart_uploads where id = $1", (upload_id,))
    return versions


async def insert_part(connection: Connection, upload: Row, number: int, part: Row) -> str:
    """Add a part; returns its time. One of the same number stays, as with upstream."""
    result = await connection.execute(
        "insert into storage.s3_multipart_uploads_parts"
        " (upload_id, size, part_number, bucket_id, key, etag, owner_id, version)"
        f" values ($1, $2, $3, $4, $5, $6, $7, $8) returning {_TIME} as created",
        (
            upload["id"],
            part["size"],
            number,
            upload["bucket_id"],
            upload["key"],
            part["etag"],
            upload["owner_id"],
            part["version"],
        ),
    )
    row = await result.fetchone()
    assert row is not None
    return row["created"]


async def list_parts(
    connection: Connection, upload_id: str, after: int = 0, limit: int | None = None
) -> list[Row]:
    query = (
        f"select part_number, size, etag, version, {_TIME} as created"
        " from storage.s3_multipart_uploads_parts where upload_id = $1 and part_number > $2"
        " order by part_number, created_at limit $3"
    )
    values = upload_id, after, limit
    return await (await connection.execute(query.encode(), values)).fetchall()


async def delete_expired(connection: Connection, seconds: float) -> list[str]:
    """Delete the uploads that were begun longer ago; returns the versions of their parts."""
    result = await connection.execute(
        "select id from storage.s3_multipart_uploads"
        " where created_at < now() - make_interval(secs => $1)",
        (seconds,),
    )
    versions: list[str] = []
    for row in await result.fetchall():
        versions += await delete_upload(connection, row["id"])
    return versions
