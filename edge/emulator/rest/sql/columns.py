"""Render columns with their JSON paths and casts.

Follows PostgREST's Query/SqlFragment.hs (pgFmtField, pgFmtSelectItem).
"""

from collections.abc import Mapping
from typing import Final

from edge.emulator.rest.plan.tree import STAR, ColumnRef, OutputField
from edge.emulator.rest.query.terms import JsonStep
from edge.emulator.rest.sql.fragment import Sql, from_catalogue, identifier, parameter, sql

_AGGREGATES: Final[Mapping[str, Sql]] = {
    "sum": sql("sum"),
    "avg": sql("avg"),
    "count": sql("count"),
    "max": sql("max"),
    "min": sql("min"),
}


def render_column(table: str, column: str) -> Sql:
    if column == STAR:
        return sql("{}.*", identifier(table))
    return sql("{}.{}", identifier(table), identifier(column))


def render_value(value: ColumnRef) -> Sql:
    """Render the column and its JSON path: data->'a'->>0."""
    rendered = render_column(value.table, value.column)
    if value.to_json:
        rendered = sql("to_jsonb({})", rendered)
    for step in value.path:
        rendered = _render_step(rendered, step)
    return rendered


def _render_step(base: Sql, step: JsonStep) -> Sql:
    operand = parameter(step.key)
    if step.is_index:
        operand = sql("{}::int", operand)
    if step.as_text:
        return sql("{}->>{}", base, operand)
    return sql("{}->{}", base, operand)


def render_output(field: OutputField) -> Sql:
    """Render one item of the select list."""
    is_row = field.value.column == STAR
    # /tasks?select=...projects(count()): one operand for each row there is
    if is_row and field.is_operand:
        row = render_column(field.value.table, STAR)
        rendered = sql("case when {} is distinct from null then 1 end", row)
    else:
        rendered = sql("*") if is_row and field.aggregate else render_value(field.value)
    if field.formatter:
        rendered = sql("{}({})", from_catalogue(field.formatter), rendered)
    if field.cast:
        rendered = sql("cast({} as {})", rendered, from_catalogue(field.cast))
    if field.aggregate:
        rendered = sql("{}({})", _AGGREGATES[field.aggregate], rendered)
    if field.aggregate_cast:
        rendered = sql("cast({} as {})", rendered, from_catalogue(field.aggregate_cast))
    return sql("{} as {}", rendered, identifier(field.name)) if field.name else rendered
