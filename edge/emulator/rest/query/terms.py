"""The parsed query string as frozen values: fields, filters, orders, ranges.

Follows PostgREST's ApiRequest/Types.hs.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from edge.emulator.rest.record import record

Path = tuple[str, ...]
Aggregate = Literal["sum", "avg", "count", "max", "min"]


@record
class JsonStep:
    """One arrow of a JSON path: `->key`, `->0` or `->>key`."""

    key: str
    is_index: bool = False
    as_text: bool = False


@record
class Field:
    """A column, with a path into its JSON."""

    name: str
    path: tuple[JsonStep, ...] = ()


@record
class SelectField:
    """`alias:column->path::cast`, or with an aggregate: `column.sum()`."""

    field: Field
    alias: str | None = None
    cast: str | None = None
    aggregate: Aggregate | None = None
    aggregate_cast: str | None = None


@record
class SelectRelation:
    """`alias:target!hint!inner(…)`, or `...target(…)` when spread."""

    target: str
    items: "tuple[SelectItem, ...]"
    alias: str | None = None
    hint: str | None = None
    is_inner: bool = False
    is_spread: bool = False

    @property
    def name(self) -> str:
        """The key of the rows in the response."""
        return self.alias or self.target


SelectItem = SelectField | SelectRelation


@record
class Condition:
    """`not.operator(modifier).value`; the modifier is any/all, or a text search language."""

    operator: str
    value: str | tuple[str, ...]
    modifier: str | None = None
    is_negated: bool = False


@record
class Filter:
    """A condition on one field."""

    field: Field
    condition: Condition


@record
class LogicGroup:
    """`not.and(…)` or `or(…)`."""

    operator: Literal["and", "or"]
    members: "tuple[LogicTree, ...]"
    is_negated: bool = False


LogicTree = Filter | LogicGroup


@record
class OrderTerm:
    """`column.desc.nullslast`, or `relation(column).asc`."""

    field: Field
    relation: str | None = None
    direction: Literal["asc", "desc"] | None = None
    nulls: Literal["nullsfirst", "nullslast"] | None = None


@record
class RowRange:
    """Rows from `offset` on, at most `limit`."""

    offset: int = 0
    limit: int | None = None

    @property
    def is_all(self) -> bool:
        return self.offset == 0 and self.limit is None

    def restricted(self, most: int | None) -> "RowRange":
        """Return the range with at most `most` rows."""
        if most is None or (self.limit is not None and self.limit <= most):
            return self
        return RowRange(self.offset, most)


@record
class QueryParams:
    """A query string. The path of each filter, order and range names the embed it applies to."""

    select: tuple[SelectItem, ...] = (SelectField(Field("*")),)
    filters: tuple[tuple[Path, LogicTree], ...] = ()
    orders: tuple[tuple[Path, tuple[OrderTerm, ...]], ...] = ()
    ranges: Mapping[Path, RowRange] = field(default_factory=dict[Path, RowRange])
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] | None = None
    arguments: tuple[tuple[str, str], ...] = ()
