"""Asks OpenAI, or a compatible server, for a text: when no worker can answer."""

from collections.abc import AsyncGenerator
from typing import Any, Final, cast

from shared.context import Context
from shared.llm.env import OpenAIEnv, openai_env
from shared.llm.errors import Fault, Source, upstream_error
from shared.prompts.text_worker import TextAnswer, TextRequest

_EMULATED: Final = "/providers/"


def has_model(ctx: Context, *, even_emulated: bool = False) -> bool:
    """Return whether a model can be asked; the local stack's emulated one counts if wanted."""
    provider = openai_env().provider
    if not provider.api_key:
        return False
    return even_emulated or not (provider.base_url or "").startswith(
        f"{ctx.env.supabase.url}{_EMULATED}"
    )


async def ask_model(request: TextRequest) -> TextAnswer:
    """Return the model's text. Raises UpstreamError."""
    from openai.types.chat import ChatCompletion  # imported on first use: most ask a worker

    from shared.llm.openai import SDK, openai_client

    env = openai_env()
    completions = cast("Any", openai_client(env.provider).chat.completions)
    call = completions.create(**_arguments(env, request))
    reply = await SDK.call(call, env.provider, ChatCompletion)
    choice = reply.choices[0] if reply.choices else None
    if choice is None or not choice.message.content:
        raise upstream_error(Fault.MALFORMED, Source("OpenAI"))
    tokens = reply.usage.completion_tokens if reply.usage else None
    return TextAnswer(choice.message.content.strip(), reply.model, "model", tokens)


async def stream_model(request: TextRequest) -> AsyncGenerator[tuple[str, str]]:
    """Yield the model's text in pieces, each with the model's name. Raises UpstreamError."""
    from shared.llm.openai import SDK, openai_client

    env = openai_env()
    completions = cast("Any", openai_client(env.provider).chat.completions)
    call = completions.create(**_arguments(env, request), stream=True)
    stream: Any = await SDK.call(call, env.provider, object)
    async with stream:
        async for chunk in stream:
            for choice in chunk.choices:
                if choice.delta.content:
                    yield choice.delta.content, str(chunk.model)


def _arguments(env: OpenAIEnv, request: TextRequest) -> dict[str, Any]:
    return {
        "model": env.model,
        "messages": list(request.messages),
        "max_completion_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
    }
