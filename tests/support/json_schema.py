"""A small JSON Schema validator, independent of the engine that it checks."""

import math
import re
import uuid
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

_TYPES = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_FORMATS = {
    "date": date.fromisoformat,
    "date-time": datetime.fromisoformat,
    "uuid": uuid.UUID,
    "email": lambda text: re.fullmatch(r"[^@\s]+@[^@\s]+", text).group(),
}


def problems(schema: Any, value: Any, root: Any = None, at: str = "$") -> list[str]:
    """List every violation of the schema by the value."""
    return list(_problems(schema, value, schema if root is None else root, at))


def _problems(schema: Any, value: Any, root: Any, at: str) -> Iterator[str]:
    if isinstance(schema, bool):
        if not schema:
            yield f"{at}: nothing is allowed here"
        return
    if "$ref" in schema:
        target = root
        for token in schema["$ref"].lstrip("#").strip("/").split("/"):
            target = target[token] if token else target
        yield from _problems(target, value, root, at)
    yield from _combined(schema, value, root, at)
    if "const" in schema and value != schema["const"]:
        yield f"{at}: not the constant"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} not in the enumeration"
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(_TYPES[name](value) for name in types):
        yield f"{at}: {value!r} is not {types}"
    yield from _by_kind(schema, value, root, at)


def _combined(schema: Any, value: Any, root: Any, at: str) -> Iterator[str]:
    for part in schema.get("allOf", []):
        yield from _problems(part, value, root, at)
    for keyword in ("anyOf", "oneOf"):
        fitting = [not problems(part, value, root) for part in schema.get(keyword, [])]
        if keyword in schema and not any(fitting):
            yield f"{at}: fits no branch of {keyword}"


def _by_kind(schema: Any, value: Any, root: Any, at: str) -> Iterator[str]:
    if isinstance(value, str):
        yield from _string(schema, value, at)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        yield from _number(schema, value, at)
    elif isinstance(value, list):
        yield from _array(schema, value, root, at)
    elif isinstance(value, dict):
        yield from _object(schema, value, root, at)


def _string(schema: Any, value: str, at: str) -> Iterator[str]:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf):
        yield f"{at}: length {len(value)}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{at}: {value!r} does not match {schema['pattern']}"
    if schema.get("format") in _FORMATS:
        try:
            _FORMATS[schema["format"]](value)
        except (ValueError, AttributeError):
            yield f"{at}: {value!r} is no {schema['format']}"


def _number(schema: Any, value: float, at: str) -> Iterator[str]:
    if not schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf):
        yield f"{at}: {value} out of bounds"
    if value <= schema.get("exclusiveMinimum", -math.inf):
        yield f"{at}: {value} at or under the exclusive minimum"
    if value >= schema.get("exclusiveMaximum", math.inf):
        yield f"{at}: {value} at or over the exclusive maximum"
    step = schema.get("multipleOf")
    if step and not math.isclose(value / step, round(value / step), abs_tol=1e-9):
        yield f"{at}: {value} is no multiple of {step}"


def _array(schema: Any, value: list[Any], root: Any, at: str) -> Iterator[str]:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
        yield f"{at}: {len(value)} items"
    if schema.get("uniqueItems") and len({repr(item) for item in value}) < len(value):
        yield f"{at}: repeated items"
    fixed = schema.get("prefixItems", [])
    for index, item in enumerate(value):
        part = fixed[index] if index < len(fixed) else schema.get("items", True)
        yield from _problems(part, item, root, f"{at}[{index}]")


def _object(schema: Any, value: dict[str, Any], root: Any, at: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{at}: {name} is missing"
    if len(value) < schema.get("minProperties", 0):
        yield f"{at}: too few properties"
    for name, item in value.items():
        part = properties.get(name, schema.get("additionalProperties", True))
        yield from _problems(part, item, root, f"{at}.{name}")
