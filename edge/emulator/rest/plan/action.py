"""Plan an ApiRequest with the schema cache. Pure; raises PGRST2xx for unknown names.

Follows PostgREST's Plan.hs (actionPlan).
"""

from dataclasses import replace

from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.errors import RestError, rest_error
from edge.emulator.rest.plan.call import plan_call, result_relation
from edge.emulator.rest.plan.mutate import plan_mutation, require_where
from edge.emulator.rest.plan.read import ReadPlanner
from edge.emulator.rest.plan.scope import ScopedParams
from edge.emulator.rest.plan.tree import STAR, BodyShape, Call, Comparison, Plan, ReadNode
from edge.emulator.rest.query.terms import RowRange
from edge.emulator.rest.request.api_request import Action, ApiRequest
from edge.emulator.rest.request.media import CSV, MediaType, choose_handlers, negotiate
from edge.emulator.rest.request.preferences import require_valid
from edge.emulator.rest.schema.model import Identifier, Relation, SchemaCache
from edge.emulator.rest.schema.suggest import suggest_name


def plan_request(request: ApiRequest, cache: SchemaCache, config: RestConfig) -> Plan:
    """Plan a read, a mutation or a function call."""
    # /rpc/add?a=1&b=2
    if request.is_routine:
        plan = _plan_call(request, cache, config)
    # POST, PATCH, PUT or DELETE /projects
    elif request.is_mutation:
        plan = _plan_mutation(request, cache, config)
    # GET /projects
    else:
        plan = _plan_read(request, cache, config)
    require_valid(request.preferences)
    if config.safeupdate:
        require_where(plan.source)
    return _with_count(plan, request, config)


def find_relation(request: ApiRequest, cache: SchemaCache) -> Relation:
    """Return the table or view of the request; raises PGRST205 if there is none."""
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
    best = suggest_name(request.name, names, at_least=0.75)
    hint = f"Perhaps you meant the table '{request.schema}.{best}'" if best else None
    return rest_error("PGRST205", schema=request.schema, table=request.name, hint=hint)


def _scope_params(request: ApiRequest, own: RowRange) -> ScopedParams:
    query = request.query
    return ScopedParams(query.filters, query.orders, {**query.ranges, (): own})


def _plan_read(request: ApiRequest, cache: SchemaCache, config: RestConfig) -> Plan:
    # GET /projects?select=id,clients(name)&id=gt.1&order=name&limit=10
    relation = find_relation(request, cache)
    planner = ReadPlanner(cache, config.max_rows, config.aggregates_enabled)
    params = _scope_params(request, request.range)
    read = planner.plan(request.query.select, relation, params, relation.id)
    media = _negotiate(request, relation, read, cache, config)
    return Plan(read, media, _shape(media, has_body=not request.is_head))


def _plan_mutation(request: ApiRequest, cache: SchemaCache, config: RestConfig) -> Plan:
    """Apply root filters to the write; the read returns every written row."""
    # PATCH /projects?id=eq.1&select=id,tasks(id)&tasks.id=gt.1: the last filter is the read's
    relation = find_relation(request, cache)
    params = _scope_params(request, RowRange())
    params = replace(params, filters=tuple(found for found in params.filters if found[0]))
    planner = ReadPlanner(cache, aggregates_enabled=config.aggregates_enabled)
    read = planner.plan(request.query.select, relation, params, None)
    mutation = plan_mutation(request, relation, read)
    media = _negotiate(request, relation, read, cache, config)
    body = _shape(media, has_body=request.preferences.wants_body)
    return Plan(read, media, body, mutation, is_read_only=False)


def _plan_call(request: ApiRequest, cache: SchemaCache, config: RestConfig) -> Plan:
    call = plan_call(request, cache)
    relation = result_relation(call.routine, cache)
    planner = ReadPlanner(cache, config.max_rows, config.aggregates_enabled)
    read = planner.plan(request.query.select, relation, _scope_params(request, request.range), None)
    call = replace(call, returning=_returning(read, relation))
    media = _negotiate(request, relation, read, cache, config)
    # GET /rpc/add?a=1&b=2; POST /rpc/add, where add is stable or immutable
    is_read_only = request.action is Action.CALL_SAFELY or not call.routine.is_volatile
    body = _call_shape(media, call, has_body=not request.is_head)
    return Plan(read, media, body, call, is_read_only)


def _returning(read: ReadNode, relation: Relation) -> tuple[str, ...]:
    """Return the columns of a function's rows, and the computed fields that are read."""
    # /rpc/search_projects?select=id,age, where age(projects) is overloaded: it needs the row's type
    names = [field.value.column for field in read.fields]
    if STAR in names:
        return (STAR,)
    compared = (each.value.column for each in read.where if isinstance(each, Comparison))
    names += [*compared, *(term.value.column for term in read.order)]
    computed = [name for name in names if name in relation.computed.keys() - relation.columns]
    return (STAR, *dict.fromkeys(computed))


def _negotiate(
    request: ApiRequest, relation: Relation, read: ReadNode, cache: SchemaCache, config: RestConfig
) -> MediaType:
    """Choose the media type; the resource's own handlers render its rows with all columns."""
    # /rpc/logo, where logo() returns the domain "image/png"; /projects with Accept: text/html
    is_whole = [field.value.column for field in read.fields] == [STAR] and not read.embeds
    own = Identifier(request.schema, relation.id.name) if is_whole else None
    handlers = choose_handlers(cache.handlers, own)
    accept = request.raw.headers.get("accept")
    return negotiate(accept, handlers, plan_enabled=config.plan_enabled)


def _shape(media: MediaType, *, has_body: bool) -> BodyShape:
    # HEAD /projects; POST /projects with `Prefer: return=minimal`
    if not has_body:
        return BodyShape("none")
    # /projects with Accept: text/html, for which a function renders the rows
    if media.handler:
        return BodyShape("handler", handler=media.handler)
    # /projects with Accept: text/csv
    if media.name == CSV:
        return BodyShape("csv")
    # /projects?id=eq.1 with Accept: application/vnd.pgrst.object+json: "first"
    return BodyShape("first" if media.is_single else "array", strips_nulls=media.strips_nulls)


def _call_shape(media: MediaType, call: Call, *, has_body: bool) -> BodyShape:
    shape = _shape(media, has_body=has_body)
    # /rpc/first_project, which returns one row instead of a set: an object, not an array
    if shape.kind == "array" and not call.routine.returns_set:
        shape = replace(shape, kind="first")
    # /rpc/logo: the handler takes the value, or a row of the set
    is_scalar = call.is_scalar and not (shape.handler and call.routine.returns_set)
    return replace(shape, is_scalar=is_scalar, is_one=not call.routine.returns_set)


def _with_count(plan: Plan, request: ApiRequest, config: RestConfig) -> Plan:
    count = request.preferences.count
    if request.is_mutation or count is None or plan.media.explain:
        return plan
    return replace(
        plan,
        counts_exactly=count in {"exact", "estimated"},
        counts_by_plan=count in {"planned", "estimated"},
        max_rows=config.max_rows if count == "estimated" else None,
    )
