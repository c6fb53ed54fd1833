"""ListObjects and ListObjectsV2: keys below a prefix, folded at a delimiter, page by page.

Follows supabase/storage (src/storage/protocols/s3/s3-handler.ts).
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response

from edge.emulator.storage.errors import storage_error
from edge.emulator.storage.routes.s3.request import S3Request
from edge.emulator.storage.rows import metadata_of
from edge.emulator.storage.s3.xml import Node, Xml

_MAX_KEYS: Final = 1000
# `after` may be a folder of the page before: what it holds was listed with it.
_ENTRIES: Final = """
with found as (
  select name, updated_at, metadata,
    case when $3 <> '' then storage.get_common_prefix(name, $2, $3) end as folder
  from storage.objects
  where bucket_id = $1 and starts_with(name, $2) and name collate "C" >= $2
    and name collate "C" > $4
    and not ($3 <> '' and right($4, length($3)) = $3 and length($4) > length($2)
      and starts_with(name, $4))
), entries as (
  select folder as name, true as folds, null as updated_at, null::jsonb as metadata
  from found where folder is not null group by folder
  union all
  select name, false, to_char(updated_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    metadata
  from found where folder is null
)
select * from entries order by name collate "C" limit $5"""


@dataclass(frozen=True, slots=True)
class _Page:
    """A page: its entries, and the last name if more follow."""

    entries: list[dict[str, Any]]
    next: str | None

    def contents(self, request: S3Request) -> list[Node]:
        return [
            (
                "Contents",
                (
                    ("Key", _encode(request, row["name"])),
                    ("LastModified", row["updated_at"]),
                    ("ETag", metadata_of(row).get("eTag")),
                    ("Size", metadata_of(row).get("size")),
                    ("StorageClass", "STANDARD"),
                ),
            )
            for row in self.entries
            if not row["folds"]
        ]

    def folders(self, request: S3Request) -> list[Node]:
        return [
            ("CommonPrefixes", (("Prefix", _encode(request, row["name"])),))
            for row in self.entries
            if row["folds"]
        ]


def _encode(request: S3Request, name: str) -> str:
    return quote(name, safe="!~*'()") if request.query.get("encoding-type") == "url" else name


async def _fetch(request: S3Request, limit: int, after: str) -> _Page:
    await request.require_bucket()
    query = request.query
    values = (
        request.bucket,
        query.get("prefix", ""),
        query.get("delimiter", ""),
        after,
        limit + 1,
    )
    async with request.context.database.as_caller(
        request.caller, request.http, "s3.object.list"
    ) as connection:
        found = await (await connection.execute(_ENTRIES.encode(), values)).fetchall()
    has_more = limit > 0 and len(found) > limit
    return _Page(found[:limit], found[limit - 1]["name"] if has_more else None)


def _limit(request: S3Request) -> int:
    return min(request.number("max-keys", _MAX_KEYS), _MAX_KEYS)


async def list_objects(request: S3Request) -> Response:
    query, limit = request.query, _limit(request)
    page = await _fetch(request, limit, query.get("marker", ""))
    delimiter = query.get("delimiter") or None
    return Xml(
        "ListBucketResult",
        [
            ("Name", request.bucket),
            ("Prefix", _encode(request, query.get("prefix", ""))),
            ("Marker", page.next and _encode(request, page.next)),
            ("NextMarker", page.next and delimiter and _encode(request, page.next)),
            ("MaxKeys", limit),
            ("EncodingType", query.get("encoding-type")),
            ("IsTruncated", page.next is not None),
            *page.contents(request),
            *page.folders(request),
        ],
    )


async def list_objects_v2(request: S3Request) -> Response:
    query, limit = request.query, _limit(request)
    token = query.get("continuation-token")
    after = _decode_token(token) if token else query.get("start-after", "")
    page = await _fetch(request, limit, after)
    return Xml(
        "ListBucketResult",
        [
            ("Name", request.bucket),
            ("Prefix", _encode(request, query.get("prefix", ""))),
            *page.contents(request),
            ("IsTruncated", page.next is not None),
            ("MaxKeys", limit),
            ("Delimiter", query.get("delimiter") or None),
            ("EncodingType", query.get("encoding-type")),
            ("KeyCount", len(page.entries)),
            *page.folders(request),
            ("NextContinuationToken", page.next and _encode_token(page.next)),
        ],
    )


def _encode_token(name: str) -> str:
    return base64.b64encode(f"l:{name}".encode()).decode()


def _decode_token(token: str) -> str:
    try:
        text = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, ValueError) as exc:
        raise storage_error("InvalidParameter", name="continuation-token") from exc
    if not text.startswith("l:"):
        raise storage_error("InvalidParameter", name="continuation-token")
    return text.removeprefix("l:")
