"""Plan select, filters, orders and ranges as a tree of rows to read. Pure.

Follows PostgREST's Plan.hs (readPlan).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from itertools import count
from typing import Final

from edge.emulator.rest.errors import RestError, rest_error
from edge.emulator.rest.plan.aggregates import (
    expand_stars,
    has_aggregates,
    hoist_aggregates,
    require_no_aggregates,
)
from edge.emulator.rest.plan.columns import resolve_field, resolve_output
from edge.emulator.rest.plan.embedding import find_relationship
from edge.emulator.rest.plan.scope import ScopedParams
from edge.emulator.rest.plan.tree import (
    RESERVED,
    ROWS,
    STAR,
    ColumnRef,
    Comparison,
    Embed,
    EmbedPresence,
    OrderBy,
    Predicate,
    PredicateGroup,
    ReadNode,
)
from edge.emulator.rest.query.terms import (
    Condition,
    Filter,
    LogicTree,
    OrderTerm,
    SelectField,
    SelectItem,
    SelectRelation,
)
from edge.emulator.rest.record import record
from edge.emulator.rest.schema.model import Identifier, Relation, SchemaCache

_CUT: Final = 48
"""Bytes of a name in an alias: Postgres cuts longer ones than 63 bytes, which could be equal."""


@record
class ReadPlanner:
    """Plans one request.

    As Postgres' errors and query plans name them, the aliases are those of upstream: the name of
    the requested table, and name_1, name_2, … of embedded ones.
    """

    cache: SchemaCache
    max_rows: int | None = None
    aggregates_enabled: bool = False
    _numbers: Iterator[int] = field(default_factory=count)
    _aliases: set[str] = field(default_factory=set[str])

    def plan(
        self,
        items: Sequence[SelectItem],
        relation: Relation,
        params: ScopedParams,
        table: Identifier | None,
        depth: int = 0,
    ) -> ReadNode:
        """Plan the rows of `relation`; `table` None reads the rows of the mutation or call."""
        number = next(self._numbers)
        alias = self._choose_alias(relation, depth) if table else ROWS
        relations = [item for item in items if isinstance(item, SelectRelation)]
        below = params.below(relations)
        _require_distinct(relations, relation.id, depth + 1)
        embeds = tuple(
            self._plan_embed(item, inner, relation.id, depth + 1)
            for item, inner in zip(relations, below, strict=True)
        )
        embeds, hoisted = hoist_aggregates(embeds)
        # /projects?select=id,name
        own = tuple(
            resolve_output(item, relation, alias, self.cache.types)
            for item in items
            if isinstance(item, SelectField)
        )
        fields = (*own, *hoisted)
        if has_aggregates(fields):
            if not self.aggregates_enabled:
                raise rest_error("PGRST123")
            fields = expand_stars(fields, relation.columns)
            # /messages?select=id.count(),...channels(*): the rows are grouped by each column
            embeds = tuple(map(self._expand_spread, embeds))
        # /todos?select=*, where the domain of a column has a cast to json
        if any(column.formatter for column in relation.columns.values()):
            fields = expand_stars(fields, relation.columns)
        return ReadNode(
            alias=alias,
            number=number,
            table=table,
            fields=fields,
            where=plan_filters(params.own_filters, relation, alias, embeds),
            order=tuple(_plan_order(term, relation, alias, embeds) for term in params.own_order),
            range=params.own_range.restricted(self.max_rows),
            embeds=embeds,
        )

    def _choose_alias(self, relation: Relation, depth: int) -> str:
        """Return an alias that no other table of the statement has."""
        alias = relation.id.name
        if depth:
            alias = f"{alias.encode()[:_CUT].decode(errors='ignore')}_{depth}"
        while alias in self._aliases or alias.startswith(RESERVED):
            alias = f"_{alias[:_CUT]}"
        self._aliases.add(alias)
        return alias

    # /projects?select=id,clients(name)
    def _plan_embed(
        self, item: SelectRelation, params: ScopedParams, origin: Identifier, depth: int
    ) -> Embed:
        relationship = find_relationship(self.cache, origin, item.target, item.hint)
        target = self.cache.relations[relationship.target]
        node = self.plan(item.items, target, params, relationship.target, depth)
        # /clients?select=name,...projects(*)
        if item.is_spread and not relationship.is_to_one:
            require_no_aggregates(node.fields)
            node = self._expand_stars(node, target)
        return Embed(
            name=item.name,
            alias=f"{RESERVED}e{node.number}",
            node=node,
            relationship=relationship,
            is_inner=item.is_inner,
            is_spread=item.is_spread,
        )

    def _expand_stars(self, node: ReadNode, relation: Relation) -> ReadNode:
        """Name the columns of `*`: a to-many spread renders each column as an array."""
        fields = expand_stars(node.fields, relation.columns)
        embeds = tuple(self._expand_spread(embed) for embed in node.embeds)
        return replace(node, fields=fields, embeds=embeds)

    # /clients?select=name,...projects(*,...tasks(*))
    def _expand_spread(self, embed: Embed) -> Embed:
        if not embed.is_spread:
            return embed
        target = self.cache.relations[embed.relationship.target]
        return replace(embed, node=self._expand_stars(embed.node, target))


def plan_filters(
    trees: Sequence[LogicTree], relation: Relation, alias: str, embeds: tuple[Embed, ...] = ()
) -> tuple[Predicate, ...]:
    """Plan predicates on the rows of `relation`, whose alias in the statement is `alias`."""
    return tuple(_plan_filter(tree, relation, alias, embeds) for tree in trees)


def _plan_filter(
    tree: LogicTree, relation: Relation, alias: str, embeds: tuple[Embed, ...]
) -> Predicate:
    # /projects?id=eq.1
    if isinstance(tree, Filter):
        return _plan_presence(tree, embeds) or _plan_comparison(tree, relation, alias)
    # /projects?or=(id.eq.1,and(name.eq.x,client_id.is.null))
    members = tuple(_plan_filter(member, relation, alias, embeds) for member in tree.members)
    return PredicateGroup(tree.operator, members, tree.is_negated)


# /projects?select=id,clients()&clients=not.is.null
def _plan_presence(tree: Filter, embeds: tuple[Embed, ...]) -> EmbedPresence | None:
    for embed in embeds:
        if embed.name == tree.field.name and not tree.field.path:
            return _presence(tree.condition, embed)
    return None


def _presence(condition: Condition, embed: Embed) -> EmbedPresence | None:
    """Return None for any other condition: it filters a column of the same name."""
    if condition.operator != "is" or condition.value not in {"null", "not_null"}:
        return None
    return EmbedPresence(embed, condition.is_negated == (condition.value == "null"))


def _plan_comparison(tree: Filter, relation: Relation, alias: str) -> Comparison:
    value = resolve_field(tree.field, relation, alias)
    column = relation.find_column(tree.field.name)
    is_tsvector = column is not None and column.is_tsvector
    parser = column.text_parser if column and not tree.field.path else None
    return Comparison(value, tree.condition, is_tsvector, parser)


def _plan_order(
    term: OrderTerm, relation: Relation, alias: str, embeds: tuple[Embed, ...]
) -> OrderBy:
    # /projects?order=name.desc.nullslast
    if term.relation is None:
        value = resolve_field(term.field, relation, alias)
    # /projects?select=id,clients(name)&order=clients(name)
    else:
        value = _related_column(term, term.relation, relation, embeds)
    return OrderBy(value, term.direction, term.nulls)


def _require_distinct(relations: Sequence[SelectRelation], origin: Identifier, depth: int) -> None:
    """Raise 42712 for two embeds of one key, which no object can hold."""
    # /messages?select=people!sender_id(*),people!recipient_id(*)
    for name, times in Counter(item.name for item in relations).items():
        if times > 1:
            alias = f"{origin.name}_{name}_{depth}"
            raise RestError("42712", 400, f'table name "{alias}" specified more than once')


def _related_column(
    term: OrderTerm, name: str, relation: Relation, embeds: tuple[Embed, ...]
) -> ColumnRef:
    embed = next((embed for embed in embeds if embed.name == name), None)
    # /projects?select=id&order=clients(name)
    if embed is None:
        hint = f"Verify that '{name}' is included in the 'select' query parameter."
        raise rest_error("PGRST108", resource=name, hint=hint)
    # /clients?select=id,projects(name)&order=projects(name)
    if not embed.relationship.is_to_one:
        raise rest_error(
            "PGRST118",
            target=name,
            details=f"'{relation.id.name}' and '{name}' do not form"
            " a many-to-one or one-to-one relationship",
        )
    names = embed.node.output_names
    # /projects?select=id,clients(id)&order=clients(name)
    if term.field.name not in names and STAR not in names:
        raise rest_error("42703", relation=name, column=term.field.name)
    return ColumnRef(embed.alias, term.field.name, term.field.path, bool(term.field.path))
