"""Map types and defaults of Postgres to those of OpenAPI 2.0.

Follows PostgREST's Response/OpenAPI.hs (toSwaggerType, toSwaggerFormat, parseDefault).
"""

import json
from typing import Any, Final

_TYPES: Final = {
    "character varying": "string",
    "character": "string",
    "text": "string",
    "boolean": "boolean",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "numeric": "number",
    "real": "number",
    "double precision": "number",
    "json": None,
    "jsonb": None,
}
_FORMATS: Final = {"smallint": "int32", "integer": "int32", "bigint": "int64"}
_ARRAY: Final = "[]"
Schema = dict[str, Any]


def type_of(name: str) -> str | None:
    """Return the OpenAPI type of a Postgres type; None for JSON, which may be any."""
    if name in _TYPES:
        return _TYPES[name]
    return "array" if name.endswith(_ARRAY) else "string"


def format_of(name: str) -> str:
    return _FORMATS.get(name, name)


def describe_type(name: str) -> Schema:
    """Return the schema of a value of a type."""
    schema: Schema = {"format": format_of(name)}
    kind = type_of(name)
    if kind:
        schema["type"] = kind
    if kind == "array":
        element = type_of(name.removesuffix(_ARRAY))
        schema["items"] = {"type": element} if element else {}
    return schema


def describe_argument(name: str, *, is_variadic: bool) -> Schema:
    """Return the type of an argument in the query: an array is text, unless it is variadic."""
    kind = type_of(name)
    if not is_variadic:
        return {"format": format_of(name), "type": "string" if kind in {None, "array"} else kind}
    element = name.removesuffix(_ARRAY)
    items: Schema = {"format": format_of(element)}
    if of_element := type_of(element):
        items["type"] = of_element
    return {"type": kind or "string", "collectionFormat": "multi", "items": items}


def parse_default(type_name: str, expression: str | None) -> Any:
    """Return a default's value, the text of an expression; None for what JSON cannot tell.

    `'a'::text` is "a", `now()` of a timestamp is "now()", `nextval(…)` of a number is none.
    """
    if expression is None:
        return None
    text = expression
    if type_of(type_name) == "string":
        bare = expression.removesuffix(f"::{type_name}")
        text = f'"{expression if bare == expression else bare.strip(chr(39))}"'
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
