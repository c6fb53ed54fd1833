"""Faults in a list of an otherwise valid JSON answer: item missing, repeated or renumbered."""

import json
from typing import Any, cast

from edge.emulator.providers.faults import FaultKind

_RENUMBER_OFFSET = 1000


def inject_item_fault(text: str, kind: FaultKind) -> str:
    """Inject the fault into the first list of objects; return other text unchanged."""
    if kind not in {FaultKind.MISSING_ITEM, FaultKind.REPEATED_ITEM, FaultKind.RENUMBERED_ITEM}:
        return text
    try:
        answer = json.loads(text)
    except ValueError:
        return text
    items = _first_list(answer)
    if items:
        _change_items(items, kind)
    return json.dumps(answer, ensure_ascii=False)


def _first_list(answer: object) -> list[dict[str, Any]]:
    values = cast("dict[str, object]", answer).values() if isinstance(answer, dict) else ()
    lists = (cast("list[dict[str, Any]]", value) for value in values if isinstance(value, list))
    return next(lists, list[dict[str, Any]]())


def _change_items(items: list[dict[str, Any]], kind: FaultKind) -> None:
    if kind is FaultKind.MISSING_ITEM:
        items.pop()
    elif kind is FaultKind.REPEATED_ITEM:
        items.append({**items[0]})
    else:
        whole = (name for name, value in items[0].items() if type(value) is int)
        for name in whole:
            items[0][name] += _RENUMBER_OFFSET
