"""Completions of the language engine: text, finish reason and token counts."""

from dataclasses import dataclass
from enum import Enum, auto

from edge.emulator.providers.background import run_in_engine
from edge.emulator.providers.engine.answer import Task, answer_task
from edge.emulator.providers.engine.core.tokens import count_tokens, take_tokens
from edge.emulator.providers.faults import Fault, FaultKind
from edge.emulator.providers.item_faults import inject_item_fault

MODEL = "local-extractive"
_REFUSAL = "I'm sorry, but I can't help with that request."


class Finish(Enum):
    """Why a completion ends; each provider maps it to its finish or stop reason."""

    DONE = auto()
    LENGTH = auto()
    REFUSED = auto()
    FILTERED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Completion:
    """Generated text, its finish reason, and tokens in and out."""

    text: str
    finish: Finish
    input_tokens: int
    output_tokens: int


def count_input(task: Task) -> int:
    """Estimate the tokens of the instructions and the user's texts."""
    return count_tokens(task.instructions) + sum(map(count_tokens, task.user_texts))


async def complete(task: Task, max_tokens: int | None, fault: Fault | None = None) -> Completion:
    """Run the engine in a thread, so that the event loop is not blocked.

    Truncates to `max_tokens` (Finish.LENGTH) and injects a fault of the completion, if any.
    """
    return await run_in_engine(_complete, task, max_tokens, fault)


def _complete(task: Task, max_tokens: int | None, fault: Fault | None) -> Completion:
    text, finish = _inject_fault(answer_task(task), fault)
    shortened = text if max_tokens is None else take_tokens(text, max_tokens)
    if len(shortened) < len(text):
        text, finish = shortened, Finish.LENGTH
    return Completion(text, finish, count_input(task), count_tokens(text))


def _inject_fault(text: str, fault: Fault | None) -> tuple[str, Finish]:
    half = text[: len(text) // 2]
    faulty = {
        FaultKind.REFUSAL: (_REFUSAL, Finish.REFUSED),
        FaultKind.CONTENT_FILTER: (half, Finish.FILTERED),
        FaultKind.TRUNCATED: (half, Finish.LENGTH),
        FaultKind.TRUNCATED_SILENTLY: (half, Finish.DONE),
        FaultKind.INVALID_SCHEMA: ('{"unexpected": true}', Finish.DONE),
        FaultKind.EMPTY: ("", Finish.DONE),
        FaultKind.FAILED: ("", Finish.FAILED),
    }
    default = (inject_item_fault(text, fault.kind) if fault else text, Finish.DONE)
    return faulty.get(fault.kind, default) if fault else default
