"""POST /v1/responses.

Follows https://platform.openai.com/docs/api-reference/responses/create.
"""

import time
from typing import Any

from starlette.responses import JSONResponse, Response

from edge.emulator.providers.completion import MODEL, Completion, Finish, complete
from edge.emulator.providers.engine.answer import Task
from edge.emulator.providers.faults import Fault
from edge.emulator.providers.openai.errors import missing_parameter
from edge.emulator.providers.openai.fields import (
    join_content,
    optional_count,
    optional_object,
    require_items,
    require_string,
)
from edge.emulator.providers.openai.formats import with_format
from edge.emulator.providers.openai.limits import check_context
from edge.emulator.providers.openai.response_stream import stream_response
from edge.emulator.providers.response import hex_id
from edge.emulator.providers.router import Body

_SYSTEM_ROLES = frozenset({"system", "developer"})
_MIN_OUTPUT_TOKENS = 16
_STATUS = {
    Finish.DONE: "completed",
    Finish.REFUSED: "completed",
    Finish.LENGTH: "incomplete",
    Finish.FILTERED: "incomplete",
    Finish.FAILED: "failed",
}
_REASON = {Finish.LENGTH: "max_output_tokens", Finish.FILTERED: "content_filter"}


async def create_response(body: Body, fault: Fault | None) -> Response:
    """Answer with a response object, or its events if `stream` is true."""
    require_string(body, "model")
    task = _read_task(body)
    await check_context(task, "input")
    limit = optional_count(body, "max_output_tokens", least=_MIN_OUTPUT_TOKENS)
    completion = await complete(task, limit, fault)
    rendered = _render(body, completion, fault)
    return stream_response(rendered) if body.get("stream") is True else JSONResponse(rendered)


def _read_task(body: Body) -> Task:
    given_instructions = body.get("instructions")
    instructions = [given_instructions] if isinstance(given_instructions, str) else []
    given: object = body.get("input")
    if given is None:
        raise missing_parameter("input")
    if isinstance(given, str):
        texts = [given]
    else:
        texts: list[str] = []
        for index, item in enumerate(require_items("input", given)):
            text = join_content(f"input[{index}].content", item.get("content"))
            (instructions if item.get("role") in _SYSTEM_ROLES else texts).append(text)
    task = Task(tuple(texts), "\n\n".join(instructions))
    text_format = optional_object(optional_object(body, "text"), "format")
    return with_format(task, "text.format", text_format.get("type"), text_format)


def _render(body: Body, completion: Completion, fault: Fault | None) -> dict[str, Any]:
    now = int(time.time())
    status = _STATUS[completion.finish]
    reason = _REASON.get(completion.finish)
    return {
        "id": hex_id("resp_", 48),
        "object": "response",
        "created_at": now,
        "status": status,
        "background": False,
        "completed_at": now if status == "completed" else None,
        "error": _render_error(completion, fault),
        "incomplete_details": {"reason": reason} if reason else None,
        "model": MODEL,
        "output": _render_output(completion, status),
        "usage": _render_usage(completion),
        **_echo(body),
    }


def _echo(body: Body) -> dict[str, Any]:
    """Echo the request's parameters with the API's defaults."""
    return {
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": body.get("metadata") or {},
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": body.get("reasoning") or {"effort": None, "summary": None},
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": "default",
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": {"format": {"type": "text"}, **(body.get("text") or {})},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p", 1.0),
        "truncation": body.get("truncation", "disabled"),
        "user": body.get("user"),
    }


def _render_error(completion: Completion, fault: Fault | None) -> dict[str, str] | None:
    if completion.finish is not Finish.FAILED:
        return None
    code = fault.code if fault and fault.code else "server_error"
    return {"code": code, "message": "The model failed to generate a response."}


def _render_output(completion: Completion, status: str) -> list[dict[str, Any]]:
    if completion.finish is Finish.FAILED:
        return []
    return [
        {
            "id": hex_id("msg_", 48),
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": [_render_part(completion)],
        }
    ]


def _render_part(completion: Completion) -> dict[str, Any]:
    if completion.finish is Finish.REFUSED:
        return {"type": "refusal", "refusal": completion.text}
    return {"type": "output_text", "text": completion.text, "annotations": [], "logprobs": []}


def _render_usage(completion: Completion) -> dict[str, Any]:
    return {
        "input_tokens": completion.input_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": completion.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": completion.input_tokens + completion.output_tokens,
    }
