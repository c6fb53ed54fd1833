"""Structured output from OpenAI: the Responses API, or chat completions for other servers."""

from functools import lru_cache
from typing import Final, TypeVar

import openai
from openai.types.chat import ChatCompletion
from openai.types.responses import Response, ResponseOutputMessage, ResponseOutputRefusal
from pydantic import BaseModel

from shared.errors import ConfigurationError
from shared.http.tls import verify_for
from shared.llm.env import OpenAIEnv, ProviderEnv
from shared.llm.errors import Fault, upstream_error
from shared.llm.sdk import CONNECT_SECONDS, Sdk
from shared.llm.structured import StructuredRequest, StructuredResponse, parse_output, strict_schema

T = TypeVar("T", bound=BaseModel)

SDK: Final = Sdk(
    "OpenAI",
    timeout=openai.APITimeoutError,
    status=openai.APIStatusError,
    connection=openai.APIConnectionError,
    other=openai.APIError,
)
_MAX_OUTPUT_TOKENS: Final = 16_000


@lru_cache(maxsize=4)
def openai_client(env: ProviderEnv) -> openai.AsyncOpenAI:
    """Return the SDK's client without retries: it would obey a Retry-After of any length."""
    if not env.api_key:
        raise ConfigurationError("OPENAI_API_KEY is not set")
    return openai.AsyncOpenAI(
        api_key=env.api_key,
        base_url=env.base_url,
        timeout=openai.Timeout(env.timeout, connect=CONNECT_SECONDS),
        max_retries=0,
        http_client=openai.DefaultAsyncHttpxClient(verify=verify_for(env.base_url)),
    )


async def extract(env: OpenAIEnv, request: StructuredRequest[T]) -> StructuredResponse[T]:
    """Return the model's valid output. Raises UpstreamError with a code for each failure."""
    if env.mode == "chat":
        return await _extract_by_chat(env, request)
    reply = await _create_response(env, request)
    value = parse_output(request.output, _read_response(reply), SDK.source_of(reply))
    usage = reply.usage
    tokens = (usage.input_tokens, usage.output_tokens) if usage else (0, 0)
    return StructuredResponse(value, str(reply.model), *tokens)


async def _create_response(env: OpenAIEnv, request: StructuredRequest[T]) -> Response:
    call = openai_client(env.provider).responses.create(
        model=env.model,
        instructions=request.instructions,
        input=request.text,
        text={
            "format": {
                "type": "json_schema",
                "name": request.name,
                "schema": strict_schema(request.output),
                "strict": True,
            }
        },
        max_output_tokens=_MAX_OUTPUT_TOKENS,
        store=False,  # the default keeps the transcript with OpenAI for a month
    )
    return await SDK.call(call, env.provider, Response)


def _read_response(reply: Response) -> str:
    """Return the text of a completed response. Raises UpstreamError for anything else."""
    fault = _fault(reply)
    if fault is not None:
        code = reply.error.code if reply.error else None
        raise upstream_error(
            fault, SDK.source_of(reply), **({"provider_code": code} if code else {})
        )
    text = reply.output_text
    if not text:
        raise upstream_error(Fault.MALFORMED, SDK.source_of(reply))
    return text


def _fault(reply: Response) -> Fault | None:
    if reply.error is not None:
        limited = reply.error.code == "rate_limit_exceeded"
        return Fault.RATE_LIMITED if limited else Fault.FAILED
    if reply.status == "incomplete":
        reason = reply.incomplete_details.reason if reply.incomplete_details else None
        return Fault.CONTENT_FILTER if reason == "content_filter" else Fault.INCOMPLETE
    if reply.status not in {"completed", None}:
        return Fault.FAILED
    return Fault.REFUSED if _is_refusal(reply) else None


def _is_refusal(reply: Response) -> bool:
    messages = [item for item in reply.output or [] if isinstance(item, ResponseOutputMessage)]
    return any(
        isinstance(part, ResponseOutputRefusal) for message in messages for part in message.content
    )


async def _extract_by_chat(env: OpenAIEnv, request: StructuredRequest[T]) -> StructuredResponse[T]:
    """Ask by chat completions, which local servers without the Responses API have."""
    reply = await _create_completion(env, request)
    value = parse_output(request.output, _read_completion(reply), SDK.source_of(reply))
    usage = reply.usage
    tokens = (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0)
    return StructuredResponse(value, reply.model, *tokens)


async def _create_completion(env: OpenAIEnv, request: StructuredRequest[T]) -> ChatCompletion:
    call = openai_client(env.provider).chat.completions.create(
        model=env.model,
        messages=[
            {"role": "system", "content": request.instructions},
            {"role": "user", "content": request.text},
        ],
        response_format={
            "type": "json_schema",
            "json_schema": {
                "name": request.name,
                "schema": strict_schema(request.output),
                "strict": True,
            },
        },
    )
    return await SDK.call(call, env.provider, ChatCompletion)


def _read_completion(reply: ChatCompletion) -> str:
    """Return the text of a completed choice. Raises UpstreamError for anything else."""
    if not reply.choices:
        raise upstream_error(Fault.MALFORMED, SDK.source_of(reply))
    choice = reply.choices[0]
    if choice.finish_reason == "length":
        raise upstream_error(Fault.INCOMPLETE, SDK.source_of(reply))
    if choice.finish_reason == "content_filter":
        raise upstream_error(Fault.CONTENT_FILTER, SDK.source_of(reply))
    if choice.message.refusal:
        raise upstream_error(Fault.REFUSED, SDK.source_of(reply))
    if not choice.message.content:
        raise upstream_error(Fault.MALFORMED, SDK.source_of(reply))
    return choice.message.content
