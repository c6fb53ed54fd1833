"""POST /v1/messages and /v1/messages/count_tokens.

Follows https://platform.claude.com/docs/en/api/messages.
"""

import json
from dataclasses import replace
from typing import Any

from starlette.responses import JSONResponse, Response

from edge.emulator.providers.anthropic.errors import injected_error, invalid
from edge.emulator.providers.anthropic.fields import read_task, require_max_tokens, require_model
from edge.emulator.providers.anthropic.message_stream import stream_message
from edge.emulator.providers.anthropic.schema import Shape, read_shape
from edge.emulator.providers.background import run_in_engine
from edge.emulator.providers.completion import MODEL, Completion, Finish, complete, count_input
from edge.emulator.providers.engine.answer import Task
from edge.emulator.providers.faults import Fault
from edge.emulator.providers.response import letter_id
from edge.emulator.providers.router import Body

_CONTEXT_TOKENS = 200_000
_STOP_REASON = {
    Finish.DONE: "end_turn",
    Finish.LENGTH: "max_tokens",
    Finish.REFUSED: "refusal",
    Finish.FILTERED: "refusal",
}


async def create_message(body: Body, fault: Fault | None) -> Response:
    """Answer with a message object, or its events if `stream` is true."""
    require_model(body)
    max_tokens = require_max_tokens(body)
    shape = read_shape(body)
    task = replace(await _read_fitting_task(body), schema=shape.schema)
    completion = await complete(task, max_tokens, fault)
    if fault and completion.finish is Finish.FAILED:
        raise injected_error(fault)  # a message has no failed status
    message = _render(completion, shape)
    return stream_message(message) if body.get("stream") is True else JSONResponse(message)


async def count_message_tokens(body: Body, fault: Fault | None) -> Response:
    """Answer with the estimated input tokens of a message request."""
    del fault
    require_model(body)
    tokens = await run_in_engine(count_input, read_task(body))
    return JSONResponse({"input_tokens": tokens})


async def _read_fitting_task(body: Body) -> Task:
    task = read_task(body)
    tokens = await run_in_engine(count_input, task)
    if tokens > _CONTEXT_TOKENS:
        raise invalid(f"prompt is too long: {tokens} tokens > {_CONTEXT_TOKENS} maximum")
    return task


def _render(completion: Completion, shape: Shape) -> dict[str, Any]:
    calls_tool = shape.tool is not None and completion.finish is Finish.DONE
    stop_reason = "tool_use" if calls_tool else _STOP_REASON[completion.finish]
    return {
        "id": letter_id("msg_01", 22),
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": _render_content(completion, shape.tool if calls_tool else None),
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "stop_details": _render_refusal() if stop_reason == "refusal" else None,
        "usage": {
            "input_tokens": completion.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": completion.output_tokens,
            "service_tier": "standard",
        },
    }


def _render_content(completion: Completion, tool: str | None) -> list[dict[str, Any]]:
    if not completion.text:
        return []
    if tool is None:
        return [{"type": "text", "text": completion.text, "citations": None}]
    called = json.loads(completion.text)
    return [{"type": "tool_use", "id": letter_id("toolu_01", 22), "name": tool, "input": called}]


def _render_refusal() -> dict[str, Any]:
    return {"type": "refusal", "category": None, "explanation": None}
