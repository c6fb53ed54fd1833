"""The plan: frozen values whose names were all found in the schema cache, or are JSON keys.

Follows PostgREST's Plan/{Types,ReadPlan,MutatePlan,CallPlan}.hs.
"""

from dataclasses import field
from typing import Final, Literal

from edge.emulator.rest.query.terms import Aggregate, Condition, JsonStep, RowRange
from edge.emulator.rest.record import record
from edge.emulator.rest.request.media import MediaType
from edge.emulator.rest.request.payload import Payload
from edge.emulator.rest.schema.model import (
    Column,
    Identifier,
    MediaHandler,
    Parameter,
    Relationship,
    Routine,
)

SCALAR: Final = "pgrst_scalar"
STAR: Final = "*"

# Begins the names that statements give; no alias of a table does.
RESERVED: Final = "pgrst_"
# The rows that the mutation or function call returned.
ROWS: Final = "pgrst_source"
# Aliases inside a mutation: the table written to, and the rows of the payload.
WRITTEN: Final = "w0"
PAYLOAD_ROWS: Final = "pgrst_body"


@record
class ColumnRef:
    """A column of the row source with alias `table`, or a JSON path into it: data->a->>b.

    `to_json` wraps a column of a non-JSON type in to_jsonb, so that a path applies to it.
    """

    table: str
    column: str
    path: tuple[JsonStep, ...] = ()
    to_json: bool = False


@record
class OutputField:
    """A column of the result; `cast` is a SQL type, `name` the alias (None: the column's name).

    `aggregate` is a function of the cast value. An operand is the value of an aggregate that the
    parent of a spread computes, and no column of the response. A `formatter` is a function that
    the value is represented by.
    """

    value: ColumnRef
    cast: str | None = None
    name: str | None = None
    aggregate: Aggregate | None = None
    aggregate_cast: str | None = None
    is_operand: bool = False
    formatter: str | None = None


@record
class Comparison:
    """A filter on a column; text search wraps it in to_tsvector unless it `is_tsvector`.

    A `parser` is a function that reads the compared text.
    """

    value: ColumnRef
    condition: Condition
    is_tsvector: bool = False
    parser: str | None = None


@record
class EmbedPresence:
    """A filter on whether related rows exist: clients=not.is.null, clients=is.null."""

    embed: "Embed"
    is_present: bool


@record
class PredicateGroup:
    """Predicates joined by and/or."""

    operator: Literal["and", "or"]
    members: "tuple[Predicate, ...]"
    is_negated: bool = False


Predicate = Comparison | EmbedPresence | PredicateGroup


@record
class OrderBy:
    """One sort key."""

    value: ColumnRef
    direction: Literal["asc", "desc"] | None = None
    nulls: Literal["nullsfirst", "nullslast"] | None = None


@record
class ReadNode:
    """Rows of one table with their embeds.

    `table` is None for the rows that the statement's mutation or function call returned. `number`
    tells it from the other nodes.
    """

    alias: str
    number: int
    table: Identifier | None
    fields: tuple[OutputField, ...]
    where: tuple[Predicate, ...] = ()
    order: tuple[OrderBy, ...] = ()
    range: RowRange = field(default_factory=RowRange)
    embeds: "tuple[Embed, ...]" = ()

    @property
    def output_names(self) -> tuple[str, ...]:
        named = (item for item in self.fields if not item.is_operand)
        return tuple(item.name or item.value.column for item in named)

    @property
    def is_grouped(self) -> bool:
        """Whether the rows are grouped by the fields that are no aggregates."""
        return any(item.aggregate for item in self.fields)


@record
class Embed:
    """Embedded rows: `alias` names the joined subquery, `name` is the key in the response."""

    name: str
    alias: str
    node: ReadNode
    relationship: Relationship
    is_inner: bool = False
    is_spread: bool = False

    @property
    def is_hidden(self) -> bool:
        """Whether it only filters, as in /projects?select=id,clients()&clients=not.is.null."""
        return not self.node.fields and all(embed.is_hidden for embed in self.node.embeds)


@record
class Insert:
    """An insert or upsert; `conditions` compare a PUT's row with its URL.

    `resolution` None leaves a duplicate of the `conflict` columns an error.
    """

    table: Identifier
    columns: tuple[Column, ...]
    payload: Payload
    returning: tuple[str, ...]
    primary_key: tuple[str, ...] = ()
    resolution: str | None = None
    conflict: tuple[str, ...] = ()
    conditions: tuple[Predicate, ...] = ()
    applies_defaults: bool = False

    @property
    def counts_new_rows(self) -> bool:
        """Whether the response's status depends on the number of inserted rows (201 or 200)."""
        return self.resolution == "merge-duplicates"


@record
class Update:
    table: Identifier
    columns: tuple[Column, ...]
    payload: Payload
    where: tuple[Predicate, ...]
    returning: tuple[str, ...]
    applies_defaults: bool = False


@record
class Delete:
    table: Identifier
    where: tuple[Predicate, ...]
    returning: tuple[str, ...]


@record
class Call:
    """A function call; arguments come from the JSON `payload`, or by name from `arguments`."""

    routine: Routine
    parameters: tuple[Parameter, ...]
    payload: Payload | None = None
    arguments: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    returning: tuple[str, ...] = (STAR,)

    @property
    def is_scalar(self) -> bool:
        return not self.routine.is_composite


Mutation = Insert | Update | Delete


@record
class BodyShape:
    """How the rows are rendered as the response's body.

    A `handler` renders them, or the value of a function that returns one.
    """

    kind: Literal["none", "array", "first", "csv", "handler"]
    is_scalar: bool = False
    strips_nulls: bool = False
    handler: MediaHandler | None = None
    is_one: bool = False


@record
class Plan:
    """One statement and the media type of its response."""

    read: ReadNode
    media: MediaType
    body: BodyShape
    source: Mutation | Call | None = None
    is_read_only: bool = True
    counts_exactly: bool = False
    counts_by_plan: bool = False
    max_rows: int | None = None

    @property
    def is_mutation(self) -> bool:
        return self.source is not None and not isinstance(self.source, Call)
