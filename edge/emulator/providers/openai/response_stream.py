"""A response as server-sent events.

Follows https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from edge.emulator.providers.response import EventStream, render_event, split_pieces

_LAST_EVENT = {
    "completed": "response.completed",
    "incomplete": "response.incomplete",
    "failed": "response.failed",
}


def stream_response(response: Mapping[str, Any]) -> EventStream:
    """Render a finished response object as its numbered events."""
    numbered = enumerate(_events(response))
    return EventStream(
        render_event({**event, "sequence_number": number}, str(event["type"]))
        for number, event in numbered
    )


def _events(response: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    begun = dict(response)
    begun.update(status="in_progress", output=[], usage=None)
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(response["output"]):
        yield from _item_events(item, index)
    yield {"type": _LAST_EVENT[response["status"]], "response": response}


def _item_events(item: Mapping[str, Any], index: int) -> Iterator[dict[str, Any]]:
    begun = dict(item)
    begun.update(status="in_progress", content=[])
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    for part_index, part in enumerate(item["content"]):
        place = {"item_id": item["id"], "output_index": index, "content_index": part_index}
        yield from _part_events(part, place)
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _part_events(part: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    is_refusal = part["type"] == "refusal"
    key = "refusal" if is_refusal else "text"
    name = "response.refusal" if is_refusal else "response.output_text"
    extra: dict[str, Any] = {} if is_refusal else {"logprobs": []}
    yield {"type": "response.content_part.added", **place, "part": {**part, key: ""}}
    for piece in split_pieces(part[key]):
        yield {"type": f"{name}.delta", **place, "delta": piece, **extra}
    yield {"type": f"{name}.done", **place, key: part[key], **extra}
    yield {"type": "response.content_part.done", **place, "part": part}
