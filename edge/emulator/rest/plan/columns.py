"""Resolve the request's fields to columns of the schema cache.

Follows PostgREST's Plan.hs (resolveTypeOrUnknown, resolveOrError). SQL holds no identifier that
was not resolved here.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from edge.emulator.rest.errors import rest_error
from edge.emulator.rest.plan.tree import ROWS, STAR, ColumnRef, OutputField
from edge.emulator.rest.query.terms import Field, SelectField
from edge.emulator.rest.schema.model import Relation
from edge.emulator.rest.schema.suggest import edit_distance

_MAX_DISTANCE: Final = 3

# /projects?select=count: in Postgres' functional notation t.count means count(t), also where
# aggregates are disabled. See docs.postgrest.org, "The count() Aggregate".
_ROW_COUNT: Final = "count"


def resolve_field(field: Field, relation: Relation, alias: str) -> ColumnRef:
    """Return the column with its JSON path; raises 42703 as Postgres does if it does not exist."""
    column = relation.find_column(field.name)
    if column is None and field.name != _ROW_COUNT:
        raise rest_error(
            "42703",
            relation=relation.id.name if alias == ROWS else alias,
            column=field.name,
            hint=_suggest_column(field.name, relation),
        )
    # /projects?select=data->a (json), /projects?select=tags->0 (an array, through to_jsonb)
    to_json = bool(field.path) and not (column and column.is_json)
    return ColumnRef(alias, field.name, field.path, to_json)


def resolve_output(
    item: SelectField, relation: Relation, alias: str, types: Mapping[str, str]
) -> OutputField:
    """Return a selected field with its cast and its name in the response."""
    # /projects?select=id.max(), /projects?select=count()
    if item.aggregate:
        return _resolve_aggregate(item, relation, alias, types)
    # /projects?select=*
    if item.field == Field(STAR):
        return OutputField(ColumnRef(alias, STAR))
    # /projects?select=title:name::text,data->a->>b
    column = None if item.field.path else relation.columns.get(item.field.name)
    formatter = column.formatter if column else None
    return OutputField(
        resolve_field(item.field, relation, alias),
        _resolve_cast(item.cast, types),
        item.alias
        or _json_name(item.field)
        or (item.field.name if item.cast or formatter else None),
        formatter=formatter,
    )


def _resolve_aggregate(
    item: SelectField, relation: Relation, alias: str, types: Mapping[str, str]
) -> OutputField:
    is_rows = item.field == Field(STAR)
    return OutputField(
        ColumnRef(alias, STAR) if is_rows else resolve_field(item.field, relation, alias),
        _resolve_cast(item.cast, types),
        item.alias or item.aggregate,
        item.aggregate,
        _resolve_cast(item.aggregate_cast, types),
    )


def _resolve_cast(cast: str | None, types: Mapping[str, str]) -> str | None:
    if cast is None:
        return None
    qualified = types.get(" ".join(cast.lower().split()))
    # /projects?select=id::no_such_type
    if qualified is None:
        raise rest_error("42704", type=cast)
    return qualified


def _json_name(field: Field) -> str | None:
    """Return the last key of the JSON path; without keys (data->0) the column's name."""
    keys = [step.key for step in field.path if not step.is_index]
    if field.path and not keys:
        return field.name
    return keys[-1] if keys else None


def _suggest_column(name: str, relation: Relation) -> str | None:
    near = [each for each in relation.columns if abs(len(each) - len(name)) <= _MAX_DISTANCE]
    candidates = {known: edit_distance(name, known) for known in near}
    best = min(candidates, key=lambda known: candidates[known], default=None)
    if best is None or candidates[best] > min(_MAX_DISTANCE, len(name) // 2):
        return None
    return f'Perhaps you meant to reference the column "{relation.id.name}.{best}".'


def needed_columns(
    fields: Iterable[OutputField], joins: Iterable[str], key: Iterable[str]
) -> tuple[str, ...]:
    """Return the columns that RETURNING needs for the selected fields, the joins and the key."""
    # POST /projects?select=id,clients(name) with return=representation: id and client_id
    names = [field.value.column for field in fields]
    if STAR in names:
        return (STAR,)
    return tuple(dict.fromkeys([*names, *joins, *key]))
