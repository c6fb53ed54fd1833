"""/tables: list, describe, read rows as anybody, change one, export as CSV."""

from collections.abc import AsyncGenerator
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from edge.console_api.audit import record
from edge.console_api.body import read_body
from edge.console_api.caller import identity_from_query, read_identity
from edge.console_api.context import ConsoleContext, context_of
from edge.console_api.errors import ApiError, invalid, not_found
from edge.console_api.sql.execution import Statement, render_error
from edge.console_api.sql.identity import Identity
from edge.console_api.tables.catalog import Table, find_table, list_tables
from edge.console_api.tables.changes import build_delete, build_insert, build_update
from edge.console_api.tables.pages import read_page
from edge.console_api.tables.query import Query, QueryError, build_export, build_page

_TIMEOUT_MS: Final = 15_000
_EXPORT_TIMEOUT: Final = "10min"
_CHUNK: Final = 1 << 16
_GONE: Final = ApiError(
    409,
    "ROW_CHANGED",
    "There is no such row any more, or its value has changed.",
    "Read the page again.",
)


class RowRequest(BaseModel):
    """The body of a change: the row's key, its new values, and what they were."""

    model_config = ConfigDict(extra="forbid")

    key: dict[str, Any] = Field(default_factory=dict)
    values: dict[str, Any] = Field(default_factory=dict)
    was: dict[str, Any] = Field(default_factory=dict)


async def _list_tables(request: Request) -> Response:
    async with context_of(request).database() as connection:
        return JSONResponse({"data": await list_tables(connection), "next": None})


async def _show_table(request: Request) -> Response:
    table = await _table(request)
    columns = [
        {name: getattr(column, name) for name in column.__slots__} for column in table.columns
    ]
    return JSONResponse(
        {"schema": table.schema, "name": table.name, "columns": columns, **table.details}
    )


async def _list_rows(request: Request) -> Response:
    context, table = context_of(request), await _table(request)
    identity = await read_identity(context, identity_from_query(request))
    try:
        page = build_page(table, _query(request))
    except QueryError as exc:
        raise invalid(str(exc)) from exc
    statement = Statement(page.text, identity, timeout_ms=_TIMEOUT_MS)
    status, body = await context.sql.call(read_page, statement, page)
    return Response(body, status, media_type="application/json")


async def _export_rows(request: Request) -> Response:
    context, table = context_of(request), await _table(request)
    identity = await read_identity(context, identity_from_query(request))
    try:
        text = build_export(table, _query(request))
    except QueryError as exc:
        raise invalid(str(exc)) from exc
    chunks = _copy(context, identity, text)
    try:
        first = await anext(chunks, b"")
    except psycopg.Error as exc:
        error = render_error(exc)
        raise ApiError(400, error["code"], error["message"], error["hint"]) from exc

    async def body() -> AsyncGenerator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    name = f"{table.schema}.{table.name}.csv".encode("ascii", "replace").decode().replace('"', "_")
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(body(), media_type="text/csv; charset=utf-8", headers=headers)


async def _copy(context: ConsoleContext, identity: Identity, text: str) -> AsyncGenerator[bytes]:
    """Yield the export in chunks; its transaction only reads."""
    login = make_conninfo(context.dsn(), user=identity.login, application_name="edge-console")
    settings = {"statement_timeout": _EXPORT_TIMEOUT, **identity.settings()}
    sets = ", ".join("set_config(%s, %s, true)" for _ in settings)
    async with await psycopg.AsyncConnection[Any].connect(login, autocommit=True) as connection:
        await connection.execute("begin read only")
        parts = [part for setting in settings.items() for part in setting]
        await connection.execute(f"select {sets}".encode(), parts)
        chunk = bytearray()
        async with connection.cursor() as cursor, cursor.copy(text.encode()) as copy:
            async for data in copy:
                chunk += data
                if len(chunk) >= _CHUNK:
                    yield bytes(chunk)
                    chunk.clear()
        yield bytes(chunk)


async def _change_row(request: Request) -> Response:
    """Add (POST), change (PATCH) or delete (DELETE) one row, as postgres."""
    context, table = context_of(request), await _table(request)
    asked = await read_body(request, RowRequest)
    try:
        if request.method == "POST":
            text = build_insert(table, asked.values)
        elif request.method == "PATCH":
            text = build_update(table, asked.key, asked.values, asked.was)
        else:
            text = build_delete(table, asked.key)
    except QueryError as exc:
        raise invalid(str(exc)) from exc
    action = {"POST": "row.add", "PATCH": "row.change", "DELETE": "row.delete"}[request.method]
    details = {"key": asked.key, "values": asked.values}
    await record(context, action, f"{table.schema}.{table.name}", details)
    statement = Statement(text, write=True, timeout_ms=_TIMEOUT_MS, names_policies=False)
    status, body = await context.sql.run(statement)
    if status == 200 and b'"row_count":0' in body:
        raise _GONE
    return Response(body, status, media_type="application/json")


async def _table(request: Request) -> Table:
    schema, name = request.path_params["schema"], request.path_params["name"]
    if "\0" in schema + name:
        raise not_found("table with this name")
    async with context_of(request).database() as connection:
        table = await find_table(connection, schema, name)
    if table is None:
        raise not_found(f"table {schema}.{name}", "GET /console/api/tables lists them.")
    return table


def _query(request: Request) -> Query:
    params = request.query_params
    limit = params.get("limit", "")
    return Query(
        filters=params.getlist("filter"),
        search=params.get("q", ""),
        order=params.get("order", ""),
        cursor=params.get("cursor", ""),
        limit=int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 6 else 50,
    )


_ROWS: Final = "/tables/{schema}/{name}/rows"
ROUTES: Final = [
    Route("/tables", _list_tables),
    Route("/tables/{schema}/{name}", _show_table),
    Route(_ROWS, _list_rows),
    Route(_ROWS, _change_row, methods=["POST", "PATCH", "DELETE"]),
    Route("/tables/{schema}/{name}/rows.csv", _export_rows),
]
