"""Derive the foreign keys and primary keys that views show of the tables behind them.

Follows PostgREST's SchemaCache.hs (addViewM2OAndO2ORels, addViewPrimaryKeys).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, product
from typing import Final, Literal

from edge.emulator.rest.record import record
from edge.emulator.rest.schema.model import ColumnPairs, Identifier
from edge.emulator.rest.schema.relationships import ForeignKey

# A view that shows each of a key's columns many times has a relationship for every combination.
_MAX_COMBINATIONS: Final = 64


@record
class ViewKey:
    """A key whose columns a view shows: each of them under one name or more.

    Of a primary key (p), of a foreign key (f), or of the columns that one references (f_ref).
    """

    constraint: tuple[Identifier, str]
    kind: Literal["p", "f", "f_ref"]
    view: Identifier
    columns: tuple[tuple[str, tuple[str, ...]], ...]

    def renamings(self) -> Iterator[Mapping[str, str]]:
        """Yield the view's names of the columns, in each combination."""
        names = [name for name, _ in self.columns]
        for chosen in islice(product(*(shown for _, shown in self.columns)), _MAX_COMBINATIONS):
            yield dict(zip(names, chosen, strict=True))


def primary_keys_of_views(keys: Iterable[ViewKey]) -> Mapping[Identifier, tuple[str, ...]]:
    """Return the columns of the primary keys that each view shows, each column once."""
    found: defaultdict[Identifier, tuple[str, ...]] = defaultdict(tuple)
    for key in keys:
        if key.kind == "p":
            found[key.view] += tuple(shown[0] for _, shown in key.columns)
    return found


def foreign_keys_of_views(
    keys: Iterable[ForeignKey], view_keys: Sequence[ViewKey]
) -> Iterator[ForeignKey]:
    """Yield each key again from, to and between the views that show it."""
    shown: defaultdict[tuple[Identifier, str, str], list[ViewKey]] = defaultdict(list)
    for view_key in view_keys:
        shown[*view_key.constraint, view_key.kind].append(view_key)
    primary = primary_keys_of_views(view_keys)
    for key in keys:
        sources = list(_renamed(shown[key.source, key.constraint, "f"]))
        targets = list(_renamed(shown[key.source, key.constraint, "f_ref"]))
        for view, names in sources:
            yield _of_view(replace(key, columns=_rename(key.columns, names, {})), view, primary)
        for view, names in targets:
            yield replace(key, target=view, columns=_rename(key.columns, {}, names))
        for (source, here), (target, there) in product(sources, targets):
            columns = _rename(key.columns, here, there)
            yield _of_view(replace(key, target=target, columns=columns), source, primary)


def _of_view(
    key: ForeignKey, view: Identifier, primary: Mapping[Identifier, tuple[str, ...]]
) -> ForeignKey:
    is_in_primary_key = {here for here, _ in key.columns} <= set(primary.get(view, ()))
    return replace(key, source=view, is_in_primary_key=is_in_primary_key)


def _renamed(keys: Iterable[ViewKey]) -> Iterator[tuple[Identifier, Mapping[str, str]]]:
    return ((key.view, names) for key in keys for names in key.renamings())


def _rename(
    pairs: ColumnPairs, sources: Mapping[str, str], targets: Mapping[str, str]
) -> ColumnPairs:
    return tuple((sources.get(here, here), targets.get(there, there)) for here, there in pairs)
