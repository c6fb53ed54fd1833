"""Resolve an embedded resource to one relationship of the schema cache.

Follows PostgREST's Plan.hs (findRel) and docs.postgrest.org, "Resource Embedding". The URLs beside
the clauses use its test schema: projects.client_id references clients, users and tasks meet in
users_tasks, and employees.manager_id references employees.
"""

from collections.abc import Iterable

from edge.emulator.rest.errors import RestError, rest_error
from edge.emulator.rest.schema.model import Cardinality, Identifier, Relationship, SchemaCache
from edge.emulator.rest.schema.suggest import suggest_name


def find_relationship(
    cache: SchemaCache, origin: Identifier, target: str, hint: str | None
) -> Relationship:
    """Return the relationship to `target`; raises PGRST200 if none matches, PGRST201 if several."""
    candidates = [
        relationship
        for relationship in cache.relationships.get(origin, ())
        if relationship.schema == origin.schema
    ]
    matches = [found for found in candidates if _matches(found, target, hint, cache)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise _ambiguous(origin, target, matches)
    raise _missing(cache, origin, target, hint)


def _matches(relationship: Relationship, target: str, hint: str | None, cache: SchemaCache) -> bool:
    # /clients?select=recent_projects(*), where recent_projects(clients) returns rows of projects
    if relationship.function:
        return relationship.function.name == target
    if relationship.is_self:
        return _matches_self(relationship, target, hint)
    # /projects?select=clients!client_id(*)
    if hint is not None:
        return relationship.target.name == target and _matches_hint(relationship, hint)
    # /projects?select=clients(*), /clients?select=projects(*), /users?select=tasks(*)
    if relationship.target.name == target:
        return True
    # /projects?select=projects_client_id_fkey(*), /projects?select=client_id(*)
    relation = cache.relations.get(relationship.target)
    names = {relationship.constraint, _single_column(relationship, 0)}
    return target in names and not (relation and relation.is_view)


def _matches_self(relationship: Relationship, target: str, hint: str | None) -> bool:
    """Match a self-reference: the table's name embeds the children, the column's the parent."""
    is_down = relationship.cardinality is Cardinality.ONE_TO_MANY
    is_up = relationship.cardinality is Cardinality.MANY_TO_ONE
    named = relationship.target.name == target
    # /employees?select=employees(*) (children), /employees?select=manager_id(*) (parent)
    if hint is None:
        return (named and is_down) or (is_up and _single_column(relationship, 0) == target)
    # /employees?select=employees!manager_id(*); the constraint names both directions, so neither
    return named and is_down and hint == _single_column(relationship, 1)


def _matches_hint(relationship: Relationship, hint: str) -> bool:
    # /users?select=tasks!users_tasks(*)
    if relationship.junction:
        return relationship.junction.table.name == hint
    # /projects?select=clients!projects_client_id_fkey(*), /clients?select=projects!client_id(*)
    columns = {_single_column(relationship, 0), _single_column(relationship, 1)}
    return hint == relationship.constraint or hint in columns


def _single_column(relationship: Relationship, side: int) -> str | None:
    """Return the source (0) or target (1) column; None for a composite key."""
    return relationship.columns[0][side] if len(relationship.columns) == 1 else None


# /projects?select=users(*)
def _missing(cache: SchemaCache, origin: Identifier, target: str, hint: str | None) -> RestError:
    using = f" using the hint '{hint}'" if hint else ""
    details = (
        f"Searched for a foreign key relationship between '{origin.name}' and '{target}'{using}"
        f" in the schema '{origin.schema}', but no matches were found."
    )
    return rest_error(
        "PGRST200",
        origin=origin.name,
        target=target,
        details=details,
        hint=_suggest(cache, origin, target),
    )


def _suggest(cache: SchemaCache, origin: Identifier, target: str) -> str | None:
    def embeddable(source: Identifier) -> list[str]:
        related = cache.relationships.get(source, ())
        return [found.target.name for found in related if found.schema == origin.schema]

    if origin in cache.relationships:
        return _suggestion(target, embeddable(origin))
    parents = [
        source.name
        for source in cache.relationships
        if source.schema == origin.schema and embeddable(source)
    ]
    return _suggestion(origin.name, parents)


def _suggestion(name: str, candidates: Iterable[str]) -> str | None:
    best = suggest_name(name, candidates, at_least=0.33)
    if best is None or best == name:
        return None
    return f"Perhaps you meant '{best}' instead of '{name}'."


# /messages?select=people(*), where both sender_id and recipient_id reference people
def _ambiguous(origin: Identifier, target: str, matches: list[Relationship]) -> RestError:
    choices = ", ".join(f"'{found.target.name}!{_hint_for(found)}'" for found in matches)
    hint = (
        f"Try changing '{target}' to one of the following: {choices}."
        " Find the desired relationship in the 'details' key."
    )
    return rest_error(
        "PGRST201",
        origin=origin.name,
        target=target,
        details=[_describe(found) for found in matches],
        hint=hint,
    )


def _hint_for(relationship: Relationship) -> str:
    junction = relationship.junction
    return junction.table.name if junction else relationship.constraint


def _describe(relationship: Relationship) -> dict[str, str]:
    return {
        "cardinality": relationship.cardinality.value,
        "embedding": f"{relationship.source.name} with {relationship.target.name}",
        "relationship": _describe_columns(relationship),
    }


def _describe_columns(relationship: Relationship) -> str:
    junction = relationship.junction
    if junction:
        source = ", ".join(inner for _, inner in junction.source_columns)
        target = ", ".join(inner for _, inner in junction.target_columns)
        return (
            f"{junction.table.name} using {junction.source_constraint}({source})"
            f" and {junction.target_constraint}({target})"
        )
    source = ", ".join(here for here, _ in relationship.columns)
    target = ", ".join(there for _, there in relationship.columns)
    return (
        f"{relationship.constraint} using {relationship.source.name}({source})"
        f" and {relationship.target.name}({target})"
    )
