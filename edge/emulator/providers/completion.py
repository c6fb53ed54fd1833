"""One answer of the language engine, with its tokens counted and its end decided."""

import asyncio
from dataclasses import dataclass
from enum import Enum, auto

from edge.emulator.providers.engine.answer import Task, answer_task
from edge.emulator.providers.engine.tokens import count_tokens, take_tokens
from edge.emulator.providers.faults import Fault, FaultKind
from edge.emulator.providers.item_faults import spoil_items

MODEL = "local-extractive"
_REFUSAL = "I'm sorry, but I can't help with that request."


class Finish(Enum):
    """Why the answer ends where it does."""

    DONE = auto()
    LENGTH = auto()
    REFUSED = auto()
    FILTERED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Completion:
    """The text and what it cost."""

    text: str
    finish: Finish
    input_tokens: int
    output_tokens: int


def count_input(task: Task) -> int:
    return count_tokens(task.instructions) + sum(map(count_tokens, task.user_texts))


async def complete(task: Task, max_tokens: int | None, fault: Fault | None = None) -> Completion:
    """Work in a thread, so that the event loop stays free for others."""
    return await asyncio.to_thread(_complete, task, max_tokens, fault)


def _complete(task: Task, max_tokens: int | None, fault: Fault | None) -> Completion:
    text, finish = _misbehave(answer_task(task), fault)
    shortened = text if max_tokens is None else take_tokens(text, max_tokens)
    if len(shortened) < len(text):
        text, finish = shortened, Finish.LENGTH
    return Completion(text, finish, count_input(task), count_tokens(text))


def _misbehave(text: str, fault: Fault | None) -> tuple[str, Finish]:
    half = text[: len(text) // 2]
    spoilt = {
        FaultKind.REFUSAL: (_REFUSAL, Finish.REFUSED),
        FaultKind.CONTENT_FILTER: (half, Finish.FILTERED),
        FaultKind.TRUNCATED: (half, Finish.LENGTH),
        FaultKind.TRUNCATED_SILENTLY: (half, Finish.DONE),
        FaultKind.INVALID_SCHEMA: ('{"unexpected": true}', Finish.DONE),
        FaultKind.EMPTY: ("", Finish.DONE),
        FaultKind.FAILED: ("", Finish.FAILED),
    }
    untouched = (spoil_items(text, fault.kind) if fault else text, Finish.DONE)
    return spoilt.get(fault.kind, untouched) if fault else untouched
