"""Plan function calls: the overload, its arguments, and its result as a relation.

Follows PostgREST's Plan.hs (callReadPlan, callPlan).
"""

from collections.abc import Iterable

from edge.emulator.rest.errors import rest_error
from edge.emulator.rest.plan.routines import find_routine
from edge.emulator.rest.plan.tree import SCALAR, Call
from edge.emulator.rest.request.api_request import Action, ApiRequest
from edge.emulator.rest.schema.model import (
    Column,
    Identifier,
    Parameter,
    Relation,
    Routine,
    SchemaCache,
)


def plan_call(request: ApiRequest, cache: SchemaCache) -> Call:
    """Plan the call; raises PGRST202, PGRST203 or PGRST128."""
    # POST /rpc/add with {"a":1,"b":2} or a form; GET /rpc/add?a=1&b=2
    payload = request.payload
    pairs = payload.arguments if payload else request.query.arguments
    keys = frozenset(payload.keys) if payload else frozenset(name for name, _ in pairs or ())
    content_type = request.content_type if request.action is Action.CALL else None
    name = Identifier(request.schema, request.name)
    routine = find_routine(cache, name, keys, content_type)
    if request.preferences.affected_limit is not None and not routine.returns_set:
        raise rest_error("PGRST128")
    parameters = _chosen_parameters(routine, keys)
    if pairs is None:
        return Call(routine, parameters, payload)
    return Call(routine, parameters, None, _merge_arguments(parameters, pairs))


def _chosen_parameters(routine: Routine, keys: frozenset[str]) -> tuple[Parameter, ...]:
    # POST /rpc/echo, where echo(json) takes the whole body
    if len(routine.parameters) == 1 and not routine.parameters[0].name:
        return routine.parameters
    return tuple(found for found in routine.parameters if found.name in keys)


def _merge_arguments(
    parameters: Iterable[Parameter], pairs: Iterable[tuple[str, str]]
) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
    """Give a variadic parameter every value of its name, any other the last one."""
    # GET /rpc/count_all?v=1&v=2
    values = list(pairs)
    return tuple(
        (found.name, _values_of(found, [value for name, value in values if name == found.name]))
        for found in parameters
    )


def _values_of(parameter: Parameter, values: list[str]) -> str | tuple[str, ...]:
    return tuple(values) if parameter.is_variadic else values[-1]


def result_relation(routine: Routine, cache: SchemaCache) -> Relation:
    """Return the result's columns as a relation, which filters and embeds apply to."""
    # /rpc/search_projects?q=x&select=id,clients(name)&id=gt.1
    known = cache.relations.get(routine.row) if routine.row else None
    if known:
        return known
    columns = routine.columns or {SCALAR: _scalar_column(routine)}
    return Relation(routine.id, "c", columns)


def _scalar_column(routine: Routine) -> Column:
    return Column(SCALAR, routine.return_type, routine.return_type)
