"""A chat completion told in chunks, see the API reference on the chat completion chunk object."""

from collections.abc import Iterator, Mapping
from typing import Any

from edge.emulator.providers.sse import EventStream, render_event, split_pieces


def stream_chat(completion: Mapping[str, Any], *, with_usage: bool) -> EventStream:
    return EventStream([*map(render_event, _chunks(completion, with_usage)), "data: [DONE]\n\n"])


def _chunks(completion: Mapping[str, Any], with_usage: bool) -> Iterator[dict[str, Any]]:
    kept = ("id", "created", "model", "service_tier", "system_fingerprint")
    base = {**{key: completion[key] for key in kept}, "object": "chat.completion.chunk"}
    choice = completion["choices"][0]
    yield _chunk(base, {"role": "assistant", "content": "", "refusal": None})
    key = "refusal" if choice["message"]["refusal"] else "content"
    for piece in split_pieces(choice["message"][key] or ""):
        yield _chunk(base, {key: piece})
    yield _chunk(base, {}, choice["finish_reason"])
    if with_usage:
        yield {**base, "choices": [], "usage": completion["usage"]}


def _chunk(
    base: Mapping[str, Any], delta: Mapping[str, Any], finish_reason: str | None = None
) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return {**base, "choices": [choice]}
