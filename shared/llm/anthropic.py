"""Structured output from Anthropic: the Messages API with an output schema."""

from functools import lru_cache
from typing import Final, TypeVar

import anthropic
from anthropic import transform_schema
from anthropic.types import Message, TextBlock
from pydantic import BaseModel

from shared.errors import ConfigurationError
from shared.http.tls import verify_for
from shared.llm.env import AnthropicEnv, ProviderEnv
from shared.llm.errors import Fault, upstream_error
from shared.llm.sdk import CONNECT_SECONDS, Sdk
from shared.llm.structured import StructuredRequest, StructuredResponse, parse_output

T = TypeVar("T", bound=BaseModel)

SDK: Final = Sdk(
    "Anthropic",
    timeout=anthropic.APITimeoutError,
    status=anthropic.APIStatusError,
    connection=anthropic.APIConnectionError,
    other=anthropic.APIError,
)
_MAX_OUTPUT_TOKENS = 8_000
_FAULT_OF_STOP = {
    "max_tokens": Fault.INCOMPLETE,
    "model_context_window_exceeded": Fault.INCOMPLETE,
    "refusal": Fault.REFUSED,
}
_COMPLETE = frozenset({"end_turn", "stop_sequence", None})


@lru_cache(maxsize=4)
def anthropic_client(env: ProviderEnv) -> anthropic.AsyncAnthropic:
    """Return the SDK's client without retries: it would obey a Retry-After of any length."""
    if not env.api_key:
        raise ConfigurationError("ANTHROPIC_API_KEY is not set")
    return anthropic.AsyncAnthropic(
        api_key=env.api_key,
        base_url=env.base_url,
        timeout=anthropic.Timeout(env.timeout, connect=CONNECT_SECONDS),
        max_retries=0,
        http_client=anthropic.DefaultAsyncHttpxClient(verify=verify_for(env.base_url)),
    )


async def compose(env: AnthropicEnv, request: StructuredRequest[T]) -> StructuredResponse[T]:
    """Return the model's valid output. Raises UpstreamError with a code for each failure."""
    reply = await _create_message(env, request)
    value = parse_output(request.output, _read_text(reply), SDK.source_of(reply))
    return StructuredResponse(
        value, str(reply.model), reply.usage.input_tokens, reply.usage.output_tokens
    )


async def _create_message(env: AnthropicEnv, request: StructuredRequest[T]) -> Message:
    call = anthropic_client(env.provider).messages.create(
        model=env.model,
        max_tokens=_MAX_OUTPUT_TOKENS,
        system=request.instructions,
        messages=[{"role": "user", "content": request.text}],
        output_config={
            "format": {"type": "json_schema", "schema": transform_schema(request.output)}
        },
    )
    return await SDK.call(call, env.provider, Message)


def _read_text(reply: Message) -> str:
    """Join all text blocks. Raises UpstreamError for a message that is not complete."""
    fault = _FAULT_OF_STOP.get(reply.stop_reason or "")
    if fault is None and reply.stop_reason not in _COMPLETE:
        fault = Fault.MALFORMED
    if fault is not None:
        raise upstream_error(fault, SDK.source_of(reply))
    text = "".join(block.text for block in reply.content or [] if isinstance(block, TextBlock))
    if not text:
        raise upstream_error(Fault.MALFORMED, SDK.source_of(reply))
    return text
