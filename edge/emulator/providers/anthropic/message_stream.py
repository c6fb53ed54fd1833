"""A message as server-sent events.

Follows https://platform.claude.com/docs/en/build-with-claude/streaming.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from edge.emulator.providers.response import EventStream, render_event, split_pieces


def stream_message(message: Mapping[str, Any]) -> EventStream:
    """Render a finished message object as its events."""
    return EventStream(render_event(event, str(event["type"])) for event in _events(message))


def _events(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    begun = dict(message)
    begun.update(content=[], stop_reason=None, stop_details=None)
    begun["usage"] = {**message["usage"], "output_tokens": 1}
    yield {"type": "message_start", "message": begun}
    for index, block in enumerate(message["content"]):
        yield from _block_events(block, index)
    ended = {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
    spent = {"output_tokens": message["usage"]["output_tokens"]}
    yield {"type": "message_delta", "delta": ended, "usage": spent}
    yield {"type": "message_stop"}


def _block_events(block: Mapping[str, Any], index: int) -> Iterator[dict[str, Any]]:
    begun = dict(block)
    if block["type"] == "tool_use":
        begun["input"] = {}
        text, kind, key = json.dumps(block["input"]), "input_json_delta", "partial_json"
    else:
        begun["text"] = ""
        text, kind, key = block["text"], "text_delta", "text"
    yield {"type": "content_block_start", "index": index, "content_block": begun}
    for piece in split_pieces(text):
        delta = {"type": kind, key: piece}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}
