"""/object/list and /object/list-v2: names and folders below a prefix.

Follows supabase/storage (src/http/routes/object/listObjects.ts, listObjectsV2.ts).
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.postgres.pool import Connection
from edge.emulator.storage.bodies import Body, read_flag, read_integer, read_json, require_text
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.errors import invalid_request, storage_error
from edge.emulator.storage.responses import Json

_V1_COLUMNS: Final = ("name", "updated_at", "created_at", "last_accessed_at")
_V2_COLUMNS: Final = ("name", "updated_at", "created_at")
_MAX_ROWS: Final = 1000
_SEARCH: Final = """
select name, id::text, updated_at, created_at, last_accessed_at, metadata
from storage.search($1, $2, $3, $4, $5, $6, $7, $8)"""
# Folders are the common prefixes up to the next slash; the range uses the index on the name.
_ENTRIES: Final = """
with found as (
  select id, name, updated_at, created_at, last_accessed_at, metadata,
    case when $3 then storage.get_common_prefix(name, $2, '/') end as folder
  from storage.objects
  where bucket_id = $1 and starts_with(name, $2) and name collate "C" >= $2
), entries as (
  select folder as name, null::text as id, null::timestamptz as updated_at,
    null::timestamptz as created_at, null::timestamptz as last_accessed_at, null::jsonb as metadata
  from found where folder is not null group by folder
  union all
  select name, id::text, updated_at, created_at, last_accessed_at, metadata
  from found where folder is null
)
select * from entries where {after} order by {order} limit $4"""


async def list_objects(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    body = await read_json(request)
    prefix = "" if body.get("prefix") == "" else require_text(body, "prefix")
    column, order = _sorting(body, _V1_COLUMNS)
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    values = (
        prefix,
        request.path_params["bucket"],
        read_integer(body, "limit", 100),
        prefix.count("/") + 1,
        read_integer(body, "offset", 0),
        str(body.get("search") or ""),
        column,
        order,
    )
    if min(values[2], values[4]) < 0:
        raise invalid_request("body/limit must be >= 0")
    async with context.database.as_caller(caller, request, "object.list") as connection:
        found = await (await connection.execute(_SEARCH, values)).fetchall()
    return Json([_render(row) for row in found])


async def list_objects_v2(context: StorageContext, request: Request) -> Response:
    caller = context.caller(request)
    page = _read_page(await read_json(request), request.path_params["bucket"])
    async with context.database.as_caller(caller, request, "object.list_v2") as connection:
        found = await _fetch(connection, page)
    has_next, found = len(found) > page.limit, found[: page.limit]
    entries = [_render(row) for row in found]
    if page.folds:
        entries = [{**each, "key": _key(each["name"], page.prefix)} for each in entries]
    answer: dict[str, Any] = {
        "hasNext": has_next,
        "folders": [each for each in entries if each["id"] is None],
        "objects": [each for each in entries if each["id"] is not None],
    }
    if has_next:
        answer["nextCursor"] = _encode_cursor(page, found[-1])
        answer["nextCursorKey"] = found[-1]["name"]
    return Json(answer)


@dataclass(frozen=True, slots=True)
class _Page:
    """What is asked of list-v2; `after` is the last row of the page before, name and value."""

    bucket_id: str
    prefix: str
    limit: int
    folds: bool
    column: str
    order: str
    after: tuple[str, str] | None


def _read_page(body: Body, bucket_id: str) -> _Page:
    column, order = _sorting(body, _V2_COLUMNS)
    limit = read_integer(body, "limit", _MAX_ROWS)
    if not 0 < limit <= _MAX_ROWS:
        raise invalid_request(f"body/limit must be <= {_MAX_ROWS}")
    after = None
    if body.get("cursor"):
        fields = _decode_cursor(str(body["cursor"]))
        column, order = fields.get("c", column), fields.get("o", order)
        if column not in _V2_COLUMNS or order not in {"asc", "desc"}:
            raise storage_error("InvalidParameter", name="cursor")
        after = fields["l"], fields.get("a", "")
    return _Page(
        bucket_id,
        str(body.get("prefix") or ""),
        limit,
        bool(read_flag(body, "with_delimiter")),
        column,
        order,
        after,
    )


async def _fetch(connection: Connection, page: _Page) -> list[dict[str, Any]]:
    values: list[Any] = [page.bucket_id, page.prefix, page.folds, page.limit + 1]
    name = 'name collate "C"'
    value = f"coalesce(date_trunc('milliseconds', {page.column}), '-infinity')"
    sort = name if page.column == "name" else f"{value} {page.order}, {name}"
    after = "true"
    if page.after:
        sign = ">" if page.order == "asc" else "<"
        values.append(page.after[0])
        after = f"{name} {sign} $5"
        if page.column != "name":
            values.append(page.after[1] or "-infinity")
            after = f"({value}, {name}) {sign} ($6::timestamptz, $5)"
    query = _ENTRIES.format(after=after, order=f"{sort} {page.order}")
    return await (await connection.execute(query.encode(), values)).fetchall()


def _sorting(body: Body, columns: tuple[str, ...]) -> tuple[str, str]:
    given = body.get("sortBy")
    sort = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    column, order = sort.get("column") or "name", sort.get("order") or "asc"
    if column not in columns:
        raise invalid_request("body/sortBy/column must be equal to one of the allowed values")
    if order not in {"asc", "desc"}:
        raise invalid_request("body/sortBy/order must be equal to one of the allowed values")
    return column, order


def _key(name: str, prefix: str) -> str:
    """Return an entry's name relative to the folder that is listed."""
    folder = prefix.rpartition("/")[0]
    return name.removeprefix(f"{folder}/" if folder else "").rstrip("/")


def _render(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _time(each) if isinstance(each, datetime) else each for name, each in row.items()}


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _encode_cursor(page: _Page, last: dict[str, Any]) -> str:
    lines = [f"l:{last['name']}"]
    if page.order != "asc":
        lines.append(f"o:{page.order}")
    if page.column != "name":
        moment = last[page.column]
        lines += [f"c:{page.column}", f"a:{_time(moment) if moment else ''}"]
    return base64.b64encode("\n".join(lines).encode()).decode()


def _decode_cursor(text: str) -> dict[str, str]:
    try:
        lines = base64.b64decode(text, validate=True).decode().split("\n")
    except (binascii.Error, ValueError) as exc:
        raise storage_error("InvalidParameter", name="cursor") from exc
    fields = {line[0]: line[2:] for line in lines if line[1:2] == ":"}
    if "l" not in fields:
        raise storage_error("InvalidParameter", name="cursor")
    return fields
