"""Derive relationships from foreign keys: both directions, and many-to-many by junctions.

Follows PostgREST's SchemaCache.hs (addInverseRels, addM2MRels).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from edge.emulator.rest.record import record
from edge.emulator.rest.schema.model import (
    Cardinality,
    ColumnPairs,
    Identifier,
    Junction,
    Relationship,
)

_ORDER: Final = {
    Cardinality.ONE_TO_MANY: 0,
    Cardinality.MANY_TO_ONE: 1,
    Cardinality.ONE_TO_ONE: 2,
    Cardinality.MANY_TO_MANY: 3,
}


@record
class ForeignKey:
    """A constraint from `source` to `target`; unique columns make it one-to-one."""

    constraint: str
    source: Identifier
    target: Identifier
    columns: ColumnPairs
    is_unique: bool
    is_in_primary_key: bool


def derive_relationships(
    keys: Iterable[ForeignKey], schemas: Iterable[str], computed: Iterable[Relationship] = ()
) -> Mapping[Identifier, tuple[Relationship, ...]]:
    """Return all relationships by their source relation; junctions are in exposed `schemas`.

    A computed relationship replaces those to a table of its function's name.
    """
    keys, exposed = tuple(keys), frozenset(schemas)
    joining = tuple(key for key in keys if key.source.schema in exposed)
    found: defaultdict[Identifier, list[Relationship]] = defaultdict(list)
    by_function = {(each.source, each.function): each for each in computed}
    for relationship in (*_direct(keys), *_through_junctions(joining)):
        if (relationship.source, relationship.target) not in by_function:
            found[relationship.source].append(relationship)
    for relationship in by_function.values():
        found[relationship.source].append(relationship)
    return {source: tuple(sorted(each, key=_place)) for source, each in found.items()}


def _place(relationship: Relationship) -> tuple[object, ...]:
    """Return the place among the choices of PGRST201: by target, cardinality and constraint."""
    junction = relationship.junction
    return (
        relationship.target,
        _ORDER[relationship.cardinality],
        relationship.constraint,
        relationship.columns,
        (junction and (junction.table, junction.source_constraint, junction.target_constraint))
        or (relationship.target, "", ""),
    )


def _direct(keys: Iterable[ForeignKey]) -> Iterator[Relationship]:
    for key in keys:
        outward = Cardinality.ONE_TO_ONE if key.is_unique else Cardinality.MANY_TO_ONE
        inward = Cardinality.ONE_TO_ONE if key.is_unique else Cardinality.ONE_TO_MANY
        yield Relationship(key.source, key.target, outward, key.constraint, key.columns)
        reverse = tuple((there, here) for here, there in key.columns)
        yield Relationship(key.target, key.source, inward, key.constraint, reverse, is_parent=True)


def _through_junctions(keys: tuple[ForeignKey, ...]) -> Iterator[Relationship]:
    """Yield many-to-many relationships.

    A table is a junction if its primary key contains the columns of two foreign keys.
    """
    by_table: defaultdict[Identifier, list[ForeignKey]] = defaultdict(list)
    for key in keys:
        if key.is_in_primary_key:
            by_table[key.source].append(key)
    for table, members in by_table.items():
        for first in members:
            for second in members:
                if first.constraint != second.constraint:
                    yield _many_to_many(table, first, second)


def _many_to_many(table: Identifier, first: ForeignKey, second: ForeignKey) -> Relationship:
    junction = Junction(
        table,
        first.constraint,
        second.constraint,
        tuple((outer, inner) for inner, outer in first.columns),
        tuple((outer, inner) for inner, outer in second.columns),
    )
    return Relationship(first.target, second.target, Cardinality.MANY_TO_MANY, junction=junction)
