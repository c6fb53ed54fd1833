"""SQL on storage.buckets and storage.objects.

Statements run in the transaction that they are given: as the caller, where policies decide, or as
the owner of the tables.
"""

from collections.abc import Mapping
from json import dumps
from typing import Any, Final, cast

from psycopg.types.json import Jsonb

from edge.emulator.postgres.pipeline import Statement
from edge.emulator.postgres.pool import Connection

Row = dict[str, Any]

_TIME: Final = "to_char({0} at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as {0}"
_BUCKET: Final = (
    "id, name, coalesce(owner::text, '') as owner, public, file_size_limit, allowed_mime_types, "
    + ", ".join(_TIME.format(name) for name in ("created_at", "updated_at"))
)
_OBJECT: Final = (
    "id::text, bucket_id, name, coalesce(owner::text, '') as owner, coalesce(owner_id, '') as"
    " owner_id, version, metadata, user_metadata, "
    + ", ".join(_TIME.format(name) for name in ("created_at", "updated_at", "last_accessed_at"))
)
_LIMITS: Final = b"""
select file_size_limit, to_json(allowed_mime_types) from storage.buckets where id = $1"""
_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended($1, 0))"
_FORMER: Final = b"""
select version, metadata->>'size'
from storage.objects where bucket_id = $1 and name = $2 for update"""
_CHANGEABLE: Final = ("public", "file_size_limit", "allowed_mime_types")
BUCKET_COLUMNS: Final = ("id", "name", "created_at", "updated_at")


async def _one(connection: Connection, query: str, *values: Any) -> Row | None:
    return await (await connection.execute(query.encode(), values)).fetchone()


async def _all(connection: Connection, query: str, *values: Any) -> list[Row]:
    return await (await connection.execute(query.encode(), values)).fetchall()


async def find_bucket(connection: Connection, bucket_id: str) -> Row | None:
    return await _one(connection, f"select {_BUCKET} from storage.buckets where id = $1", bucket_id)


async def list_buckets(
    connection: Connection, search: str, order: tuple[str, str], page: tuple[int | None, int]
) -> list[Row]:
    """List buckets; `order` is a name of BUCKET_COLUMNS and asc or desc."""
    return await _all(
        connection,
        f"select {_BUCKET}, type::text as type from storage.buckets"
        " where position(lower($1) in lower(name)) > 0"
        f" order by {order[0]} {order[1]}, id limit $2 offset $3",
        search,
        *page,
    )


async def insert_bucket(connection: Connection, bucket: Mapping[str, Any]) -> None:
    await connection.execute(
        "insert into storage.buckets"
        " (id, name, owner, owner_id, public, file_size_limit, allowed_mime_types)"
        " values ($1, $2, $3, $4, $5, $6, $7)",
        (
            bucket["id"],
            bucket["name"],
            bucket["owner"],
            bucket["owner_id"],
            bucket["public"],
            bucket["file_size_limit"],
            bucket["allowed_mime_types"],
        ),
    )


async def update_bucket(connection: Connection, bucket_id: str, changes: Row) -> bool:
    """Change the columns that `changes` names; returns whether there is such a bucket."""
    names = [name for name in _CHANGEABLE if name in changes]
    settings = "".join(f", {name} = ${number}" for number, name in enumerate(names, 2))
    row = await _one(
        connection,
        f"update storage.buckets set updated_at = now(){settings} where id = $1 returning id",
        bucket_id,
        *(changes[name] for name in names),
    )
    return row is not None


async def delete_bucket(connection: Connection, bucket_id: str) -> bool:
    query = "delete from storage.buckets where id = $1 returning id"
    return await _one(connection, query, bucket_id) is not None


async def has_objects(connection: Connection, bucket_id: str) -> bool:
    query = "select 1 from storage.objects where bucket_id = $1 limit 1"
    return await _one(connection, query, bucket_id) is not None


def finding(bucket_id: str, name: str) -> tuple[str, tuple[str, ...]]:
    """Return a statement that finds an object."""
    query = f"select {_OBJECT} from storage.objects where bucket_id = $1 and name = $2"
    return query, (bucket_id, name)


async def find_object(connection: Connection, bucket_id: str, name: str) -> Row | None:
    query, values = finding(bucket_id, name)
    return await _one(connection, query, *values)


async def find_objects(connection: Connection, bucket_id: str, names: list[str]) -> list[Row]:
    query = f"select {_OBJECT} from storage.objects where bucket_id = $1 and name = any($2)"
    return await _all(connection, query, bucket_id, names)


def replacing(new: Mapping[str, Any], *, upsert: bool) -> tuple[Statement, ...]:
    """Return statements for one round trip that read the bucket's limits and replace an object.

    Their results: the limits, none, the former version and its size, the object's id.
    """
    place = (new["bucket_id"], new["name"])
    insert = f"{_insertion(upsert=upsert)} returning id::text"
    return (
        (_LIMITS, place[:1]),
        (_LOCK.encode(), ("/".join(place),)),
        (_FORMER, place),
        (insert.encode(), _texts(new)),
    )


def insertion_statement(new: Mapping[str, Any], *, upsert: bool) -> Statement:
    """Return `insertion` for a pipeline."""
    return _insertion(upsert=upsert).encode(), _texts(new)


def _texts(new: Mapping[str, Any]) -> tuple[str | None, ...]:
    """Return the values of an insertion as text, which Postgres parses."""
    *texts, metadata, user_metadata = _values(new)
    documents = (None if each is None else dumps(each.obj) for each in (metadata, user_metadata))
    return (*texts, *documents)


def locking(bucket_id: str, name: str) -> tuple[str, tuple[str, ...]]:
    """Return statements that find an object and keep others from changing or creating it."""
    query = f"select {_OBJECT} from storage.objects where bucket_id = $2 and name = $3 for update"
    return f"{_LOCK};\n{query}", (f"{bucket_id}/{name}", bucket_id, name)


async def insert_object(connection: Connection, new: Mapping[str, Any], *, upsert: bool) -> Row:
    """Insert an object's row, or with `upsert` replace the one of that name."""
    query = f"{_insertion(upsert=upsert)} returning {_OBJECT}"
    row = await _one(connection, query, *_values(new))
    assert row is not None
    return row


def insertion(new: Mapping[str, Any], *, upsert: bool) -> tuple[str, tuple[Any, ...]]:
    """Return an insertion that does not read the row, which not everybody may select."""
    return _insertion(upsert=upsert), _values(new)


def _insertion(*, upsert: bool) -> str:
    conflict = """
      on conflict (bucket_id, name) do update set
        version = excluded.version, metadata = excluded.metadata,
        user_metadata = excluded.user_metadata, owner = excluded.owner,
        owner_id = excluded.owner_id, updated_at = now()"""
    return (
        "insert into storage.objects"
        " (bucket_id, name, owner, owner_id, version, metadata, user_metadata)"
        f" values ($1, $2, $3, $4, $5, $6, $7){conflict if upsert else ''}"
    )


def _values(new: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        new["bucket_id"],
        new["name"],
        as_uuid(new.get("owner_id")),
        new.get("owner_id"),
        new.get("version"),
        Jsonb(new.get("metadata")),
        None if new.get("user_metadata") is None else Jsonb(new["user_metadata"]),
    )


async def rename_object(
    connection: Connection, source: tuple[str, str], target: tuple[str, str], owner: str | None
) -> Row | None:
    return await _one(
        connection,
        "update storage.objects set bucket_id = $3, name = $4, owner = $5, owner_id = $6,"
        f" updated_at = now() where bucket_id = $1 and name = $2 returning {_OBJECT}",
        *source,
        *target,
        as_uuid(owner),
        owner,
    )


async def delete_objects(connection: Connection, bucket_id: str, names: list[str]) -> list[Row]:
    """Delete the rows that the transaction's role may delete, and return them."""
    query = (
        f"delete from storage.objects where bucket_id = $1 and name = any($2) returning {_OBJECT}"
    )
    return await _all(connection, query, bucket_id, names)


async def delete_some(connection: Connection, bucket_id: str, count: int) -> list[Row]:
    """Delete at most `count` objects of a bucket, and return them."""
    query = (
        "delete from storage.objects where id in"
        " (select id from storage.objects where bucket_id = $1 limit $2) returning version"
    )
    return await _all(connection, query, bucket_id, count)


async def versions(connection: Connection) -> set[str]:
    """Return the versions of all objects, and of the parts of uploads."""
    rows = await _all(
        connection,
        "select version from storage.objects where version is not null"
        " union all select version from storage.s3_multipart_uploads_parts",
    )
    return {row["version"] for row in rows}


def as_uuid(text: str | None) -> str | None:
    """Return the text if it is a UUID, for the deprecated column `owner`."""
    from uuid import UUID

    try:
        return str(UUID(text or ""))
    except ValueError:
        return None


def metadata_of(row: Row) -> dict[str, Any]:
    """Return the column `metadata`, which a row made by SQL may lack."""
    metadata = row["metadata"]
    return cast("dict[str, Any]", metadata) if isinstance(metadata, dict) else {}
