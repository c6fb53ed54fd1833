"""OpenAI's limits on embedding inputs and on the context window."""

from edge.emulator.providers.background import run_in_engine
from edge.emulator.providers.completion import count_input
from edge.emulator.providers.engine.answer import Task
from edge.emulator.providers.openai.errors import OpenAIError, invalid_value

EMBEDDING_ITEMS = 2048
EMBEDDING_ITEM_TOKENS = 8192
EMBEDDING_REQUEST_TOKENS = 300_000
CONTEXT_TOKENS = 400_000


async def check_context(task: Task, param: str) -> None:
    """Raise context_length_exceeded if the task exceeds the largest context window."""
    tokens = await run_in_engine(count_input, task)
    if tokens > CONTEXT_TOKENS:
        message = (
            f"Your input exceeds the context window of this model: {tokens} tokens, of"
            f" {CONTEXT_TOKENS} at most. Please adjust your input and try again."
        )
        raise invalid_value(param, message, "context_length_exceeded")


def too_many_items(count: int) -> OpenAIError:
    message = (
        f"Invalid 'input': array too long. Expected an array with maximum length"
        f" {EMBEDDING_ITEMS}, but got an array with length {count} instead."
    )
    return invalid_value("input", message, "array_above_max_length")


def item_too_long(index: int) -> OpenAIError:
    message = f"Invalid 'input[{index}]': maximum input length is {EMBEDDING_ITEM_TOKENS} tokens."
    return OpenAIError(400, message)


def request_too_long(tokens: int) -> OpenAIError:
    message = f"Requested {tokens} tokens, max {EMBEDDING_REQUEST_TOKENS} tokens per request."
    return OpenAIError(400, message, kind="max_tokens_per_request", code="max_tokens_per_request")
