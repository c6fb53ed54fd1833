"""Gets the answer: from a chat worker, else from the model; in pieces or whole."""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from shared.context import Context
from shared.errors import UnavailableError, UpstreamError
from shared.prompts.text_model import has_model, stream_model
from shared.prompts.text_worker import TextRequest, ask_workers

from .conversation import Conversation
from .prompt import SystemPrompt
from .request import ChatInput

_PIECE: Final = re.compile(r".{1,400}?(?:[.!?…。！？]\s+|\n+|$)|.{1,400}", re.DOTALL)
_LEAST_TOKENS: Final = 60


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the answer, with the model and its origin: worker or model."""

    text: str
    model: str
    origin: str


def build_request(body: ChatInput, conversation: Conversation, prompt: SystemPrompt) -> TextRequest:
    """Build what the model is asked."""
    factor = body.settings.factor() * (2 if body.long_response else 1)
    return TextRequest(
        messages=(
            {"role": "system", "content": prompt.text},
            *conversation.history,
            {"role": "user", "content": body.message},
        ),
        max_tokens=max(round(prompt.token_limit * factor), _LEAST_TOKENS),
        temperature=0.8 if "roleplay" in prompt.context_type else 0.7,
        top_p=0.95,
        seconds=body.seconds,
        extra={
            "conversation_id": conversation.id,
            "project_id": conversation.project["id"] if conversation.project else None,
            "context_type": prompt.context_type,
            "content_tier": "sfw",
            "presence_penalty": 0.6,
            "frequency_penalty": 0.25,
        },
    )


async def generate(ctx: Context, request: TextRequest) -> AsyncGenerator[Piece]:
    """Yield the answer in pieces.

    A worker that fails is followed by the model if there is a real one. Without any worker the
    model answers, on the local stack the emulated one; its label is in each piece.
    """
    try:
        answer = await ask_workers(ctx, "/chat", request)
    except UpstreamError as exc:
        is_configured = exc.code != "WORKER_NOT_CONFIGURED"
        if not has_model(ctx, even_emulated=not is_configured):
            raise _explain(exc) from exc
        async for text, model in stream_model(request):
            yield Piece(text, model, "model")
        return
    for part in _PIECE.findall(answer.text):
        yield Piece(part, answer.model, "worker")


def _explain(error: UpstreamError) -> UpstreamError:
    if error.code != "WORKER_NOT_CONFIGURED":
        return error
    return UnavailableError(
        "No chat worker is healthy and no OPENAI_API_KEY is set: register a worker with "
        "register-chat-worker.",
        code=error.code,
    )
