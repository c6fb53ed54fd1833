"""POST /v1/chat/completions, see https://platform.openai.com/docs/api-reference/chat/create."""

import time
from typing import Any

from starlette.responses import JSONResponse, Response

from edge.emulator.providers.completion import MODEL, Completion, Finish, complete
from edge.emulator.providers.engine.answer import Task
from edge.emulator.providers.faults import Fault
from edge.emulator.providers.identifier import letter_id
from edge.emulator.providers.openai.chat_stream import stream_chat
from edge.emulator.providers.openai.errors import missing_parameter, ordered_error
from edge.emulator.providers.openai.fields import (
    join_content,
    optional_count,
    optional_object,
    require_items,
    require_string,
)
from edge.emulator.providers.openai.formats import with_format
from edge.emulator.providers.openai.limits import check_context
from edge.emulator.providers.router import Body

_SYSTEM_ROLES = frozenset({"system", "developer"})
_FINISH_REASON = {
    Finish.DONE: "stop",
    Finish.REFUSED: "stop",
    Finish.LENGTH: "length",
    Finish.FILTERED: "content_filter",
}


async def create_chat_completion(body: Body, fault: Fault | None) -> Response:
    require_string(body, "model")
    task = _read_task(body)
    check_context(task, "messages")
    limit = optional_count(body, "max_completion_tokens") or optional_count(body, "max_tokens")
    completion = await complete(task, limit, fault)
    if fault and completion.finish is Finish.FAILED:
        raise ordered_error(fault)  # a chat completion has no failed status of its own
    rendered = _render(completion)
    if body.get("stream") is not True:
        return JSONResponse(rendered)
    options = optional_object(body, "stream_options")
    return stream_chat(rendered, with_usage=options.get("include_usage") is True)


def _read_task(body: Body) -> Task:
    if body.get("messages") is None:
        raise missing_parameter("messages")
    told: list[str] = []
    texts: list[str] = []
    for index, message in enumerate(require_items("messages", body["messages"])):
        if message.get("role") is None:
            raise missing_parameter(f"messages[{index}].role")
        text = join_content(f"messages[{index}].content", message.get("content"))
        (told if message["role"] in _SYSTEM_ROLES else texts).append(text)
    task = Task(tuple(texts), "\n\n".join(told))
    wanted = optional_object(body, "response_format")
    named = optional_object(wanted, "json_schema")
    return with_format(task, "response_format", wanted.get("type"), named)


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
