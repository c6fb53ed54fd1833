"""Render a plan as one statement whose single row holds the response's body and counts.

Follows PostgREST's Query/Statements.hs. `execute.py` reads the row.
"""

from edge.emulator.postgres.pipeline import Statement
from edge.emulator.rest.plan.tree import SCALAR, STAR, BodyShape, Call, Insert, Plan
from edge.emulator.rest.request.media import GEOJSON, Explain
from edge.emulator.rest.schema.model import MediaHandler
from edge.emulator.rest.sql.call import render_call
from edge.emulator.rest.sql.columns import render_column
from edge.emulator.rest.sql.fragment import (
    NOTHING,
    Sql,
    identifier,
    join,
    parameter,
    qualified,
    sql,
)
from edge.emulator.rest.sql.mutate import render_mutation
from edge.emulator.rest.sql.read import SOURCE, render_count, render_read

PAGE = "pgrst_page"
RESULT_COLUMNS = ("total", "count", "body", "headers", "status", "inserted", "location")

_OPTIONS = {
    "analyze": sql("analyze"),
    "verbose": sql("verbose"),
    "settings": sql("settings"),
    "buffers": sql("buffers"),
    "wal": sql("wal"),
}
_CSV_HEADER = sql(
    "(select coalesce(string_agg(k, ','), '') from"
    " (select json_object_keys(r)::text as k from"
    " (select row_to_json(p) as r from pgrst_rows as p limit 1) as first_row) as header)"
)
_CSV_LINE = sql("substring({}::text, 2, length({}::text) - 2)", identifier(PAGE), identifier(PAGE))


def render_statement(plan: Plan) -> Sql:
    """Render `with pgrst_source, pgrst_rows, pgrst_count select …`."""
    rows = render_read(plan.read)
    source = sql("pgrst_source as ({}), ", _render_source(plan)) if plan.source else NOTHING
    if plan.is_mutation and plan.body.kind == "none":
        # PATCH /projects?id=eq.1 without return=representation: RETURNING lacks the columns.
        rows = sql("select * from {}", SOURCE)
    return sql(
        "with {}pgrst_rows as ({}){} select {} as total, {} as count, {} as body,"
        " {} as headers, {} as status, {} as inserted, {} as location from pgrst_rows as {}",
        source,
        rows,
        _render_count_cte(plan),
        _render_total(plan),
        sql("1") if plan.body.handler and plan.body.is_one else sql("count(*)"),
        _render_body(plan.body),
        _setting_headers(),
        _setting_status(),
        _setting_inserted(plan),
        _render_location(plan),
        identifier(PAGE),
    )


def render_statements(plan: Plan) -> tuple[Statement, ...]:
    """Render the statement, and after it the estimate if it is asked for."""
    main = render_statement(plan)
    if plan.media.explain:
        main = sql("explain ({}) {}", _render_options(plan.media.explain), main)
    main = main.render()
    return (main, render_estimate(plan).render()) if plan.counts_by_plan else (main,)


# /projects with Accept: application/vnd.pgrst.plan+json; options=analyze
def _render_options(explain: Explain) -> Sql:
    form = sql("format json") if explain.is_json else sql("format text")
    return join(", ", (form, *(_OPTIONS[option] for option in explain.options)))


def render_estimate(plan: Plan) -> Sql:
    """Render EXPLAIN of the count, for the planner's estimate of the number of rows."""
    # /projects with `Prefer: count=planned`
    return sql("explain (format json) {}", render_count(plan.read))


def _render_source(plan: Plan) -> Sql:
    if isinstance(plan.source, Call):
        return render_call(plan.source)
    assert plan.source is not None
    return render_mutation(plan.source)


def _render_count_cte(plan: Plan) -> Sql:
    if not plan.counts_exactly:
        return NOTHING
    counted = render_count(plan.read)
    if plan.max_rows is not None:
        # /projects with `Prefer: count=estimated`: above max_rows the estimate is used.
        counted = sql("{} limit {}", counted, parameter(str(plan.max_rows + 1)))
    return sql(", pgrst_count as ({})", counted)


def _render_total(plan: Plan) -> Sql:
    if plan.counts_exactly:
        return sql("(select count(*) from pgrst_count)")
    return sql("null::bigint")


def _render_body(shape: BodyShape) -> Sql:
    if shape.kind == "none":
        return sql("''")
    value = render_column(PAGE, SCALAR) if shape.is_scalar else identifier(PAGE)
    if shape.handler:
        return _render_handler(shape.handler, value)
    if shape.kind == "csv":
        lines = sql("coalesce(string_agg({}, chr(10)), '')", _CSV_LINE)
        return sql("{} || chr(10) || {}", _CSV_HEADER, lines)
    aggregated = sql("json_agg({})", value)
    if shape.strips_nulls:
        aggregated = sql("json_strip_nulls({})", aggregated)
    if shape.kind == "first":
        return sql("coalesce({}->0, 'null')::text", aggregated)
    return sql("coalesce({}, '[]')::text", aggregated)


def _render_handler(handler: MediaHandler, value: Sql) -> Sql:
    function = qualified(handler.function)
    # /places with Accept: application/geo+json
    if handler.media_type == GEOJSON and handler.target is None:
        return sql(
            "json_build_object('type', 'FeatureCollection', 'features',"
            " coalesce(json_agg({}({})::json), '[]'))::text",
            function,
            value,
        )
    # /projects with Accept: text/html
    return sql("{}({})", function, value)


def _setting_headers() -> Sql:
    return sql("nullif(current_setting('response.headers', true), '')")


def _setting_status() -> Sql:
    return sql("nullif(current_setting('response.status', true), '')")


def _setting_inserted(plan: Plan) -> Sql:
    if isinstance(plan.source, Insert) and plan.source.counts_new_rows:
        return sql("nullif(current_setting('pgrst.inserted', true), '')")
    return sql("null::text")


def _render_location(plan: Plan) -> Sql:
    """Render the inserted row's key as `{"id":"eq.1"}`, for the Location header."""
    # POST /projects with `Prefer: return=headers-only`
    insert = plan.source
    if not isinstance(insert, Insert) or not insert.primary_key or plan.body.kind != "none":
        return sql("null::text")
    if insert.returning != (STAR,) and not set(insert.primary_key) <= set(insert.returning):
        return sql("null::text")
    keys = parameter(list(insert.primary_key))
    return sql(
        "(select json_object_agg(k.key, coalesce('eq.' || k.value, 'is.null'))::text from"
        " (select row_to_json(s) as r from pgrst_source as s limit 1) as first_row,"
        " json_each_text(first_row.r) as k where k.key = any ({}::text[]))",
        keys,
    )
