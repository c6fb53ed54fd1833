"""An answer that a model writes from the passages; what it quotes must stand in them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, Field

from shared.context import Context
from shared.errors import UpstreamError
from shared.llm.env import openai_env
from shared.llm.openai import extract
from shared.llm.prompt import delimit_text, read_prompt
from shared.llm.structured import StructuredRequest

PROMPT: Final = read_prompt(Path(__file__).with_name("prompts") / "answer.md")
_MOST_QUOTES: Final = 4
_SHORTEST: Final = 3
_SPACE: Final = re.compile(r"\s+")

Passage = Mapping[str, Any]


class Written(BaseModel):
    """Structured output of the model."""

    is_answered: bool = Field(description="Whether the passages answer the question.")
    answer: str
    quotes: list[str] = Field(description="Verbatim quotes from the passages.")


async def answer_question(
    ctx: Context, question: str, passages: Sequence[Passage]
) -> dict[str, Any] | None:
    """Return {text, quotes, model}; None without an answer that a quote supports."""
    shown = "\n\n".join(f"{each['title']}\n{each['text']}" for each in passages)
    text = f"{delimit_text('transcript', shown)}\n{delimit_text('question', question)}"
    try:
        reply = await extract(openai_env(), StructuredRequest(PROMPT.text, text, Written))
    except UpstreamError as exc:
        ctx.note(answer_error=exc.code)
        return None
    written = reply.value
    quotes = find_quotes(written.quotes, passages)
    if not written.is_answered or not written.answer.strip() or not quotes:
        return None
    return {"text": written.answer.strip(), "quotes": quotes, "model": reply.model}


def find_quotes(quotes: Sequence[str], passages: Sequence[Passage]) -> list[dict[str, Any]]:
    """Return the quotes that stand in a passage, with where it is from."""
    found: list[dict[str, Any]] = []
    for quote in dict.fromkeys(quotes):
        words = _plain(quote).strip("\"'“”„‘’ ")
        if len(words.split()) < _SHORTEST:
            continue
        source = next((each for each in passages if words in _plain(str(each["text"]))), None)
        if source is not None:
            keys = ("video_id", "video_uuid", "title", "start")
            found.append({"text": quote.strip(), **{key: source.get(key) for key in keys}})
    return found[:_MOST_QUOTES]


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()
