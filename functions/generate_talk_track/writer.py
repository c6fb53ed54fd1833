"""Writes a chunk with the model, retrying until every slide is there or the tries are used up."""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from shared.errors import ConfigurationError, UpstreamError
from shared.llm.env import OpenAIEnv
from shared.llm.openai import extract
from shared.llm.structured import StructuredResponse

from .deck import Chunk, Deck
from .prompt import build_question
from .script import Script, SpokenSlide, TalkTrackChunk, select_slides, silent_slide
from .store import Store

TRIES: Final = 5
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 60.0
_USUAL_RETRY_AFTER: Final = 5.0
_FINAL: Final = frozenset({"PROVIDER_AUTH", "PROVIDER_QUOTA_EXHAUSTED", "PROVIDER_REJECTED"})


class ChunkError(Exception):
    """The chunk cannot be written; the message is for the owner of the job."""


@dataclass(slots=True)
class Draft:
    """The slides received so far, with the number of calls and tokens."""

    slides: dict[int, SpokenSlide]
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    model: str = ""

    def add(
        self, slides: dict[int, SpokenSlide], answer: StructuredResponse[TalkTrackChunk]
    ) -> None:
        self.slides.update(slides)
        self.model = answer.model
        self.input_tokens += answer.input_tokens
        self.output_tokens += answer.output_tokens

    def render(self, chunk: Chunk, seconds: float) -> Script:
        metadata: dict[str, Any] = {
            "model": self.model,
            "tokens": {"input": self.input_tokens, "output": self.output_tokens},
            "calls": self.calls,
            "seconds": round(seconds, 2),
        }
        return Script(tuple(self.slides[slide.number] for slide in chunk.slides), metadata)


@dataclass(frozen=True, slots=True)
class Writer:
    """`find_style` returns a sample of the script written so far, if any."""

    openai: OpenAIEnv
    deck: Deck
    store: Store
    find_style: Callable[[Chunk], str | None]

    async def write(self, chunk: Chunk) -> Script:
        """Return the script with every slide. Raises ChunkError."""
        began = time.monotonic()
        draft = Draft({s.number: silent_slide(s.number) for s in chunk.slides if not s.has_words})
        if len(draft.slides) == len(chunk.slides):
            return draft.render(chunk, 0.0)
        problem = ""
        while draft.calls < TRIES:
            await asyncio.sleep(await self.store.reserve_call())
            draft.calls += 1
            problem = await self._try(chunk, draft)
            if not problem:
                return draft.render(chunk, time.monotonic() - began)
        raise ChunkError(_explain(chunk, problem))

    async def _try(self, chunk: Chunk, draft: Draft) -> str:
        """Request the missing slides. Returns the problem, empty if none."""
        missing = [slide for slide in chunk.slides if slide.number not in draft.slides]
        question = build_question(self.deck, chunk, missing, self.find_style(chunk))
        try:
            answer = await extract(self.openai, question)
        except UpstreamError as exc:
            if exc.code in _FINAL:
                raise ChunkError(_explain(chunk, exc.message)) from exc
            await self._pause(exc, draft.calls)
            return exc.message
        except ConfigurationError as exc:
            raise ChunkError(
                "The service lacks its model configuration: contact its operator."
            ) from exc
        draft.add(select_slides(missing, answer.value), answer)
        omitted = [str(slide.number) for slide in missing if slide.number not in draft.slides]
        return f"The model leaves out slide {', '.join(omitted)}." if omitted else ""

    async def _pause(self, error: UpstreamError, tries: int) -> None:
        """Back off exponentially; a rate limit of the provider pauses all workers."""
        if tries == TRIES:
            return
        if error.code == "PROVIDER_RATE_LIMITED":
            await self.store.pause_calls(read_retry_after(error.headers.get("Retry-After")))
        else:
            await asyncio.sleep(_FIRST_PAUSE * 2 ** (tries - 1))


def read_retry_after(header: str | None) -> float:
    """Parse Retry-After in seconds, clamped to 0 to 60."""
    try:
        seconds = float(header or _USUAL_RETRY_AFTER)
    except ValueError:  # a date
        seconds = _USUAL_RETRY_AFTER
    return min(max(seconds, 0.0), _LONGEST_PAUSE) if math.isfinite(seconds) else _LONGEST_PAUSE


def _explain(chunk: Chunk, problem: str) -> str:
    return f"{problem} This was at {chunk}; what is written is kept: retry to go on from there."
