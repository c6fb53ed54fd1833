"""What planning yields: every name in it was found in the schema cache, or is a JSON key."""

from dataclasses import dataclass, field
from typing import Final, Literal

from edge.emulator.rest.query.terms import Condition, JsonStep, RowRange
from edge.emulator.rest.request.media import MediaType
from edge.emulator.rest.request.payload import Payload
from edge.emulator.rest.schema.model import Column, Identifier, Parameter, Relationship, Routine

SCALAR: Final = "pgrst_scalar"
STAR: Final = "*"

# Row sources inside a mutation: the table written to, and the rows of the payload.
WRITTEN: Final = "w0"
PAYLOAD_ROWS: Final = "pgrst_body"


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column of the row source called `table`, or a place inside it.

    `to_json` wraps a column of another type so that a JSON path applies to it.
    """

    table: str
    column: str
    path: tuple[JsonStep, ...] = ()
    to_json: bool = False


@dataclass(frozen=True, slots=True)
class OutputField:
    """One column of the result; `cast` is SQL, `name` None when the column's own name serves."""

    value: ColumnRef
    cast: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A filter on a column; text search needs `to_tsvector` unless the column is one."""

    value: ColumnRef
    condition: Condition
    is_tsvector: bool = False


@dataclass(frozen=True, slots=True)
class EmbedPresence:
    """`embed=not.is.null`, or its negation: whether related rows exist."""

    embed: "Embed"
    is_present: bool


@dataclass(frozen=True, slots=True)
class PredicateGroup:
    """Predicates joined by and/or."""

    operator: Literal["and", "or"]
    members: "tuple[Predicate, ...]"
    is_negated: bool = False


Predicate = Comparison | EmbedPresence | PredicateGroup


@dataclass(frozen=True, slots=True)
class OrderBy:
    """One sort key."""

    value: ColumnRef
    direction: Literal["asc", "desc"] | None = None
    nulls: Literal["nullsfirst", "nullslast"] | None = None


@dataclass(frozen=True, slots=True)
class ReadNode:
    """Rows of one table, with what is embedded in them.

    `table` is None for the rows that a mutation or function has just returned.
    """

    alias: str
    table: Identifier | None
    fields: tuple[OutputField, ...]
    where: tuple[Predicate, ...] = ()
    order: tuple[OrderBy, ...] = ()
    range: RowRange = field(default_factory=RowRange)
    embeds: "tuple[Embed, ...]" = ()

    @property
    def output_names(self) -> tuple[str, ...]:
        return tuple(item.name or item.value.column for item in self.fields)


@dataclass(frozen=True, slots=True)
class Embed:
    """Related rows: `alias` is the joined subquery, `name` the key in the answer."""

    name: str
    alias: str
    node: ReadNode
    relationship: Relationship
    is_inner: bool = False
    is_spread: bool = False

    @property
    def is_hidden(self) -> bool:
        """An embed that selects nothing, at any depth, only serves to filter."""
        return not self.node.fields and all(embed.is_hidden for embed in self.node.embeds)


@dataclass(frozen=True, slots=True)
class Insert:
    """`conditions` tie a PUT's row to its URL; `conflict` None leaves duplicates an error."""

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
        """Whether the answer depends on how many rows did not exist before."""
        return self.resolution == "merge-duplicates"


@dataclass(frozen=True, slots=True)
class Update:
    table: Identifier
    columns: tuple[Column, ...]
    payload: Payload
    where: tuple[Predicate, ...]
    returning: tuple[str, ...]
    applies_defaults: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    table: Identifier
    where: tuple[Predicate, ...]
    returning: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function call; the arguments are the payload's keys, or `arguments` by name."""

    routine: Routine
    parameters: tuple[Parameter, ...]
    payload: Payload | None = None
    arguments: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    returning: tuple[str, ...] = (STAR,)

    @property
    def is_scalar(self) -> bool:
        return not self.routine.is_composite


Mutation = Insert | Update | Delete


@dataclass(frozen=True, slots=True)
class BodyShape:
    """How the rows become the answer's body."""

    kind: Literal["none", "array", "first", "csv"]
    is_scalar: bool = False
    strips_nulls: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement to be made and run, and the type of its answer."""

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
