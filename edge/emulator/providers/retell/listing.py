"""Sorting and pagination of `/v3/list-calls`.

Calls sort by start time, or by creation time if they have not started.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final

from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.call_document import Document, render_item
from edge.emulator.providers.retell.criteria import STARTED, parse_criteria
from edge.emulator.providers.retell.errors import invalid

_MAX_LIMIT: Final = 1000
_DEFAULT_LIMIT: Final = 50


def list_calls(calls: Iterable[Call], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of the matching calls; raises RetellError 400."""
    matches = parse_criteria(body.get("filter_criteria"))
    limit = _whole(body, "limit", _DEFAULT_LIMIT)
    begin = _whole(body, "skip", 0) + _parse_page(body.get("pagination_key"))
    if not 1 <= limit <= _MAX_LIMIT:
        raise invalid(f"limit must be between 1 and {_MAX_LIMIT}")
    found = [document for document in map(_render, calls) if matches(document)]
    is_ascending = body.get("sort_order") == "ascending"
    found.sort(key=lambda document: document[STARTED], reverse=not is_ascending)
    page = found[begin : begin + limit]
    has_more = begin + limit < len(found)
    for document in page:
        del document[STARTED]
    return {
        "items": page,
        "has_more": has_more,
        **({"pagination_key": _render_page(begin + limit)} if has_more else {}),
        **({"total": len(found)} if body.get("include_total") is True else {}),
    }


def _render(call: Call) -> Document:
    return {**render_item(call), STARTED: call.started_ms or call.created_ms}


def _whole(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise invalid(f"{name} must be integer")
    return value


def _parse_page(key: Any) -> int:
    if key is None:
        return 0
    try:
        return int(base64.b64decode(key, validate=True))
    except (TypeError, ValueError) as exc:
        raise invalid("pagination_key is invalid") from exc


def _render_page(position: int) -> str:
    return base64.b64encode(str(position).encode()).decode()
