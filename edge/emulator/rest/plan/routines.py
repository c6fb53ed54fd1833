"""Resolve a function call to one overload, by the names of its arguments.

Follows PostgREST's Plan.hs (findProc).
"""

from collections.abc import Iterable, Mapping
from typing import Final

from edge.emulator.rest.errors import RestError, rest_error
from edge.emulator.rest.request import media
from edge.emulator.rest.schema.model import Identifier, Routine, SchemaCache
from edge.emulator.rest.schema.suggest import suggest_name

# A body of this type may be the whole of a single unnamed parameter.
_WHOLE_BODY: Final[Mapping[str, frozenset[str]]] = {
    media.JSON: frozenset({"json", "jsonb"}),
    media.TEXT: frozenset({"text"}),
    media.BYTES: frozenset({"bytea"}),
    media.XML: frozenset({"xml"}),
}


def find_routine(
    cache: SchemaCache, name: Identifier, keys: frozenset[str], content_type: str | None
) -> Routine:
    """Return the overload that takes `keys`; raises PGRST202 if none does, PGRST203 if several.

    `content_type` is that of a POST's body, None for GET.
    """
    overloads = cache.routines.get(name, ())
    by_names = [found for found in overloads if _takes(found, keys, content_type)]
    whole = [found for found in overloads if _takes_whole_body(found, content_type)]
    matches = by_names or [found for found in whole if found not in by_names]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise _ambiguous(matches)
    raise _missing(cache, name, sorted(keys), content_type)


def _takes(routine: Routine, keys: frozenset[str], content_type: str | None) -> bool:
    # POST /rpc/echo, where echo(json) takes the whole body: see below
    if _takes_whole_body(routine, content_type):
        return False
    # GET /rpc/nothing
    if not routine.parameters:
        return not keys and (content_type in {None, media.JSON, media.FORM})
    # GET /rpc/add?a=1, where b has a default
    required = {found.name for found in routine.parameters if found.is_required}
    return required <= keys <= {found.name for found in routine.parameters}


def _takes_whole_body(routine: Routine, content_type: str | None) -> bool:
    # POST /rpc/echo with any JSON, text/plain, application/octet-stream or text/xml body
    if content_type is None or len(routine.parameters) != 1:
        return False
    only = routine.parameters[0]
    return not only.name and only.type in _WHOLE_BODY.get(content_type, frozenset[str]())


# POST /rpc/twice with {"n":1}, where twice(n integer) and twice(n text) exist
def _ambiguous(routines: Iterable[Routine]) -> RestError:
    return rest_error(
        "PGRST203",
        candidates=", ".join(map(_signature, routines)),
        hint="Try renaming the parameters or the function itself in the database"
        " so function overloading can be resolved",
    )


def _signature(routine: Routine) -> str:
    parameters = ", ".join(f"{found.name} => {found.type}" for found in routine.parameters)
    return f"{routine.id}({parameters})"


def _missing(
    cache: SchemaCache, name: Identifier, keys: list[str], content_type: str | None
) -> RestError:
    # POST /rpc/echo with text/plain, where no echo(text) exists
    if content_type in {media.TEXT, media.BYTES, media.XML}:
        kind = next(iter(_WHOLE_BODY[content_type]))
        return rest_error(
            "PGRST202",
            function=name,
            details=f"Searched for the function {name} with a single unnamed {kind} parameter,"
            " but no matches were found in the schema cache.",
        )
    wanted = ", ".join(keys)
    plural = "parameters" if len(keys) > 1 else "parameter"
    searched = f" with {plural} {wanted}" if keys else " without parameters"
    if content_type == media.JSON:
        searched += " or with a single unnamed json/jsonb parameter"
    return rest_error(
        "PGRST202",
        function=f"{name}({wanted})" if keys else f"{name} without parameters",
        details=f"Searched for the function {name}{searched},"
        " but no matches were found in the schema cache.",
        hint=_suggest(cache, name, keys),
    )


def _suggest(cache: SchemaCache, name: Identifier, keys: list[str]) -> str | None:
    # /rpc/add?a=1&c=2: the closest parameter list
    overloads = cache.routines.get(name, ())
    if overloads:
        lists = [_as_list(found.name for found in each.parameters) for each in overloads]
        best = suggest_name(_as_list(keys), lists, at_least=0.33)
        return None if best is None else _call_hint(f"{name}{best}")
    # /rpc/ad?a=1&b=2: the closest function name
    names = [found.name for found in cache.routines if found.schema == name.schema]
    best = suggest_name(name.name, names, at_least=0.75)
    return None if best is None else _call_hint(f"{name.schema}.{best}")


def _as_list(names: Iterable[str]) -> str:
    return f"({', '.join(sorted(names))})"


def _call_hint(target: str) -> str:
    return f"Perhaps you meant to call the function {target}"
