"""The schema cache: relations, relationships, routines and types of a database.

Follows PostgREST's SchemaCache/{Identifiers,Table,Relationship,Routine}.hs.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from edge.emulator.rest.record import record


@record
class Identifier:
    """A schema-qualified name; names are sorted by schema."""

    schema: str
    name: str

    def __lt__(self, other: "Identifier") -> bool:
        return (self.schema, self.name) < (other.schema, other.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@record
class Column:
    """A column: its declared type, its domain's base type, its default expression.

    A domain's casts represent its values: functions to json, from text and from json.
    """

    name: str
    type: str
    base_type: str
    default: str | None = None
    formatter: str | None = None
    text_parser: str | None = None
    json_parser: str | None = None

    @property
    def is_json(self) -> bool:
        return self.type in {"json", "jsonb"}

    @property
    def is_tsvector(self) -> bool:
        return self.base_type == "tsvector"


@record
class Relation:
    """A table, view, foreign table, or composite type (`kind` is pg_class.relkind)."""

    id: Identifier
    kind: str
    columns: Mapping[str, Column]
    primary_key: tuple[str, ...] = ()
    computed: Mapping[str, Column] = field(default_factory=dict[str, Column])
    is_insertable: bool = True
    is_updatable: bool = True
    is_deletable: bool = True

    @property
    def is_view(self) -> bool:
        return self.kind in {"v", "m"}

    def find_column(self, name: str) -> Column | None:
        """Return a stored column or a computed field (a function of the row); None if unknown."""
        return self.columns.get(name) or self.computed.get(name)

    @property
    def is_queryable(self) -> bool:
        return self.kind != "c"


class Cardinality(StrEnum):
    """The cardinality of a relationship, as PGRST201 spells it."""

    MANY_TO_ONE = "many-to-one"
    ONE_TO_MANY = "one-to-many"
    ONE_TO_ONE = "one-to-one"
    MANY_TO_MANY = "many-to-many"


ColumnPairs = tuple[tuple[str, str], ...]


@record
class Junction:
    """The join table of a many-to-many; pairs are (outer column, junction column)."""

    table: Identifier
    source_constraint: str
    target_constraint: str
    source_columns: ColumnPairs
    target_columns: ColumnPairs


@record
class Relationship:
    """A relationship; `columns` are (source column, target column) pairs.

    A computed one has a `function` of the source's row instead, which returns rows of the target.
    """

    source: Identifier
    target: Identifier
    cardinality: Cardinality
    constraint: str = ""
    columns: ColumnPairs = ()
    junction: Junction | None = None
    is_parent: bool = False
    function: Identifier | None = None

    @property
    def schema(self) -> str:
        """The schema that a request must be about to embed it."""
        return self.function.schema if self.function else self.target.schema

    @property
    def source_columns(self) -> ColumnPairs:
        """The pairs whose first columns are the source's."""
        return self.junction.source_columns if self.junction else self.columns

    @property
    def is_to_one(self) -> bool:
        return self.cardinality in {Cardinality.MANY_TO_ONE, Cardinality.ONE_TO_ONE}

    @property
    def is_self(self) -> bool:
        return self.source == self.target


@record
class Parameter:
    """An input parameter of a routine; an unnamed one has an empty name.

    Arguments are cast to the `cast_type`, which keeps those that are longer than 1.
    """

    name: str
    type: str
    is_required: bool = True
    is_variadic: bool = False
    cast_type: str = ""

    @property
    def cast(self) -> str:
        return self.cast_type or self.type


@record
class Routine:
    """A function; `row` names the relation of a composite result."""

    id: Identifier
    parameters: tuple[Parameter, ...]
    return_type: str
    returns_set: bool
    is_composite: bool
    volatility: str
    row: Identifier | None = None
    columns: Mapping[str, Column] = field(default_factory=dict[str, Column])
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def returns_void(self) -> bool:
        return self.return_type == "void" and not self.returns_set

    @property
    def is_volatile(self) -> bool:
        return self.volatility == "v"


@record
class MediaHandler:
    """A function that renders rows, or the value of a function, as a media type.

    `target` is the relation or function that it is of, None for any.
    """

    function: Identifier
    target: Identifier | None
    media_type: str
    is_binary: bool = False


@record
class SchemaCache:
    """The schema at the time of `fingerprint`, a hash of the catalogue.

    `generation` is another object each time: to compare with, without keeping the cache.
    """

    relations: Mapping[Identifier, Relation]
    relationships: Mapping[Identifier, tuple[Relationship, ...]]
    routines: Mapping[Identifier, tuple[Routine, ...]]
    types: Mapping[str, str]
    role_settings: Mapping[str, tuple[tuple[str, str], ...]]
    fingerprint: str
    handlers: tuple[MediaHandler, ...] = ()
    generation: object = field(default_factory=object, compare=False)
