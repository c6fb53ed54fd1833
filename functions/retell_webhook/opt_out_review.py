"""Lets a model read a call for an opt-out that the rules did not find, if a key is set.

Either one is enough: what the model finds is recorded as if the rules had. It runs after the
answer to the webhook, a few calls at once, and reads no more than the end of a long transcript;
whatever fails is logged and changes nothing.
"""

import asyncio
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, Field

from shared.database.rpc import call_rpc
from shared.env import SupabaseEnv
from shared.llm.env import anthropic_env, openai_env
from shared.llm.prompt import delimit_text, read_prompt
from shared.llm.retry import retry_passing_failures
from shared.llm.structured import StructuredRequest, StructuredResponse
from shared.telephony.event import Applied, CallEvent
from shared.telephony.opt_out import read_turns

PROMPT = read_prompt(Path(__file__).with_name("prompts") / "opt_out.md")

_FINAL: Final = ("call_ended", "call_analyzed")
_MOST_CHARACTERS: Final = 12_000  # of the transcript's end
_LONGEST_TURN: Final = 1_500
_AT_ONCE: Final = 4
_MOST_WAITING: Final = 200  # of the calls beyond these, none is read
_REMEMBERED: Final = 10_000  # calls, so that none is paid for twice
_NO_KEYS: Final = ("", "none", "local")  # unset, a server without keys, the emulated provider
_LLM_SECONDS: Final = 30.0
_DATABASE_SECONDS: Final = 10.0


class OptOut(BaseModel):
    """The model's judgement of a call."""

    opted_out: bool = Field(description="Whether the person wants no more calls.")
    quote: str = Field(description="The person's words that say so, verbatim; else empty.")


@dataclass(slots=True)
class Reviewer:
    """Reads calls with the model of this process's key."""

    env: SupabaseEnv
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _waiting: int = 0
    _seen: "OrderedDict[str, None]" = field(default_factory=OrderedDict[str, None])

    def wants(self, event: CallEvent, applied: Applied) -> bool:
        """Whether the event is a call's end in which the person spoke and no rule found one."""
        is_new = not applied.is_duplicate and not applied.kept_because
        if not _has_key() or event.event not in _FINAL or event.opt_out is not None or not is_new:
            return False
        return event.call_id not in self._seen and any(_lines(event.payload, of_person=True))

    async def review(self, event: CallEvent) -> None:
        """Ask the model, and record what it finds. Raises nothing."""
        if self._waiting >= _MOST_WAITING:
            _log(event, "not read by the model: too many calls wait")
            return
        self._remember(event.call_id)
        self._waiting += 1
        try:
            async with self._places:
                answer = await retry_passing_failures(lambda: _ask(render_transcript(event)))
            if words := confirm(answer.value, event):
                await self._record(event, words, answer.model)
        except Exception as exc:  # the webhook is answered already: log it
            self._seen.pop(event.call_id, None)
            _log(event, f"not read by the model: {getattr(exc, 'code', type(exc).__name__)}")
        finally:
            self._waiting -= 1

    def _remember(self, call_id: str) -> None:
        self._seen[call_id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    async def _record(self, event: CallEvent, words: str, model: str) -> None:
        arguments = {"call_id": event.call_id, "words": words, "model": model}
        await call_rpc(
            self.env, None, "record_call_opt_out_v1", arguments, seconds=_DATABASE_SECONDS
        )


@lru_cache(maxsize=1)
def reviewer(env: SupabaseEnv) -> Reviewer:
    """Return the reviewer of this process."""
    return Reviewer(env)


def render_transcript(event: CallEvent) -> str:
    """Render the end of the conversation, a line a turn."""
    lines: list[str] = []
    left = _MOST_CHARACTERS
    for line in reversed(list(_lines(event.payload))):
        left -= len(line)
        if left < 0:
            break
        lines.append(line)
    return "\n".join(reversed(lines))


def confirm(judgement: OptOut, event: CallEvent) -> str | None:
    """Return the quote if the person said it: a model may invent one."""
    quote = _plain(judgement.quote)
    if not judgement.opted_out or not quote:
        return None
    said = (_plain(line) for line in _lines(event.payload, of_person=True))
    return judgement.quote.strip() if any(quote in line for line in said) else None


def _lines(call: Mapping[str, Any], *, of_person: bool = False) -> Iterator[str]:
    for is_person, said in read_turns(call):
        text = " ".join(said.split())[:_LONGEST_TURN]
        if text and (is_person or not of_person):
            yield text if of_person else f"{'Person' if is_person else 'Agent'}: {text}"


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("\u2019", "'").split()).strip(" .!?\"'")


def _has_key() -> bool:
    return any(
        provider.api_key not in _NO_KEYS
        for provider in (openai_env().provider, anthropic_env().provider)
    )


async def _ask(transcript: str) -> StructuredResponse[OptOut]:
    text = delimit_text("transcript", transcript)
    request = StructuredRequest(PROMPT.text, text, OptOut)
    openai, anthropic = openai_env(), anthropic_env()
    if openai.provider.api_key not in _NO_KEYS:
        from shared.llm.openai import extract  # a large library, for those who set a key

        provider = replace(openai.provider, timeout=min(openai.provider.timeout, _LLM_SECONDS))
        return await extract(replace(openai, provider=provider), request)
    from shared.llm.anthropic import compose

    provider = replace(anthropic.provider, timeout=min(anthropic.provider.timeout, _LLM_SECONDS))
    return await compose(replace(anthropic, provider=provider), request)


def _log(event: CallEvent, what: str) -> None:
    sys.stderr.write(f"call {event.call_id} is {what}\n")
