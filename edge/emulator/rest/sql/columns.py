"""Render columns with their JSON paths and casts.

Follows PostgREST's Query/SqlFragment.hs (pgFmtField, pgFmtSelectItem).
"""

from edge.emulator.rest.plan.tree import STAR, ColumnRef, OutputField
from edge.emulator.rest.query.terms import JsonStep
from edge.emulator.rest.sql.fragment import Sql, from_catalogue, identifier, parameter, sql


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
    rendered = render_value(field.value)
    if field.cast:
        rendered = sql("cast({} as {})", rendered, from_catalogue(field.cast))
    return sql("{} as {}", rendered, identifier(field.name)) if field.name else rendered
