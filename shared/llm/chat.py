"""Structured data by chat completions, for local servers that know no Responses API."""

from typing import TypeVar

from openai.types.chat import ChatCompletion
from pydantic import BaseModel

from shared.env import OpenAIEnv
from shared.llm.answer import Answer, parse_answer
from shared.llm.faults import Fault, upstream_error
from shared.llm.openai_client import ask_openai, openai_client, source_of
from shared.llm.question import Question
from shared.llm.schema import strict_schema

T = TypeVar("T", bound=BaseModel)


async def extract(env: OpenAIEnv, question: Question[T]) -> Answer[T]:
    """The model's answer, valid, as by the Responses API."""
    reply = await _ask(env, question)
    value = parse_answer(question.answer, _read_text(reply), source_of(reply))
    usage = reply.usage
    tokens = (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0)
    return Answer(value, reply.model, *tokens)


async def _ask(env: OpenAIEnv, question: Question[T]) -> ChatCompletion:
    call = openai_client(env.provider).chat.completions.create(
        model=env.model,
        messages=[
            {"role": "system", "content": question.instructions},
            {"role": "user", "content": question.text},
        ],
        response_format={
            "type": "json_schema",
            "json_schema": {
                "name": question.name,
                "schema": strict_schema(question.answer),
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
