"""Scope filters, orders and ranges to the embedded resource that their parameter names.

Follows PostgREST's Plan.hs (addFilters, addOrders, addRanges).
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TypeVar

from edge.emulator.rest.errors import rest_error
from edge.emulator.rest.query.terms import (
    LogicTree,
    OrderTerm,
    Path,
    RowRange,
    SelectRelation,
)
from edge.emulator.rest.record import record

_T = TypeVar("_T")


@record
class ScopedParams:
    """Parameters of one node (those with an empty path) and of the embeds below it."""

    filters: tuple[tuple[Path, LogicTree], ...] = ()
    orders: tuple[tuple[Path, tuple[OrderTerm, ...]], ...] = ()
    ranges: Mapping[Path, RowRange] = field(default_factory=dict[Path, RowRange])

    # /projects?status=eq.open
    @property
    def own_filters(self) -> list[LogicTree]:
        return [tree for path, tree in self.filters if not path]

    # /projects?order=name.desc
    @property
    def own_order(self) -> list[OrderTerm]:
        return [term for path, terms in self.orders if not path for term in terms]

    # /projects?limit=10&offset=20
    @property
    def own_range(self) -> RowRange:
        return self.ranges.get((), RowRange())

    # /clients?select=*,projects(*)&projects.status=eq.open&projects.order=id&projects.limit=1
    def below(self, relations: Iterable[SelectRelation]) -> "list[ScopedParams]":
        """Return the parameters of each relation; PGRST108 for the name of any other resource."""
        names = list(relations)
        owners = {head: _find_owner(head, names) for head in self._heads()}
        return [
            ScopedParams(
                tuple(_descend(self.filters, owners, place)),
                tuple(_descend(self.orders, owners, place)),
                dict(_descend(self.ranges.items(), owners, place)),
            )
            for place in range(len(names))
        ]

    def _heads(self) -> set[str]:
        paths = [path for path, _ in (*self.filters, *self.orders, *self.ranges.items())]
        return {path[0] for path in paths if path}


def _find_owner(head: str, relations: list[SelectRelation]) -> int:
    for place, relation in enumerate(relations):
        # /clients?select=*,open:projects(*)&open.status=eq.open, or &projects.status=eq.open
        if head in {relation.alias, relation.target}:
            return place
    # /clients?select=*&projects.status=eq.open (projects is not selected)
    hint = f"Verify that '{head}' is included in the 'select' query parameter."
    raise rest_error("PGRST108", resource=head, hint=hint)


def _descend(
    pairs: Iterable[tuple[Path, _T]], owners: Mapping[str, int], place: int
) -> Iterable[tuple[Path, _T]]:
    return ((path[1:], value) for path, value in pairs if path and owners[path[0]] == place)
