"""Filters, orders and ranges, handed down to the embedded resource they speak of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from edge.emulator.rest.errors import rest_error
from edge.emulator.rest.query.terms import (
    LogicTree,
    OrderTerm,
    Path,
    RowRange,
    SelectRelation,
)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Demands:
    """What is asked of a node (an empty path) and of the nodes below it."""

    filters: tuple[tuple[Path, LogicTree], ...] = ()
    orders: tuple[tuple[Path, tuple[OrderTerm, ...]], ...] = ()
    ranges: Mapping[Path, RowRange] = field(default_factory=dict[Path, RowRange])

    @property
    def own_filters(self) -> list[LogicTree]:
        return [tree for path, tree in self.filters if not path]

    @property
    def own_order(self) -> list[OrderTerm]:
        return [term for path, terms in self.orders if not path for term in terms]

    @property
    def own_range(self) -> RowRange:
        return self.ranges.get((), RowRange())

    def below(self, relations: Iterable[SelectRelation]) -> "list[Demands]":
        """One for each embedded relation; PGRST108 for a name that is none of them."""
        names = list(relations)
        owners = {head: _find_owner(head, names) for head in self._heads()}
        return [
            Demands(
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
        if head in {relation.alias, relation.target}:
            return place
    hint = f"Verify that '{head}' is included in the 'select' query parameter."
    raise rest_error("PGRST108", resource=head, hint=hint)


def _descend(
    pairs: Iterable[tuple[Path, _T]], owners: Mapping[str, int], place: int
) -> Iterable[tuple[Path, _T]]:
    return ((path[1:], value) for path, value in pairs if path and owners[path[0]] == place)
