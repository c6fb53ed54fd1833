"""Render inserts, updates and deletes; Postgres parses the JSON payload.

Follows PostgREST's Query/QueryBuilder.hs (mutatePlanToQuery).
"""

from collections.abc import Iterable

from edge.emulator.rest.plan.tree import (
    PAYLOAD_ROWS,
    WRITTEN,
    EmbedPresence,
    Insert,
    Mutation,
    Predicate,
    Update,
)
from edge.emulator.rest.request.payload import Payload
from edge.emulator.rest.schema.model import Column, Identifier
from edge.emulator.rest.sql.columns import render_column
from edge.emulator.rest.sql.filters import render_where
from edge.emulator.rest.sql.fragment import (
    NOTHING,
    Sql,
    from_catalogue,
    identifier,
    join,
    parameter,
    qualified,
    sql,
)

# The number of inserted rows is that of the payload's rows less the conflicts. RETURNING on a view
# does not distinguish them, so a transaction-local setting counts.
_COUNTED = sql("coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0)")
_COUNT_UP = sql("set_config('pgrst.inserted', ({} + 1)::text, true) is not null", _COUNTED)
_COUNT_DOWN = sql("set_config('pgrst.inserted', ({} - 1)::text, true) is not null", _COUNTED)


def render_mutation(mutation: Mutation) -> Sql:
    if isinstance(mutation, Insert):
        return _render_insert(mutation)
    if isinstance(mutation, Update):
        return _render_update(mutation)
    return sql(
        "delete from {}{}{}",
        _render_target(mutation.table),
        _render_where(mutation.where),
        _render_returning(mutation.returning),
    )


def _render_target(table: Identifier) -> Sql:
    return sql("{} as {}", qualified(table), identifier(WRITTEN))


def _no_embeds(_: EmbedPresence) -> Sql:
    raise AssertionError("a mutation's filters never refer to an embed")


def _render_where(predicates: tuple[Predicate, ...]) -> Sql:
    where = render_where(predicates, _no_embeds)
    return sql(" where {}", where) if where else NOTHING


def _render_returning(names: tuple[str, ...]) -> Sql:
    """Render RETURNING; without columns still one row for each row written."""
    if not names:
        return sql(" returning 1")
    return sql(" returning {}", join(", ", (render_column(WRITTEN, name) for name in names)))


def _render_insert(insert: Insert) -> Sql:
    # POST /projects with [{"name": "Lamp"}]
    names = join(", ", (identifier(column.name) for column in insert.columns))
    return sql(
        "insert into {}{} {}{}{}{}",
        _render_target(insert.table),
        sql(" ({})", names) if names else NOTHING,
        render_payload(insert.payload, insert.columns, with_defaults=insert.applies_defaults),
        _render_insert_where(insert),
        _render_conflict(insert),
        _render_returning(insert.returning),
    )


def _render_insert_where(insert: Insert) -> Sql:
    # PUT /projects?id=eq.1: the row of the body must be the one that the URL names
    conditions = [render_where(insert.conditions, _no_embeds)] if insert.conditions else []
    # POST /projects with `Prefer: resolution=merge-duplicates`: 201 if a row is new, else 200
    if insert.counts_new_rows:
        conditions.append(_COUNT_UP)
    return sql(" where {}", join(" and ", conditions)) if conditions else NOTHING


def _render_conflict(insert: Insert) -> Sql:
    # POST /projects
    if insert.resolution is None:
        return NOTHING
    target = join(", ", map(identifier, insert.conflict))
    # POST /projects?on_conflict=name with `Prefer: resolution=ignore-duplicates`
    if insert.resolution == "ignore-duplicates" or not insert.columns:
        return sql(" on conflict ({}) do nothing", target)
    # POST /projects?on_conflict=name with `Prefer: resolution=merge-duplicates`
    names = [identifier(column.name) for column in insert.columns]
    assignments = join(", ", (sql("{} = excluded.{}", name, name) for name in names))
    return sql(" on conflict ({}) do update set {} where {}", target, assignments, _COUNT_DOWN)


def _render_update(update: Update) -> Sql:
    if not update.columns:
        return _render_empty_update(update)
    # PATCH /projects?id=eq.1 with {"name": "Lamp"}
    assignments = join(
        ", ",
        (
            sql("{} = {}", identifier(column.name), render_column(PAYLOAD_ROWS, column.name))
            for column in update.columns
        ),
    )
    return sql(
        "update {} set {} from ({}) as {}{}{}",
        _render_target(update.table),
        assignments,
        render_payload(update.payload, update.columns, with_defaults=update.applies_defaults),
        identifier(PAYLOAD_ROWS),
        _render_where(update.where),
        _render_returning(update.returning),
    )


def _render_empty_update(update: Update) -> Sql:
    """Render a SELECT of no rows in place of an UPDATE without columns to set."""
    # PATCH /projects?id=eq.1 with {}
    names = [render_column(WRITTEN, name) for name in update.returning]
    columns = join(", ", names) if names else sql("null")
    return sql("select {} from {} where false", columns, _render_target(update.table))


def render_payload(
    payload: Payload, columns: Iterable[Column], *, with_defaults: bool = False
) -> Sql:
    """Render a SELECT of the payload's rows, each column parsed as its type."""
    columns = tuple(columns)
    names = join(", ", (render_column(PAYLOAD_ROWS, column.name) for column in columns))
    rows = _render_rows(payload, columns, with_defaults=with_defaults)
    # POST /todos with {"color": "red"}, where the domain of color has a cast from json
    if any(column.json_parser for column in columns):
        parsed = join(", ", map(_render_parsed, columns))
        rows = sql("(select {} from {}) as {}", parsed, rows, identifier(PAYLOAD_ROWS))
    return sql("select {} from {}", names, rows)


def _render_parsed(column: Column) -> Sql:
    value = render_column(PAYLOAD_ROWS, column.name)
    if column.json_parser is None:
        return value
    return sql("{}({}) as {}", from_catalogue(column.json_parser), value, identifier(column.name))


def _render_rows(payload: Payload, columns: tuple[Column, ...], *, with_defaults: bool) -> Sql:
    document = sql("{}::json", parameter(payload.raw))
    if not columns:
        return _render_empty_rows(payload, document)
    if payload.is_table:
        return _render_table(payload, document, columns)
    if with_defaults:
        document = _render_with_defaults(payload, document, columns)
    typed = _render_types(columns)
    rows = identifier(PAYLOAD_ROWS)
    match payload.is_object, with_defaults:
        # POST /projects with {"name": "Lamp"}
        case True, False:
            return sql("json_to_record({}) as {}({})", document, rows, typed)
        # POST /projects?columns=id,name with {"name": "Lamp"} and `Prefer: missing=default`
        case True, True:
            return sql("jsonb_to_record({}) as {}({})", document, rows, typed)
        # POST /projects with [{"name": "Lamp"}]
        case False, False:
            return sql("json_to_recordset({}) as {}({})", document, rows, typed)
        # POST /projects?columns=id,name with [{"name": "Lamp"}] and `Prefer: missing=default`
        case _:
            return sql("jsonb_to_recordset({}) as {}({})", document, rows, typed)


def _render_types(columns: Iterable[Column]) -> Sql:
    return join(
        ", ",
        (
            sql(
                "{} {}",
                identifier(column.name),
                from_catalogue("json" if column.json_parser else column.type),
            )
            for column in columns
        ),
    )


def _render_table(payload: Payload, document: Sql, columns: tuple[Column, ...]) -> Sql:
    """Render the rows of a CSV, which hold their values without the keys."""
    # POST /projects with text/csv
    return sql(
        "(select pgrst_row.* from json_array_elements({}) as pgrst_values, json_to_record("
        "json_object({}::text[], array(select json_array_elements_text(pgrst_values))))"
        " as pgrst_row({})) as {}",
        document,
        parameter(list(payload.keys)),
        _render_types(columns),
        identifier(PAYLOAD_ROWS),
    )


def _render_empty_rows(payload: Payload, document: Sql) -> Sql:
    """Render rows of defaults: one for `{}`, two for `[{}, {}]`."""
    # POST /projects with [{}, {}]
    if payload.is_object:
        return sql(
            "json_array_elements(json_build_array({})) as {}", document, identifier(PAYLOAD_ROWS)
        )
    return sql("json_array_elements({}) as {}", document, identifier(PAYLOAD_ROWS))


def _render_with_defaults(payload: Payload, document: Sql, columns: tuple[Column, ...]) -> Sql:
    """Render the document with missing keys set to their column's default, row by row."""
    # POST /projects?columns=id,name with `Prefer: missing=default`
    pairs = [
        sql("{}, {}", _literal(column.name), from_catalogue(column.default))
        for column in columns
        if column.default
    ]
    defaults = sql("jsonb_build_object({})", join(", ", pairs))
    if payload.is_object:
        return sql("{} || {}::jsonb", defaults, document)
    return sql(
        "(select jsonb_agg({} || pgrst_row) from jsonb_array_elements({}::jsonb) as pgrst_row)",
        defaults,
        document,
    )


def _literal(name: str) -> Sql:
    return sql("{}::text", parameter(name))
