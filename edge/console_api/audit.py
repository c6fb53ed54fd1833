"""The audit table: who did what by the console, and when."""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.body import read_body
from edge.console_api.context import ConsoleContext, context_of
from edge.console_api.own_tables import ensure_table

_MAX_DETAILS: Final = 8192
_CREATE: Final = """
create table if not exists edge_console.audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  who text not null,
  action text not null,
  target text not null,
  details jsonb not null default '{}'
)"""
_INSERT: Final = """
insert into edge_console.audit (who, action, target, details) values ($1, $2, $3, $4::jsonb)"""
_LIST: Final = """
select id, at, who, action, target, details from edge_console.audit
where ($1::int8 is null or id < $1) order by id desc limit $2"""
_OPERATOR: Final = "operator"


async def record(
    context: ConsoleContext, action: str, target: str, details: dict[str, Any] | None = None
) -> None:
    """Record a changing action. Call it before acting: what cannot be recorded is not done."""
    text = json.dumps(details or {}, default=str)
    if len(text) > _MAX_DETAILS:
        text = json.dumps({"cut": text[:_MAX_DETAILS]})
    text = text.replace("\\u0000", "")
    values = (_OPERATOR, action, target.replace("\0", "")[:1000], text)
    async with context.database() as connection:
        await ensure_table(context, connection, _CREATE)
        await connection.execute(_INSERT, values)


async def _list_audit(request: Request) -> Response:
    context = context_of(request)
    cursor = request.query_params.get("cursor", "")
    before = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 19 else None
    limit = 100
    async with context.database() as connection:
        await ensure_table(context, connection, _CREATE)
        rows = await (await connection.execute(_LIST, (before, limit))).fetchall()
    data = [{**row, "at": row["at"].isoformat()} for row in rows]
    following = str(rows[-1]["id"]) if len(rows) == limit else None
    return JSONResponse({"data": data, "next": following})


class _Call(BaseModel):
    method: Literal["POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, Field(max_length=2000, pattern=r"^/[a-z]+/v1/")]


async def _record_call(request: Request) -> Response:
    """Record a call that a page of the project is about to make with the secret key."""
    call = await read_body(request, _Call, most=16 << 10)
    path = call.path.partition("?")[0]
    await record(context_of(request), f"{path.split('/')[1]}.{call.method.lower()}", path)
    return Response(status_code=204)


ROUTES: Final = [
    Route("/audit", _list_audit),
    Route("/audit", _record_call, methods=["POST"]),
]
