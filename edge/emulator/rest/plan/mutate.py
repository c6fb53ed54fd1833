"""Plan inserts, updates, upserts and deletes, and the columns that the response needs.

Follows PostgREST's Plan.hs (mutatePlan).
"""

from edge.emulator.rest.errors import RestError, rest_error
from edge.emulator.rest.plan.columns import needed_columns
from edge.emulator.rest.plan.read import plan_filters
from edge.emulator.rest.plan.tree import (
    PAYLOAD_ROWS,
    STAR,
    WRITTEN,
    Call,
    Delete,
    Insert,
    Mutation,
    Predicate,
    ReadNode,
    Update,
)
from edge.emulator.rest.query.terms import Filter, LogicTree
from edge.emulator.rest.request.api_request import Action, ApiRequest
from edge.emulator.rest.request.payload import Payload
from edge.emulator.rest.schema.model import Column, Relation


def plan_mutation(request: ApiRequest, relation: Relation, read: ReadNode) -> Mutation:
    """Plan the write; `read` is the plan of the response's rows."""
    returning = _plan_returning(request, relation, read)
    match request.action:
        # DELETE /projects?id=eq.1
        case Action.DELETE:
            return Delete(relation.id, _plan_where(request, relation), returning)
        # PATCH /projects?id=eq.1
        case Action.UPDATE:
            return _plan_update(request, relation, returning)
        # PUT /projects?id=eq.1
        case Action.UPSERT_ONE:
            return _plan_upsert_one(request, relation, returning)
        # POST /projects
        case _:
            return _plan_insert(request, relation, returning)


def require_where(source: Mutation | Call | None) -> None:
    """Raise 21000 for an unfiltered write, as pg-safeupdate does in a hosted project's API.

    An update without columns to set is allowed. See github.com/eradman/pg-safeupdate.
    """
    match source:
        # DELETE /projects
        case Delete(where=()):
            raise RestError("21000", 400, "DELETE requires a WHERE clause")
        # PATCH /projects
        case Update(where=(), columns=(_, *_)):
            raise RestError("21000", 400, "UPDATE requires a WHERE clause")
        case _:
            pass


def _root_filters(request: ApiRequest) -> list[LogicTree]:
    return [tree for path, tree in request.query.filters if not path]


def _plan_where(request: ApiRequest, relation: Relation) -> tuple[Predicate, ...]:
    return plan_filters(_root_filters(request), relation, WRITTEN)


def _plan_returning(request: ApiRequest, relation: Relation, read: ReadNode) -> tuple[str, ...]:
    # PATCH /projects?id=eq.1 without `Prefer: return=representation`
    if request.preferences.returns not in {"representation", "headers-only"}:
        return ()
    # POST /clients?select=id,recent_projects(name): the function may read any column
    if any(embed.relationship.function for embed in read.embeds):
        return (STAR,)
    own = [field for field in read.fields if field.value.table == read.alias]
    # POST /projects?select=id,clients(name): RETURNING needs client_id to join clients
    joins = [here for embed in read.embeds for here, _ in embed.relationship.source_columns]
    return needed_columns(own, joins, relation.primary_key)


def _payload(request: ApiRequest) -> Payload:
    return request.payload or Payload(b"[]")


def _columns(payload: Payload, relation: Relation) -> tuple[Column, ...]:
    # POST /projects with {"no_such_column": 1}, POST /projects?columns=no_such_column
    missing = next((key for key in payload.keys if key not in relation.columns), None)
    if missing is not None:
        raise rest_error("PGRST204", column=missing, table=relation.id.name)
    return tuple(relation.columns[key] for key in payload.keys)


def _plan_insert(request: ApiRequest, relation: Relation, returning: tuple[str, ...]) -> Insert:
    payload = _payload(request)
    # POST /projects?on_conflict=name with resolution=merge-duplicates
    conflict = request.query.on_conflict or relation.primary_key
    unknown = [name for name in conflict if name not in relation.columns]
    if unknown:
        raise rest_error("42703", relation=relation.id.name, column=unknown[0])
    return Insert(
        table=relation.id,
        columns=_columns(payload, relation),
        payload=payload,
        returning=returning,
        primary_key=relation.primary_key,
        resolution=request.preferences.resolution if conflict else None,
        conflict=conflict,
        applies_defaults=request.preferences.missing == "default",
    )


def _plan_upsert_one(request: ApiRequest, relation: Relation, returning: tuple[str, ...]) -> Insert:
    filters = _root_filters(request)
    # PUT /projects?name=eq.x, PUT /projects?id=gt.1: only id=eq.… names one row
    if not _is_exactly_key(filters, relation):
        raise rest_error("PGRST105")
    payload = _payload(request)
    return Insert(
        table=relation.id,
        columns=_columns(payload, relation),
        payload=payload,
        returning=returning,
        primary_key=relation.primary_key,
        resolution="merge-duplicates",
        conflict=relation.primary_key,
        conditions=plan_filters(filters, relation, PAYLOAD_ROWS),
    )


# PUT /projects?id=eq.1; with a key of two columns PUT /seats?row=eq.1&number=eq.2
def _is_exactly_key(filters: list[LogicTree], relation: Relation) -> bool:
    names = [
        tree.field.name
        for tree in filters
        if isinstance(tree, Filter)
        and not tree.field.path
        and tree.condition.operator == "eq"
        and not tree.condition.is_negated
        and tree.condition.modifier is None
    ]
    return bool(names) and len(names) == len(filters) and set(names) == set(relation.primary_key)


def _plan_update(request: ApiRequest, relation: Relation, returning: tuple[str, ...]) -> Update:
    # PATCH /projects?id=eq.1 with {"name": "Lamp"}
    payload = _payload(request)
    return Update(
        table=relation.id,
        columns=_columns(payload, relation),
        payload=payload,
        where=_plan_where(request, relation),
        returning=returning,
        applies_defaults=request.preferences.missing == "default",
    )
