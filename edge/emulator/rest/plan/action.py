"""Intent + schema cache → Plan. Pure; rejects the impossible (PGRST2xx)."""

from dataclasses import replace

from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.errors import RestError, rest_error
from edge.emulator.rest.plan.call import plan_call, result_relation
from edge.emulator.rest.plan.mutate import plan_mutation, require_where
from edge.emulator.rest.plan.read import ReadPlanner
from edge.emulator.rest.plan.scope import Demands
from edge.emulator.rest.plan.tree import BodyShape, Call, Plan
from edge.emulator.rest.query.terms import RowRange
from edge.emulator.rest.request.api_request import Action, ApiRequest
from edge.emulator.rest.request.media import CSV, MediaType, choose_answer
from edge.emulator.rest.request.preferences import require_valid
from edge.emulator.rest.schema.model import Identifier, Relation, SchemaCache
from edge.emulator.rest.schema.suggest import nearest_name


def plan_request(request: ApiRequest, cache: SchemaCache, config: RestConfig) -> Plan:
    """The plan for anything that needs the database's data."""
    if request.is_routine:
        plan = _plan_call(request, cache, config)
    elif request.is_mutation:
        plan = _plan_mutation(request, cache)
    else:
        plan = _plan_read(request, cache, config)
    require_valid(request.preferences)
    if config.safeupdate:
        require_where(plan.source)
    return _with_count(plan, request, config)


def find_relation(request: ApiRequest, cache: SchemaCache) -> Relation:
    """PGRST205 when there is no such table or view."""
    relation = cache.relations.get(Identifier(request.schema, request.name))
    if relation is None or not relation.is_queryable:
        raise _unknown_table(request, cache)
    return relation


def _unknown_table(request: ApiRequest, cache: SchemaCache) -> RestError:
    names = [
        found.id.name
        for found in cache.relations.values()
        if found.id.schema == request.schema and found.is_queryable
    ]
    best = nearest_name(request.name, names, at_least=0.75)
    hint = f"Perhaps you meant the table '{request.schema}.{best}'" if best else None
    return rest_error("PGRST205", schema=request.schema, table=request.name, hint=hint)


def _demands(request: ApiRequest, own: RowRange) -> Demands:
    query = request.query
    return Demands(query.filters, query.orders, {**query.ranges, (): own})


def _plan_read(request: ApiRequest, cache: SchemaCache, config: RestConfig) -> Plan:
    relation = find_relation(request, cache)
    planner = ReadPlanner(cache, config.max_rows)
    demands = _demands(request, request.range)
    read = planner.plan(request.query.select, relation, demands, relation.id)
    media = choose_answer(request.raw.headers.get("accept"))
    return Plan(read, media, _shape(media, has_body=not request.is_head))


def _plan_mutation(request: ApiRequest, cache: SchemaCache) -> Plan:
    """Root filters and limits belong to the mutation; the read half gives back all its rows."""
    relation = find_relation(request, cache)
    demands = _demands(request, RowRange())
    demands = replace(demands, filters=tuple(found for found in demands.filters if found[0]))
    read = ReadPlanner(cache).plan(request.query.select, relation, demands, None)
    mutation = plan_mutation(request, relation, read)
    media = choose_answer(request.raw.headers.get("accept"))
    body = _shape(media, has_body=request.preferences.wants_body)
    return Plan(read, media, body, mutation, is_read_only=False)


def _plan_call(request: ApiRequest, cache: SchemaCache, config: RestConfig) -> Plan:
    call = plan_call(request, cache)
    relation = result_relation(call.routine, cache)
    planner = ReadPlanner(cache, config.max_rows)
    read = planner.plan(request.query.select, relation, _demands(request, request.range), None)
    media = choose_answer(request.raw.headers.get("accept"))
    is_read_only = request.action is Action.CALL_SAFELY or not call.routine.is_volatile
    body = _call_shape(media, call, has_body=not request.is_head)
    return Plan(read, media, body, call, is_read_only)


def _shape(media: MediaType, *, has_body: bool) -> BodyShape:
    if not has_body:
        return BodyShape("none")
    if media.name == CSV:
        return BodyShape("csv")
    return BodyShape("first" if media.is_single else "array", strips_nulls=media.strips_nulls)


def _call_shape(media: MediaType, call: Call, *, has_body: bool) -> BodyShape:
    shape = _shape(media, has_body=has_body)
    if shape.kind == "array" and not call.routine.returns_set:
        shape = replace(shape, kind="first")
    return replace(shape, is_scalar=call.is_scalar)


def _with_count(plan: Plan, request: ApiRequest, config: RestConfig) -> Plan:
    count = request.preferences.count
    if request.is_mutation or count is None:
        return plan
    return replace(
        plan,
        counts_exactly=count in {"exact", "estimated"},
        counts_by_plan=count in {"planned", "estimated"},
        max_rows=config.max_rows if count == "estimated" else None,
    )
