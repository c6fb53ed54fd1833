"""Build the SchemaCache from rows of Postgres' catalogue. Pure; `database.py` runs the queries.

Follows PostgREST's SchemaCache.hs.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from edge.emulator.rest.record import record
from edge.emulator.rest.schema.model import (
    Cardinality,
    Column,
    Identifier,
    MediaHandler,
    Parameter,
    Relation,
    Relationship,
    Routine,
    SchemaCache,
)
from edge.emulator.rest.schema.relationships import ForeignKey, derive_relationships
from edge.emulator.rest.schema.views import (
    ViewKey,
    foreign_keys_of_views,
    primary_keys_of_views,
)

Row = Mapping[str, Any]

_HERE: Final = Path(__file__).parent
QUERIES: Final[Mapping[str, bytes]] = {
    name: (_HERE / f"{name}.sql").read_bytes()
    for name in (
        "fingerprint",
        "relations",
        "foreign_keys",
        "view_keys",
        "computed",
        "representations",
        "media_handlers",
        "routines",
        "types",
        "role_settings",
    )
}

# Bits of pg_relation_is_updatable: 1 << CMD_UPDATE, CMD_INSERT, CMD_DELETE.
_UPDATE, _INSERT, _DELETE = 4, 8, 16

_NONE: Final[Mapping[tuple[str, str], str]] = {}
_BODY_TYPES: Final = frozenset({"bytea", "json", "jsonb", "text", "xml"})

# Type names of the SQL standard, which Postgres' parser knows and pg_type does not list.
_SQL_TYPES: Final = {
    "int": "integer",
    "integer": "integer",
    "bigint": "bigint",
    "smallint": "smallint",
    "real": "real",
    "float": "double precision",
    "double precision": "double precision",
    "decimal": "numeric",
    "dec": "numeric",
    "boolean": "boolean",
    "char": "character",
    "character": "character",
    "character varying": "character varying",
    "bit varying": "bit varying",
    "time with time zone": "time with time zone",
    "time without time zone": "time without time zone",
    "timestamp with time zone": "timestamp with time zone",
    "timestamp without time zone": "timestamp without time zone",
}


@record
class CatalogRows:
    """The rows that QUERIES return, and the names of the exposed schemas."""

    fingerprint: str
    relations: Iterable[Row]
    foreign_keys: Iterable[Row]
    view_keys: Iterable[Row]
    routines: Iterable[Row]
    types: Iterable[Row]
    role_settings: Iterable[Row]
    schemas: Iterable[str]
    computed: Iterable[Row] = ()
    representations: Iterable[Row] = ()
    media_handlers: Iterable[Row] = ()


def build_cache(rows: CatalogRows) -> SchemaCache:
    """Index the rows by the names that planning looks up."""
    keys = tuple(map(_foreign_key, rows.foreign_keys))
    view_keys = tuple(map(_view_key, rows.view_keys))
    primary = primary_keys_of_views(view_keys)
    representations = {
        (row["source"], row["target"]): row["function"] for row in rows.representations
    }
    relations = {
        relation.id: replace(relation, primary_key=primary.get(relation.id, relation.primary_key))
        for relation in (_relation(row, representations) for row in rows.relations)
    }
    routines: defaultdict[Identifier, list[Routine]] = defaultdict(list)
    for row in rows.routines:
        routine = _routine(row, relations)
        if is_callable(routine.parameters):
            routines[routine.id].append(routine)
    settings: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows.role_settings:
        settings[row["role"]].append((row["name"], row["value"]))
    return SchemaCache(
        relations=relations,
        relationships=derive_relationships(
            (*keys, *foreign_keys_of_views(keys, view_keys)),
            rows.schemas,
            map(_computed_relationship, rows.computed),
        ),
        routines={
            name: tuple(sorted(found, key=_place_of_overload)) for name, found in routines.items()
        },
        types={row["name"]: row["qualified"] for row in rows.types} | _SQL_TYPES,
        role_settings={role: tuple(found) for role, found in settings.items()},
        fingerprint=rows.fingerprint,
        handlers=tuple(map(_media_handler, rows.media_handlers)),
    )


def _columns(
    entries: Iterable[Row], representations: Mapping[tuple[str, str], str] = _NONE
) -> dict[str, Column]:
    return {
        entry["name"]: Column(
            entry["name"],
            entry["type"],
            entry["base_type"],
            entry["default"],
            formatter=representations.get((entry["type"], "json")),
            text_parser=representations.get(("text", entry["type"])),
            json_parser=representations.get(("json", entry["type"])),
        )
        for entry in entries
    }


def _relation(row: Row, representations: Mapping[tuple[str, str], str]) -> Relation:
    is_table = row["kind"] in {"r", "p"}
    operations: int = row["operations"]
    return Relation(
        id=Identifier(row["schema"], row["name"]),
        kind=row["kind"],
        columns=_columns(row["columns"], {} if row["kind"] == "c" else representations),
        primary_key=tuple(row["primary_key"]),
        computed=_columns(row["computed"]),
        is_insertable=is_table or bool(operations & _INSERT),
        is_updatable=is_table or bool(operations & _UPDATE),
        is_deletable=is_table or bool(operations & _DELETE),
    )


def _foreign_key(row: Row) -> ForeignKey:
    return ForeignKey(
        constraint=row["constraint"],
        source=Identifier(row["source_schema"], row["source_table"]),
        target=Identifier(row["target_schema"], row["target_table"]),
        columns=tuple((here, there) for here, there in row["columns"]),
        is_unique=row["is_unique"],
        is_in_primary_key=row["is_in_primary_key"],
    )


def _computed_relationship(row: Row) -> Relationship:
    return Relationship(
        source=Identifier(row["source_schema"], row["source_table"]),
        target=Identifier(row["target_schema"], row["target_table"]),
        cardinality=Cardinality.ONE_TO_ONE if row["is_single"] else Cardinality.ONE_TO_MANY,
        function=Identifier(row["function_schema"], row["function_name"]),
    )


def _media_handler(row: Row) -> MediaHandler:
    target = Identifier(row["target_schema"], row["target_name"])
    return MediaHandler(
        function=Identifier(row["schema"], row["name"]),
        target=None if row["is_of_any"] else target,
        media_type=row["media_type"].lower(),
        is_binary=row["is_binary"],
    )


def _view_key(row: Row) -> ViewKey:
    return ViewKey(
        constraint=(Identifier(row["key_schema"], row["key_table"]), row["constraint"]),
        kind=row["kind"],
        view=Identifier(row["view_schema"], row["view_name"]),
        columns=tuple((name, tuple(shown)) for name, shown in row["columns"]),
    )


def _routine(row: Row, relations: Mapping[Identifier, Relation]) -> Routine:
    type_row = Identifier(row["row_schema"], row["row_name"]) if row["row_name"] else None
    known = relations.get(type_row) if type_row else None
    return Routine(
        id=Identifier(row["schema"], row["name"]),
        parameters=tuple(Parameter(**entry) for entry in row["parameters"]),
        return_type=row["return_type"],
        returns_set=row["returns_set"],
        is_composite=row["is_composite"],
        volatility=row["volatility"],
        row=type_row,
        columns=known.columns if known else _columns(row["outputs"]),
        settings=_hoisted(row["settings"]),
    )


def _place_of_overload(routine: Routine) -> tuple[object, ...]:
    """Return the place among the candidates of PGRST203: by parameters, fewest first."""
    names = [(found.name, found.type) for found in routine.parameters]
    return len(names), names, routine.return_type


def is_callable(parameters: Sequence[Parameter]) -> bool:
    """Whether every parameter is named, or the single unnamed one can take a whole body."""
    unnamed = [found for found in parameters if not found.name]
    return not unnamed or (len(parameters) == 1 and unnamed[0].type in _BODY_TYPES)


def _hoisted(settings: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the function's settings that only take effect for the whole transaction.

    See docs.postgrest.org, "Function Settings".
    """
    pairs = (setting.partition("=")[::2] for setting in settings)
    wanted = {"statement_timeout", "plan_filter.statement_cost_limit"}
    return tuple((name, value) for name, value in pairs if name in wanted)
