"""Structured writing by Claude: the Messages API with an output schema."""

from typing import TypeVar

from anthropic import transform_schema
from anthropic.types import Message, TextBlock
from pydantic import BaseModel

from shared.env import AnthropicEnv
from shared.llm.anthropic_client import anthropic_client, ask_anthropic, source_of
from shared.llm.errors import Fault, upstream_error
from shared.llm.structured import StructuredRequest, StructuredResponse, parse_output

T = TypeVar("T", bound=BaseModel)

_MAX_OUTPUT_TOKENS = 8_000
_FAULT_OF_STOP = {
    "max_tokens": Fault.INCOMPLETE,
    "model_context_window_exceeded": Fault.INCOMPLETE,
    "refusal": Fault.REFUSED,
}
_COMPLETE = frozenset({"end_turn", "stop_sequence", None})


async def compose(env: AnthropicEnv, request: StructuredRequest[T]) -> StructuredResponse[T]:
    """The model's answer, valid; whatever else comes is an UpstreamError with a code of its own."""
    reply = await _ask(env, request)
    value = parse_output(request.output, _read_text(reply), source_of(reply))
    return StructuredResponse(
        value, str(reply.model), reply.usage.input_tokens, reply.usage.output_tokens
    )


async def _ask(env: AnthropicEnv, request: StructuredRequest[T]) -> Message:
    call = anthropic_client(env.provider).messages.create(
        model=env.model,
        max_tokens=_MAX_OUTPUT_TOKENS,
        system=request.instructions,
        messages=[{"role": "user", "content": request.text}],
        output_config={
            "format": {"type": "json_schema", "schema": transform_schema(request.output)}
        },
    )
    return await ask_anthropic(call, env.provider, Message)


def _read_text(reply: Message) -> str:
    """All text blocks, wherever they stand among the others."""
    fault = _FAULT_OF_STOP.get(reply.stop_reason or "")
    if fault is None and reply.stop_reason not in _COMPLETE:
        fault = Fault.MALFORMED
    if fault is not None:
        raise upstream_error(fault, source_of(reply))
    text = "".join(block.text for block in reply.content or [] if isinstance(block, TextBlock))
    if not text:
        raise upstream_error(Fault.MALFORMED, source_of(reply))
    return text
