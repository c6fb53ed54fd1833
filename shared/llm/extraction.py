"""Structured data from OpenAI: the Responses API, or chat where a server has no other."""

from typing import TypeVar

from openai.types.responses import Response, ResponseOutputMessage, ResponseOutputRefusal
from pydantic import BaseModel

from shared.env import OpenAIEnv
from shared.llm import chat
from shared.llm.errors import Fault, upstream_error
from shared.llm.openai_client import ask_openai, openai_client, source_of
from shared.llm.structured import StructuredRequest, StructuredResponse, parse_output, strict_schema

T = TypeVar("T", bound=BaseModel)

_MAX_OUTPUT_TOKENS = 16_000


async def extract(env: OpenAIEnv, request: StructuredRequest[T]) -> StructuredResponse[T]:
    """The model's answer, valid; whatever else comes is an UpstreamError with a code of its own."""
    if env.mode == "chat":
        return await chat.extract(env, request)
    reply = await _ask(env, request)
    value = parse_output(request.output, _read_text(reply), source_of(reply))
    usage = reply.usage
    tokens = (usage.input_tokens, usage.output_tokens) if usage else (0, 0)
    return StructuredResponse(value, str(reply.model), *tokens)


async def _ask(env: OpenAIEnv, request: StructuredRequest[T]) -> Response:
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
    return await ask_openai(call, env.provider, Response)


def _read_text(reply: Response) -> str:
    """The text of a complete answer; a 200 may carry many other things."""
    fault = _fault(reply)
    if fault is not None:
        code = reply.error.code if reply.error else None
        raise upstream_error(fault, source_of(reply), **({"provider_code": code} if code else {}))
    text = reply.output_text
    if not text:
        raise upstream_error(Fault.MALFORMED, source_of(reply))
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
