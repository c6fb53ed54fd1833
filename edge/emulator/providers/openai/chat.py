"""POST /v1/chat/completions, with or without streaming.

Follows https://platform.openai.com/docs/api-reference/chat/create and …/chat/streaming.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from edge.emulator.providers.completion import MODEL, Completion, Finish, complete
from edge.emulator.providers.engine.answer import Task
from edge.emulator.providers.faults import Fault
from edge.emulator.providers.openai.errors import injected_error, missing_parameter
from edge.emulator.providers.openai.fields import (
    join_content,
    optional_count,
    optional_object,
    require_items,
    require_string,
)
from edge.emulator.providers.openai.formats import with_format
from edge.emulator.providers.openai.limits import check_context
from edge.emulator.providers.response import EventStream, letter_id, render_event, split_pieces
from edge.emulator.providers.router import Body

_SYSTEM_ROLES = frozenset({"system", "developer"})
_FINISH_REASON = {
    Finish.DONE: "stop",
    Finish.REFUSED: "stop",
    Finish.LENGTH: "length",
    Finish.FILTERED: "content_filter",
}


async def create_chat_completion(body: Body, fault: Fault | None) -> Response:
    """Answer with a chat.completion object, or its chunks if `stream` is true."""
    require_string(body, "model")
    task = _read_task(body)
    await check_context(task, "messages")
    limit = optional_count(body, "max_completion_tokens") or optional_count(body, "max_tokens")
    completion = await complete(task, limit, fault)
    if fault and completion.finish is Finish.FAILED:
        raise injected_error(fault)  # unlike a response, a chat completion has no failed status
    rendered = _render(completion)
    if body.get("stream") is not True:
        return JSONResponse(rendered)
    options = optional_object(body, "stream_options")
    return _stream(rendered, with_usage=options.get("include_usage") is True)


def _read_task(body: Body) -> Task:
    if body.get("messages") is None:
        raise missing_parameter("messages")
    instructions: list[str] = []
    texts: list[str] = []
    for index, message in enumerate(require_items("messages", body["messages"])):
        if message.get("role") is None:
            raise missing_parameter(f"messages[{index}].role")
        text = join_content(f"messages[{index}].content", message.get("content"))
        (instructions if message["role"] in _SYSTEM_ROLES else texts).append(text)
    task = Task(tuple(texts), "\n\n".join(instructions))
    response_format = optional_object(body, "response_format")
    named = optional_object(response_format, "json_schema")
    return with_format(task, "response_format", response_format.get("type"), named)


def _render(completion: Completion) -> dict[str, Any]:
    is_refusal = completion.finish is Finish.REFUSED
    return {
        "id": letter_id("chatcmpl-", 29),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": None if is_refusal else completion.text,
                    "refusal": completion.text if is_refusal else None,
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": _FINISH_REASON[completion.finish],
            }
        ],
        "usage": {
            "prompt_tokens": completion.input_tokens,
            "completion_tokens": completion.output_tokens,
            "total_tokens": completion.input_tokens + completion.output_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": "fp_local",
    }


def _stream(completion: Mapping[str, Any], *, with_usage: bool) -> EventStream:
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
