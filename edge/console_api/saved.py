"""GET, PUT, DELETE /functions/{slug}/saved: requests that a person has kept under a name."""

from typing import Annotated, Any, Final, cast

from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.body import read_body
from edge.console_api.context import context_of
from edge.console_api.errors import ApiError, invalid, not_found
from edge.console_api.own_tables import ensure_table

_CREATE: Final = """
create table if not exists edge_console.saved_requests (
  function text not null, name text not null, request jsonb not null,
  saved_at timestamptz not null default now(), primary key (function, name)
)"""
_LIST: Final = """
select name, request from edge_console.saved_requests where function = $1 order by name"""
_SAVE: Final = """
insert into edge_console.saved_requests (function, name, request)
select $1, $2, $3::jsonb from (
  select count(*) as number, coalesce(sum(octet_length(request::text)), 0) as size
  from edge_console.saved_requests where function = $1 and name <> $2
) others where number < $4 and size + octet_length($3::jsonb::text) <= $5
on conflict (function, name) do update set request = excluded.request, saved_at = now()
returning name"""
_DELETE: Final = """
delete from edge_console.saved_requests where function = $1 and name = $2 returning name"""
_MOST: Final = 100
_LONGEST_NAME: Final = 100
_MOST_BYTES: Final = 256 << 10
_MOST_TOGETHER: Final = 1 << 20
"""Of a function: its page reads all of them."""


class SavedField(BaseModel):
    """A field of a form; files are chosen anew."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=200)]
    value: str = ""


class SavedRequest(BaseModel):
    """A request as the form has it."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    method: Annotated[str, Field(max_length=10)] = "POST"
    path: Annotated[str, Field(max_length=8000)] = ""
    headers: str = ""
    body: str = ""
    fields: list[SavedField] = Field(default_factory=list[SavedField])
    as_: Annotated[Any, Field(alias="as")] = "service_role"


async def _list(request: Request) -> Response:
    context = context_of(request)
    async with context.database() as connection:
        await ensure_table(context, connection, _CREATE)
        rows = await (await connection.execute(_LIST, (request.path_params["slug"],))).fetchall()
    data: list[dict[str, Any]] = [{"name": row["name"], **row["request"]} for row in rows]
    return JSONResponse({"data": data, "next": None})


async def _save(request: Request) -> Response:
    context = context_of(request)
    slug, name = _named(request)
    if slug not in context.functions.functions:
        raise not_found(f"function {slug[:100]}", "See GET /functions.")
    asked = await read_body(request, SavedRequest, _MOST_BYTES)
    kept = asked.model_dump(by_alias=True)
    if _has_nul(kept):
        raise invalid("The request has a NUL character, which is not stored.")
    async with context.database() as connection:
        await ensure_table(context, connection, _CREATE)
        values = (slug, name, Jsonb(kept), _MOST, _MOST_TOGETHER)
        saved = await (await connection.execute(_SAVE, values)).fetchone()
    if saved is None:
        raise ApiError(
            409,
            "TOO_MANY_SAVED",
            f"A function has at most {_MOST} saved requests, {_MOST_TOGETHER >> 20} MB together.",
            "Delete one that is no longer of use.",
        )
    return JSONResponse({"name": name, **kept})


def _has_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_nul, cast("dict[str, Any]", value).items()))
    if isinstance(value, list | tuple):
        return any(map(_has_nul, cast("list[Any]", value)))
    return isinstance(value, str) and "\0" in value


async def _delete(request: Request) -> Response:
    context = context_of(request)
    async with context.database() as connection:
        await ensure_table(context, connection, _CREATE)
        deleted = await (await connection.execute(_DELETE, _named(request))).fetchone()
    if deleted is None:
        raise not_found("saved request with this name", "See GET /functions/{slug}/saved.")
    return Response(status_code=204)


def _named(request: Request) -> tuple[str, str]:
    name = request.path_params["name"].strip()
    if not name or len(name) > _LONGEST_NAME or "\0" in name:
        raise invalid("The name is empty or too long.", f"Use 1 to {_LONGEST_NAME} characters.")
    return request.path_params["slug"], name


ROUTES: Final = [
    Route("/functions/{slug}/saved", _list),
    Route("/functions/{slug}/saved/{name}", _save, methods=["PUT"]),
    Route("/functions/{slug}/saved/{name}", _delete, methods=["DELETE"]),
]
