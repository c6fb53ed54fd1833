"""Typed access to Anthropic request bodies; raises AnthropicError for invalid fields."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from edge.emulator.providers.anthropic.errors import invalid
from edge.emulator.providers.engine.answer import Task
from edge.emulator.providers.router import Body

_ROLES = frozenset({"user", "assistant"})


def require_model(body: Body) -> str:
    if "model" not in body:
        raise invalid("model: Field required")
    model: object = body["model"]
    if not isinstance(model, str) or not model:
        raise invalid("model: Input should be a valid string")
    return model


def require_max_tokens(body: Body) -> int:
    if "max_tokens" not in body:
        raise invalid("max_tokens: Field required")
    value: object = body["max_tokens"]
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid("max_tokens: Input should be a valid integer")
    if value < 1:
        raise invalid("max_tokens: must be greater than or equal to 1")
    return value


def optional_object(body: Body, name: str) -> Mapping[str, Any]:
    value: object = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise invalid(f"{name}: Input should be a valid dictionary")
    return cast("Mapping[str, Any]", value)


def read_task(body: Body) -> Task:
    """Read the system prompt and the user's messages; assistant turns are not quoted from."""
    texts = [
        _join_blocks(f"messages.{index}.content", message.get("content"))
        for index, message in enumerate(_require_messages(body))
        if message["role"] == "user"
    ]
    system = _join_blocks("system", body["system"]) if body.get("system") is not None else ""
    return Task(tuple(texts), system)


def _require_messages(body: Body) -> Sequence[Mapping[str, Any]]:
    if "messages" not in body:
        raise invalid("messages: Field required")
    messages = require_objects("messages", body["messages"])
    if not messages:
        raise invalid("messages: at least one message is required")
    for index, message in enumerate(messages):
        if message.get("role") not in _ROLES:
            raise invalid(f"messages.{index}.role: Input should be 'user' or 'assistant'")
        if message.get("content") in (None, "", []):
            raise invalid(f"messages.{index}: all messages must have non-empty content")
    if messages[-1]["role"] == "assistant":
        raise invalid(
            "This model does not support assistant message prefill. The conversation must end with"
            " a user message."
        )
    return messages


def require_objects(name: str, value: object) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise invalid(f"{name}: Input should be a valid list")
    items = cast("list[object]", value)
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise invalid(f"{name}.{index}: Input should be a valid dictionary")
    return cast("Sequence[Mapping[str, Any]]", items)


def _join_blocks(name: str, content: object) -> str:
    """Return a content string, or the text blocks joined by newlines."""
    if isinstance(content, str):
        return content
    blocks = require_objects(name, content)
    return "\n".join(_block_text(f"{name}.{index}", block) for index, block in enumerate(blocks))


def _block_text(name: str, block: Mapping[str, Any]) -> str:
    if block.get("type") == "tool_result" and block.get("content"):
        return _join_blocks(f"{name}.content", block["content"])
    if block.get("type") != "text":
        return ""
    text: object = block.get("text")
    if not isinstance(text, str):
        raise invalid(f"{name}.text: Field required")
    return text
