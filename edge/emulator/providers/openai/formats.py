"""Response formats `text`, `json_object` and `json_schema` of chat completions and responses.

Follows https://platform.openai.com/docs/guides/structured-outputs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from edge.emulator.providers.engine.answer import Task
from edge.emulator.providers.openai.errors import (
    OpenAIError,
    invalid_type,
    invalid_value,
    missing_parameter,
)

Schema = Mapping[str, Any]

_MOST_PROPERTIES: Final = 5_000
_DEEPEST: Final = 10
_FORMATS = ("text", "json_object", "json_schema")
_DEFINITIONS = ("$defs", "definitions")
_FORBIDDEN = ("allOf", "not", "if", "dependentRequired", "dependentSchemas")


def with_format(task: Task, place: str, kind: object, named: Mapping[str, Any]) -> Task:
    """Return the task with the format's schema; `place` names the parameter in errors."""
    if kind in {None, "text"}:
        return task
    if kind == "json_object":
        _require_the_word_json(task, place)
        return Task(task.user_texts, task.instructions, wants_json=True)
    if kind != "json_schema":
        supported = ", ".join(f"'{name}'" for name in _FORMATS)
        raise invalid_value(
            f"{place}.type", f"Invalid value: '{kind}'. Supported values are: {supported}."
        )
    if not named.get("name"):
        raise missing_parameter(f"{place}.name")
    schema: object = named.get("schema")
    if schema is None:
        raise missing_parameter(f"{place}.schema")
    if not isinstance(schema, Mapping):
        raise invalid_type(f"{place}.schema", "an object", schema)
    checked = cast("Schema", schema)
    if named.get("strict"):
        _check_strict(checked, str(named["name"]), place)
    return Task(task.user_texts, task.instructions, schema=checked)


def _require_the_word_json(task: Task, place: str) -> None:
    if "json" not in " ".join([task.instructions, *task.user_texts]).lower():
        raise OpenAIError(
            400,
            "Response input messages must contain the word 'json' in some form to use"
            f" '{place}' of type 'json_object'.",
        ).about(place)


def _check_strict(schema: Schema, name: str, place: str) -> None:
    """Check strict mode's rules: closed objects with every property required."""
    if schema.get("type") != "object":
        raise _schema_error(name, place, "schema must be a JSON Schema of 'type: \"object\"'")
    properties = 0
    for path, node in _walk(schema, ()):
        problem = _find_problem(node) or _find_excess(path, properties)
        properties += len(cast("Schema", node.get("properties") or {}))
        if problem:
            raise _schema_error(name, place, f"In context={path!r}, {problem}")


def _schema_error(name: str, place: str, problem: str) -> OpenAIError:
    message = f"Invalid schema for response_format '{name}': {problem}."
    return invalid_value(f"{place}.schema", message, "invalid_json_schema")


def _find_excess(path: tuple[str, ...], properties: int) -> str | None:
    """Return the problem of a schema beyond what structured outputs take."""
    if properties > _MOST_PROPERTIES:
        return f"there are more than {_MOST_PROPERTIES} properties in total"
    if sum(step in {"properties", "items"} for step in path[::2]) > _DEEPEST:
        return f"it is nested more than {_DEEPEST} levels deep"
    return None


def _find_problem(node: Schema) -> str | None:
    forbidden = next((keyword for keyword in _FORBIDDEN if keyword in node), None)
    if forbidden:
        return f"'{forbidden}' is not permitted"
    if node.get("type") != "object" and "properties" not in node:
        return None
    if node.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false"
    required = cast("Sequence[str]", node.get("required") or ())
    properties = cast("Schema", node.get("properties") or {})
    missing = [key for key in properties if key not in required]
    if missing:
        return (
            "'required' is required to be supplied and to be an array including every key in"
            f" properties. Missing '{missing[0]}'"
        )
    return None


def _walk(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Schema]]:
    """Yield every subschema with its path."""
    if not isinstance(node, Mapping):
        return
    schema = cast("Schema", node)
    yield path, schema
    for keyword in ("properties", *_DEFINITIONS):
        for key, value in cast("Schema", schema.get(keyword) or {}).items():
            yield from _walk(value, (*path, keyword, key))
    if "items" in schema:
        yield from _walk(schema["items"], (*path, "items"))
    for index, value in enumerate(cast("Sequence[Any]", schema.get("anyOf") or ())):
        yield from _walk(value, (*path, "anyOf", str(index)))
