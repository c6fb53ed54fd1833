"""Render a function call.

Follows PostgREST's Query/QueryBuilder.hs (callPlanToQuery).
"""

from edge.emulator.rest.plan.tree import PAYLOAD_ROWS, SCALAR, Call
from edge.emulator.rest.request.payload import Payload
from edge.emulator.rest.schema.model import Column, Parameter
from edge.emulator.rest.sql.columns import render_column
from edge.emulator.rest.sql.fragment import (
    NOTHING,
    Sql,
    Value,
    from_catalogue,
    identifier,
    join,
    parameter,
    qualified,
    sql,
)
from edge.emulator.rest.sql.mutate import render_payload


def render_call(call: Call) -> Sql:
    """Render the function's rows; a scalar result is the column pgrst_scalar."""
    # GET /rpc/add?a=1&b=2
    if call.payload is None:
        return _render_direct(call)
    # POST /rpc/echo, where echo(json) takes the whole body
    if call.parameters and not call.parameters[0].name:
        return _render_result(call, _render_whole(call.payload, call.parameters[0]))
    # POST /rpc/nothing with {}
    if not call.parameters:
        return _render_result(call, NOTHING)
    # POST /rpc/add with {"a":1,"b":2}
    return _render_from_payload(call, call.payload)


def _render_result(call: Call, arguments: Sql) -> Sql:
    function = qualified(call.routine.id)
    # /rpc/add, which returns integer
    if call.is_scalar:
        return sql("select {}({}) as {}", function, arguments, identifier(SCALAR))
    # /rpc/search_projects?select=id, which returns setof projects
    columns = _render_columns(call)
    return sql("select {} from {}({}) as pgrst_call", columns, function, arguments)


def _render_columns(call: Call) -> Sql:
    return join(", ", (render_column("pgrst_call", name) for name in call.returning))


def _render_direct(call: Call) -> Sql:
    values = dict(call.arguments)
    arguments = [
        _render_argument(found, _render_text(values[found.name], found))
        for found in call.parameters
    ]
    return _render_result(call, join(", ", arguments))


def _render_text(value: str | tuple[str, ...], target: Parameter) -> Sql:
    # /rpc/total?v=1&v=2, where total(variadic v int[]): both; any other parameter: one value
    given: Value = value if isinstance(value, str) else list(value)
    return sql("{}::{}", parameter(given), from_catalogue(target.cast))


def _render_argument(target: Parameter, value: Sql) -> Sql:
    variadic = sql("variadic ") if target.is_variadic else NOTHING
    return sql("{}{} := {}", variadic, identifier(target.name), value)


def _render_whole(payload: Payload, target: Parameter) -> Sql:
    # POST /rpc/store with application/octet-stream
    if target.type == "bytea":
        return sql("{}::bytea", parameter(payload.raw))
    # POST /rpc/echo with application/json
    if target.type in {"json", "jsonb"}:
        return sql("{}::json::{}", parameter(payload.raw), from_catalogue(target.type))
    # POST /rpc/shout with text/plain or text/xml
    text = payload.raw.decode("utf-8", errors="replace")
    return sql("{}::{}", parameter(text), from_catalogue(target.type))


def _render_from_payload(call: Call, payload: Payload) -> Sql:
    columns = [Column(found.name, found.cast, found.type) for found in call.parameters]
    rows = sql("({} limit 1) as {}", render_payload(payload, columns), identifier(PAYLOAD_ROWS))
    arguments = join(
        ", ",
        (
            _render_argument(found, render_column(PAYLOAD_ROWS, found.name))
            for found in call.parameters
        ),
    )
    function = qualified(call.routine.id)
    if call.is_scalar:
        scalar = identifier(SCALAR)
        return sql("select {}({}) as {} from {}", function, arguments, scalar, rows)
    return sql(
        "select {} from {}, lateral {}({}) as pgrst_call",
        _render_columns(call),
        rows,
        function,
        arguments,
    )
