"""JSON Schema nodes with $ref and allOf resolved.

Follows https://json-schema.org/draft/2020-12, as far as the providers' structured outputs use it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast
from urllib.parse import unquote

Node: TypeAlias = Mapping[str, Any]

_TYPE_BY_KEYWORD = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "items": "array",
    "prefixItems": "array",
    "minItems": "array",
    "minimum": "number",
    "maximum": "number",
    "multipleOf": "number",
}
_MOST_REFERENCES = 32
_BOUND = re.compile(
    r"\b(minimum|maximum|minItems|maxItems|minLength|maxLength): ?(-?\d+(?:\.\d+)?)"
)


@dataclass(frozen=True, slots=True)
class SchemaDocument:
    """A root schema, in which references are resolved."""

    root: Node

    def resolve(self, schema: object) -> Node:
        """Merge $ref and allOf into the node; `true` and invalid schemas give {}."""
        node = _as_node(schema)
        for _ in range(_MOST_REFERENCES):
            if "$ref" not in node and "allOf" not in node:
                break
            node = self._merge_once(node)
        return _read_described_bounds(node)

    def _merge_once(self, node: Node) -> Node:
        own = {key: value for key, value in node.items() if key not in {"$ref", "allOf"}}
        parts = [_as_node(part) for part in cast("Sequence[object]", node.get("allOf", ()))]
        if "$ref" in node:
            parts.insert(0, self._look_up(str(node["$ref"])))
        merged: Node = own
        for part in parts:
            merged = merge(part, merged)
        return merged

    def _look_up(self, reference: str) -> Node:
        """Follow a local JSON pointer; other references give {}."""
        if not reference.startswith("#"):
            return {}
        found: Any = self.root
        for token in filter(None, reference[1:].split("/")):
            key = unquote(token).replace("~1", "/").replace("~0", "~")
            found = _step_into(found, key)
        return _as_node(found)


def _step_into(value: Any, key: str) -> Any:
    if not isinstance(value, list):
        return _as_node(value).get(key, {})
    items = cast("list[Any]", value)
    return items[int(key)] if key.isdigit() and int(key) < len(items) else {}


def merge(base: Node, over: Node) -> Node:
    """Merge so that both hold: unite properties and required, keep the tighter bounds."""
    merged = {**base, **over}
    for key, tighter in (("minimum", max), ("minItems", max), ("minLength", max)):
        if key in base and key in over:
            merged[key] = tighter(base[key], over[key])
    for key in ("maximum", "maxItems", "maxLength"):
        if key in base and key in over:
            merged[key] = min(base[key], over[key])
    if "properties" in base and "properties" in over:
        merged["properties"] = {**base["properties"], **over["properties"]}
    if "required" in base and "required" in over:
        merged["required"] = list(dict.fromkeys([*base["required"], *over["required"]]))
    if "allOf" in base and "allOf" in over:
        merged["allOf"] = [*base["allOf"], *over["allOf"]]
    return merged


def types_of(node: Node) -> tuple[str, ...]:
    """Return the types a node allows, implied by its keywords if unnamed; () allows any."""
    named = node.get("type")
    if isinstance(named, str):
        return (named,)
    if isinstance(named, list):
        return tuple(map(str, cast("list[object]", named)))
    for keyword, implied in _TYPE_BY_KEYWORD.items():
        if keyword in node:
            return (implied,)
    return ()


def branches_of(node: Node) -> tuple[Node, ...]:
    """Return the alternatives of anyOf or oneOf, each merged with its sibling keywords."""
    alternatives = cast("Sequence[object]", node.get("anyOf") or node.get("oneOf") or ())
    beside = {key: value for key, value in node.items() if key not in {"anyOf", "oneOf"}}
    return tuple(merge(beside, _as_node(each)) for each in alternatives)


def _as_node(schema: Any) -> Node:
    return cast("Node", schema) if isinstance(schema, Mapping) else {}


def _read_described_bounds(node: Node) -> Node:
    """Apply bounds that the Anthropic SDK moves into the description."""
    description = node.get("description")
    if not isinstance(description, str) or "{" not in description:
        return node
    found = {key: float(value) for key, value in _BOUND.findall(description)}
    return {**found, **node}
