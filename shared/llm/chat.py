"""Structured data by chat completions, for local servers that know no Responses API."""

from typing import TypeVar

from openai.types.chat import ChatCompletion
from pydantic import BaseModel

from shared.env import OpenAIEnv
from shared.llm.errors import Fault, upstream_error
from shared.llm.openai_client import ask_openai, openai_client, source_of
from shared.llm.structured import StructuredRequest, StructuredResponse, parse_output, strict_schema

T = TypeVar("T", bound=BaseModel)


async def extract(env: OpenAIEnv, request: StructuredRequest[T]) -> StructuredResponse[T]:
    """The model's answer, valid, as by the Responses API."""
    reply = await _ask(env, request)
    value = parse_output(request.output, _read_text(reply), source_of(reply))
    usage = reply.usage
    tokens = (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0)
    return StructuredResponse(value, reply.model, *tokens)


async def _ask(env: OpenAIEnv, request: StructuredRequest[T]) -> ChatCompletion:
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
    return await ask_openai(call, env.provider, ChatCompletion)


def _read_text(reply: ChatCompletion) -> str:
    if not reply.choices:
        raise upstream_error(Fault.MALFORMED, source_of(reply))
    choice = reply.choices[0]
    if choice.finish_reason == "length":
        raise upstream_error(Fault.INCOMPLETE, source_of(reply))
    if choice.finish_reason == "content_filter":
        raise upstream_error(Fault.CONTENT_FILTER, source_of(reply))
    if choice.message.refusal:
        raise upstream_error(Fault.REFUSED, source_of(reply))
    if not choice.message.content:
        raise upstream_error(Fault.MALFORMED, source_of(reply))
    return choice.message.content
