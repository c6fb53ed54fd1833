"""Schema of the answer: from `output_config.format`, or the input schema of a forced tool.

Follows https://platform.claude.com/docs/en/build-with-claude/structured-outputs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from edge.emulator.providers.anthropic.errors import invalid
from edge.emulator.providers.anthropic.fields import optional_object, require_objects
from edge.emulator.providers.router import Body

Schema = Mapping[str, Any]

_UNSUPPORTED = ("minimum", "maximum", "multipleOf", "minLength", "maxLength", "maxItems")
_MOST_NODES = 5_000
_PLACE = "output_config.format.schema"


@dataclass(frozen=True, slots=True)
class Shape:
    """`tool` names the tool whose input the schema describes; None for plain text answers."""

    schema: Schema | None = None
    tool: str | None = None


def read_shape(body: Body) -> Shape:
    """Read the required shape; raise AnthropicError for schemas that the API rejects."""
    tool = _choose_tool(body)
    if tool is not None:
        return Shape(cast("Schema", tool.get("input_schema") or {}), str(tool.get("name")))
    output_format = optional_object(optional_object(body, "output_config"), "format")
    if not output_format:
        return Shape()
    if output_format.get("type") != "json_schema":
        raise invalid("output_config.format.type: Input should be 'json_schema'")
    schema = optional_object(output_format, "schema")
    if not schema:
        raise invalid(f"{_PLACE}: Field required")
    _check(schema, iter(range(_MOST_NODES)))
    return Shape(schema)


def _choose_tool(body: Body) -> Mapping[str, Any] | None:
    """Return the tool that tool_choice forces; None for `auto` and `none`."""
    choice = optional_object(body, "tool_choice")
    tools = require_objects("tools", body.get("tools") or [])
    kind = choice.get("type", "auto")
    if kind not in {"auto", "any", "tool", "none"}:
        raise invalid("tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'")
    if kind in {"auto", "none"}:
        return None
    if not tools:
        raise invalid("tool_choice: may only be specified while providing tools")
    if kind == "any":
        return tools[0]
    named = [tool for tool in tools if tool.get("name") == choice.get("name")]
    if not named:
        raise invalid(f"Tool '{choice.get('name')}' not found in provided tools")
    return named[0]


def _check(node: Any, left: Iterator[int]) -> None:
    """Check the API's rules for output schemas: closed objects, no numeric or length bounds.

    `left` is used up by one for each part of the schema.
    """
    if isinstance(node, list):
        for item in cast("Sequence[Any]", node):
            _check(item, left)
    if not isinstance(node, Mapping):
        return
    if next(left, None) is None:
        raise invalid(f"{_PLACE}: Schema is too complex. Use fewer properties, or several requests")
    schema = cast("Schema", node)
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        raise invalid(
            f"{_PLACE}: For 'object' type, 'additionalProperties' must be explicitly set to false"
        )
    _check_bounds(schema)
    for key, value in schema.items():
        if key in {"properties", "$defs", "definitions"}:
            _check(list(cast("Schema", value).values()), left)
        elif key not in {"enum", "const", "default", "examples"}:
            _check(value, left)


def _check_bounds(schema: Schema) -> None:
    kind = schema.get("type")
    for keyword in _UNSUPPORTED:
        if keyword in schema and isinstance(kind, str):
            raise invalid(f"{_PLACE}: For '{kind}' type, property '{keyword}' is not supported")
