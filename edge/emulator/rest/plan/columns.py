"""Fields of a request → columns that exist. Nothing else of a URL may name anything in SQL."""

from collections.abc import Iterable, Mapping
from typing import Final

from edge.emulator.rest.errors import rest_error
from edge.emulator.rest.plan.tree import STAR, ColumnRef, OutputField
from edge.emulator.rest.query.terms import Field, SelectField
from edge.emulator.rest.schema.model import Relation
from edge.emulator.rest.schema.suggest import edit_distance

_FARTHEST: Final = 3

# In Postgres' functional notation `t.count` means count(t); that is how `select=count` works
# upstream, also where aggregates are disabled. See docs.postgrest.org, "The count() Aggregate".
_ROW_COUNT: Final = "count"


def resolve_field(field: Field, relation: Relation, alias: str) -> ColumnRef:
    """42703, with Postgres' own words, for a column that does not exist."""
    column = relation.find_column(field.name)
    if column is None and field.name != _ROW_COUNT:
        raise rest_error(
            "42703",
            relation=relation.id.name,
            column=field.name,
            hint=_nearest(field.name, relation),
        )
    to_json = bool(field.path) and not (column and column.is_json)
    return ColumnRef(alias, field.name, field.path, to_json)


def resolve_output(
    item: SelectField, relation: Relation, alias: str, types: Mapping[str, str]
) -> OutputField:
    """A selected field with its cast and the name it has in the answer."""
    if item.aggregate:
        raise rest_error("PGRST123")
    if item.field == Field(STAR):
        return OutputField(ColumnRef(alias, STAR))
    return OutputField(
        resolve_field(item.field, relation, alias),
        _resolve_cast(item.cast, types),
        item.alias or _json_name(item.field) or (item.field.name if item.cast else None),
    )


def _resolve_cast(cast: str | None, types: Mapping[str, str]) -> str | None:
    if cast is None:
        return None
    qualified = types.get(" ".join(cast.lower().split()))
    if qualified is None:
        raise rest_error("42704", type=cast)
    return qualified


def _json_name(field: Field) -> str | None:
    """The last key of a JSON path names the result; an index lends no name."""
    keys = [step.key for step in field.path if not step.is_index]
    if field.path and not keys:
        return field.name
    return keys[-1] if keys else None


def _nearest(name: str, relation: Relation) -> str | None:
    candidates = {known: edit_distance(name, known) for known in relation.columns}
    best = min(candidates, key=lambda known: candidates[known], default=None)
    if best is None or candidates[best] > min(_FARTHEST, len(name) // 2):
        return None
    return f'Perhaps you meant to reference the column "{relation.id.name}.{best}".'


def needed_columns(
    fields: Iterable[OutputField], joins: Iterable[str], key: Iterable[str]
) -> tuple[str, ...]:
    """What a mutation or function must return so that the answer can be built from it."""
    names = [field.value.column for field in fields]
    if STAR in names:
        return (STAR,)
    return tuple(dict.fromkeys([*names, *joins, *key]))
