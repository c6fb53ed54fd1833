"""Plan aggregates: grouping, and the aggregates of a spread, which its parent computes.

Follows PostgREST's Plan.hs (hoistSpreadAggFunctions, expandStars).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from edge.emulator.rest.errors import rest_error
from edge.emulator.rest.plan.tree import STAR, ColumnRef, Embed, OutputField
from edge.emulator.rest.schema.model import Column


def has_aggregates(fields: Iterable[OutputField]) -> bool:
    return any(field.aggregate for field in fields)


def require_no_aggregates(fields: Iterable[OutputField]) -> None:
    """Raise PGRST127: a spread of many rows is aggregated to arrays already."""
    # /clients?select=name,...projects(id.max())
    if has_aggregates(fields):
        details = "Aggregates are not implemented for one-to-many or many-to-many spreads."
        raise rest_error("PGRST127", details=details)


def hoist_aggregates(embeds: Sequence[Embed]) -> tuple[tuple[Embed, ...], tuple[OutputField, ...]]:
    """Return the embeds with the operands of their spread aggregates, and the parent's fields."""
    # /tasks?select=...projects(budget.sum()): each row has its project's budget, all are summed
    changed: list[Embed] = []
    hoisted: list[OutputField] = []
    for embed in embeds:
        if not (embed.is_spread and has_aggregates(embed.node.fields)):
            changed.append(embed)
            continue
        fields: list[OutputField] = []
        for number, field in enumerate(embed.node.fields):
            if field.aggregate is None:
                fields.append(field)
                continue
            operand = f"pgrst_operand_{number}"
            fields.append(OutputField(field.value, field.cast, operand, is_operand=True))
            value = ColumnRef(embed.alias, operand)
            hoisted.append(replace(field, value=value, cast=None))
        changed.append(replace(embed, node=replace(embed.node, fields=tuple(fields))))
    return tuple(changed), tuple(hoisted)


def expand_stars(
    fields: Iterable[OutputField], columns: Mapping[str, Column]
) -> tuple[OutputField, ...]:
    """Name the columns of `*`, so that they can be grouped by, formatted or made arrays."""
    expanded: list[OutputField] = []
    for field in fields:
        if field.value.column == STAR and not field.aggregate and not field.is_operand:
            expanded += [_output(field.value.table, column) for column in columns.values()]
        else:
            expanded.append(field)
    return tuple(expanded)


def _output(table: str, column: Column) -> OutputField:
    name = column.name if column.formatter else None
    return OutputField(ColumnRef(table, column.name), None, name, formatter=column.formatter)
