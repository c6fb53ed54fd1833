"""Filters of `/v3/list-calls`, as in CallListParams of retell-sdk.

Raises 400 for filters on fields that are not emulated.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from edge.emulator.providers.retell.call_document import Document
from edge.emulator.providers.retell.errors import invalid

STARTED: Final = "_started"  # start time, or creation time if not started
_BOUNDS: Final = 2
_KINDS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "number": (int, float),
    "boolean": bool,
    "enum": list,
    "range": list,
    "present": object,
}

Compare = Callable[[Any, Any], bool]
_OPERATORS: Final[Mapping[str, Compare]] = {
    "eq": lambda have, want: have == want,
    "ne": lambda have, want: have != want,
    "sw": lambda have, want: isinstance(have, str) and have.startswith(want),
    "ew": lambda have, want: isinstance(have, str) and have.endswith(want),
    "co": lambda have, want: isinstance(have, str) and want in have,
    "gt": lambda have, want: have is not None and have > want,
    "ge": lambda have, want: have is not None and have >= want,
    "lt": lambda have, want: have is not None and have < want,
    "le": lambda have, want: have is not None and have <= want,
    "bt": lambda have, want: have is not None and want[0] <= have <= want[1],
    "in": lambda have, want: have in want,
    "pr": lambda have, want: have is not None,
    "np": lambda have, want: have is None,
}
_FIELDS: Final[Mapping[str, Callable[[Document], Any]]] = {
    "batch_call_id": lambda call: call.get("batch_call_id"),
    "call_id": lambda call: call["call_id"],
    "call_status": lambda call: call["call_status"],
    "call_type": lambda call: call["call_type"],
    "direction": lambda call: call["direction"],
    "disconnection_reason": lambda call: call.get("disconnection_reason"),
    "duration_ms": lambda call: call.get("duration_ms"),
    "start_timestamp": lambda call: call[STARTED],
    "end_timestamp": lambda call: call.get("end_timestamp"),
    "from_number": lambda call: call["from_number"],
    "to_number": lambda call: call["to_number"],
    "combined_cost": lambda call: call.get("call_cost", {}).get("combined_cost"),
    "call_successful": lambda call: call.get("call_analysis", {}).get("call_successful"),
    "in_voicemail": lambda call: call.get("call_analysis", {}).get("in_voicemail"),
    "user_sentiment": lambda call: call.get("call_analysis", {}).get("user_sentiment"),
}
_KEYED_FIELDS: Final = {
    "metadata": "metadata",
    "dynamic_variables": "retell_llm_dynamic_variables",
}


def parse_criteria(criteria: Any) -> Callable[[Document], bool]:
    """Compile filter_criteria into a predicate; all filters must match."""
    if criteria is None:
        return lambda document: True
    if not isinstance(criteria, dict):
        raise invalid("filter_criteria must be object")
    given = cast("dict[str, Any]", criteria)
    tests = [test for name, value in given.items() for test in _parse_field(name, value)]
    return lambda document: all(test(document) for test in tests)


def _parse_field(name: str, value: Any) -> list[Callable[[Document], bool]]:
    if name == "agent":
        wanted = {item.get("agent_id") for item in _items(name, value)}
        return [lambda document: document["agent_id"] in wanted]
    if name in _KEYED_FIELDS:
        return [_keyed_test(_KEYED_FIELDS[name], item) for item in _items(name, value)]
    if name not in _FIELDS:
        raise invalid(f"filter_criteria/{name} is not supported")
    return [_test(_FIELDS[name], _mapping(name, value))]


def _keyed_test(field: str, criterion: Mapping[str, Any]) -> Callable[[Document], bool]:
    key = criterion.get("key")
    if not isinstance(key, str):
        raise invalid(f"filter_criteria/{field} must have required property 'key'")

    def read(document: Document) -> Any:
        values: Mapping[str, Any] = document.get(field, {})
        return values.get(key)

    return _test(read, criterion)


def _test(
    read: Callable[[Document], Any], criterion: Mapping[str, Any]
) -> Callable[[Document], bool]:
    compare = _OPERATORS.get(criterion.get("op", ""))
    wanted = criterion.get("value")
    if compare is None:
        raise invalid(f"filter_criteria: unknown op {criterion.get('op')!r}")
    _check_value(criterion, wanted)
    return lambda document: _compare(compare, read(document), wanted)


def _check_value(criterion: Mapping[str, Any], wanted: Any) -> None:
    kind = _KINDS.get(criterion.get("type", ""))
    if kind is None or not isinstance(wanted, kind):
        raise invalid("filter_criteria: value does not match type")
    if criterion["op"] == "bt" and len(cast("list[Any]", wanted)) != _BOUNDS:
        raise invalid("filter_criteria: a range has two bounds")


def _compare(compare: Compare, have: Any, want: Any) -> bool:
    try:
        return compare(have, want)
    except TypeError:  # text and number are not ordered
        return False


def _items(name: str, value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise invalid(f"filter_criteria/{name} must be array")
    return [_mapping(name, item) for item in cast("list[Any]", value)]


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise invalid(f"filter_criteria/{name} must be object")
    return cast("dict[str, Any]", value)
