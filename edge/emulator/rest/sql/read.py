"""Render a ReadNode as one SELECT with a lateral join for each embed.

Follows PostgREST's Query/QueryBuilder.hs (readPlanToQuery, readPlanToCountQuery).
"""

from edge.emulator.rest.plan.tree import RESERVED, ROWS, Embed, EmbedPresence, OrderBy, ReadNode
from edge.emulator.rest.query.terms import RowRange
from edge.emulator.rest.schema.model import ColumnPairs, Relationship
from edge.emulator.rest.sql.columns import render_column, render_output, render_value
from edge.emulator.rest.sql.filters import render_where
from edge.emulator.rest.sql.fragment import (
    NOTHING,
    Sql,
    identifier,
    join,
    parameter,
    position,
    qualified,
    sql,
)

SOURCE = identifier(ROWS)


def render_read(node: ReadNode, parent: tuple[Embed, str] | None = None) -> Sql:
    """Render the rows of `node`; with a parent, those related to the parent's row."""
    conditions = [render_where(node.where, _join_presence)]
    if parent:
        conditions.append(_render_join(*parent))
    return sql(
        "select {} from {}{}{}{}{}{}",
        _render_select_list(node),
        _render_from(node, parent),
        join("", (_render_embed(embed, node.alias) for embed in node.embeds)),
        _render_conditions(conditions),
        _render_grouping(node),
        _render_order(node.order),
        _render_range(node.range),
    )


def render_count(node: ReadNode, parent: tuple[Embed, str] | None = None) -> Sql:
    """Render one row for each row of `node`, without its limit; joins only where they filter."""
    # /projects?select=id,clients!inner(name)&limit=10 with `Prefer: count=exact`

    def presence(predicate: EmbedPresence) -> Sql:
        exists = sql(
            "exists ({})", render_count(predicate.embed.node, (predicate.embed, node.alias))
        )
        return exists if predicate.is_present else sql("not {}", exists)

    conditions = [render_where(node.where, presence)]
    conditions += [
        sql("exists ({})", render_count(embed.node, (embed, node.alias)))
        for embed in node.embeds
        if embed.is_inner
    ]
    if parent:
        conditions.append(_render_join(*parent))
    return sql("select 1 from {}{}", _render_from(node, parent), _render_conditions(conditions))


def _render_conditions(conditions: list[Sql]) -> Sql:
    wanted = [condition for condition in conditions if condition]
    return sql(" where {}", join(" and ", wanted)) if wanted else NOTHING


def _render_from(node: ReadNode, parent: tuple[Embed, str] | None) -> Sql:
    table = qualified(node.table) if node.table else SOURCE
    if parent and parent[0].relationship.function:
        table = _render_function(parent[0].relationship, parent[1])
    rendered = sql("{} as {}", table, identifier(node.alias))
    junction = parent[0].relationship.junction if parent else None
    if junction is None:
        return rendered
    # /users?select=name,tasks(name), joined by users_tasks
    alias = identifier(_junction_alias(node))
    return sql("{}, {} as {}", rendered, qualified(junction.table), alias)


def _render_function(relationship: Relationship, parent: str) -> Sql:
    """Render a computed relationship; the cast chooses between overloads for rows of a CTE."""
    # /clients?select=id,recent_projects(name)
    assert relationship.function is not None
    row = sql("{}.*::{}", identifier(parent), qualified(relationship.source))
    return sql("{}({})", qualified(relationship.function), row)


def _junction_alias(node: ReadNode) -> str:
    return f"{RESERVED}j{node.number}"


def _render_join(embed: Embed, parent: str) -> Sql:
    """Render the condition that joins the embed's rows to the parent's row."""
    relationship, child = embed.relationship, embed.node.alias
    junction = relationship.junction
    # /projects?select=clients(name), /clients?select=projects(name)
    if junction is None:
        return _render_pairs(relationship.columns, parent, child)
    # /users?select=name,tasks(name), joined by users_tasks
    between = _junction_alias(embed.node)
    return sql(
        "{} and {}",
        _render_pairs(junction.source_columns, parent, between),
        _render_pairs(junction.target_columns, child, between),
    )


def _render_pairs(pairs: ColumnPairs, one: str, other: str) -> Sql:
    return join(
        " and ",
        (
            sql("{} = {}", render_column(other, there), render_column(one, here))
            for here, there in pairs
        ),
    )


# /projects?select=client_id,id.count(): a place in the list also groups by a JSON path's parameter
def _render_grouping(node: ReadNode) -> Sql:
    if not node.is_grouped:
        return NOTHING
    aggregated = [bool(field.aggregate) for field in node.fields]
    aggregated += [False] * (len(_select_items(node)) - len(node.fields))
    places = [position(place) for place, skip in enumerate(aggregated, 1) if not skip]
    return sql(" group by {}", join(", ", places)) if places else NOTHING


def _select_items(node: ReadNode) -> list[Sql]:
    items = [render_output(field) for field in node.fields]
    for embed in node.embeds:
        if embed.is_spread:
            items += _render_spread(embed)
        elif not embed.is_hidden:
            items.append(_render_embedded(embed))
    return items


def _render_select_list(node: ReadNode) -> Sql:
    items = _select_items(node)
    # /projects?select=: the rows are counted, so some column is needed.
    return join(", ", items) if items else sql("{}.*", identifier(node.alias))


def _render_embedded(embed: Embed) -> Sql:
    alias, name = identifier(embed.alias), identifier(embed.name)
    # /projects?select=clients(name): an object; /clients?select=projects(name): an array
    if embed.relationship.is_to_one:
        return sql("row_to_json({}.*)::jsonb as {}", alias, name)
    return sql("coalesce({}.pgrst_rows, '[]') as {}", alias, name)


# /projects?select=...clients(name,...owners(age)): a spread within it, too
def _spread_names(node: ReadNode) -> list[str]:
    names = list(node.output_names)
    for embed in node.embeds:
        if embed.is_spread:
            names += _spread_names(embed.node)
        elif not embed.is_hidden:
            names.append(embed.name)
    return names


# /projects?select=id,...clients(client:name)
def _render_spread(embed: Embed) -> list[Sql]:
    return [render_column(embed.alias, name) for name in _spread_names(embed.node)]


def _render_embed(embed: Embed, parent: str) -> Sql:
    rows = render_read(embed.node, (embed, parent))
    alias = identifier(embed.alias)
    # /projects?select=id,clients!inner(name)&clients.name=eq.x
    kind = sql("inner") if embed.is_inner else sql("left")
    # /projects?select=clients(name)
    if embed.relationship.is_to_one:
        return sql(" {} join lateral ({}) as {} on true", kind, rows, alias)
    # /clients?select=projects(name)
    condition = sql("{}.pgrst_rows is not null", alias) if embed.is_inner else sql("true")
    aggregated = _render_aggregates(embed, rows)
    return sql(" {} join lateral ({}) as {} on {}", kind, aggregated, alias, condition)


def _render_aggregates(embed: Embed, rows: Sql) -> Sql:
    """Aggregate the related rows as one array; for a spread also each column as an array."""
    columns = [sql("json_agg(r)::jsonb as pgrst_rows")]
    if embed.is_spread:
        columns += [
            sql(
                "coalesce(json_agg({}), '[]')::jsonb as {}",
                render_column("r", name),
                identifier(name),
            )
            for name in _spread_names(embed.node)
        ]
    return sql("select {} from ({}) as r", join(", ", columns), rows)


# /projects?select=id,clients()&clients=not.is.null
def _join_presence(predicate: EmbedPresence) -> Sql:
    embed = predicate.embed
    alias = identifier(embed.alias)
    value = alias if embed.relationship.is_to_one else sql("{}.pgrst_rows", alias)
    if predicate.is_present:
        return sql("{} is distinct from null", value)
    return sql("{} is not distinct from null", value)


# /projects?order=name.desc.nullslast
def _render_order(order: tuple[OrderBy, ...]) -> Sql:
    return sql(" order by {}", join(", ", map(_render_order_term, order))) if order else NOTHING


_DIRECTIONS = {None: NOTHING, "asc": sql(" asc"), "desc": sql(" desc")}
_NULLS = {None: NOTHING, "nullsfirst": sql(" nulls first"), "nullslast": sql(" nulls last")}


def _render_order_term(term: OrderBy) -> Sql:
    value = render_value(term.value)
    return sql("{}{}{}", value, _DIRECTIONS[term.direction], _NULLS[term.nulls])


# /projects?limit=10&offset=20
def _render_range(rows: RowRange) -> Sql:
    if rows.is_all:
        return NOTHING
    limit = sql("all") if rows.limit is None else parameter(str(rows.limit))
    return sql(" limit {} offset {}", limit, parameter(str(rows.offset)))
