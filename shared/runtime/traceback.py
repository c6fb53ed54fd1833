"""An exception as text for the log: where it came from, without the conversations it may quote."""

import traceback
from collections.abc import Iterator, Mapping
from typing import Final

from shared.errors import FunctionError

_MAX_MESSAGE: Final = 300
_MAX_LENGTH: Final = 20_000
# The messages of these hold what was sent or received: a transcript, a row, a model's answer.
# What is logged of them instead are these attributes.
_QUOTING: Final[Mapping[str, tuple[str, ...]]] = {
    "anthropic": ("status_code", "type", "request_id"),
    "json": ("msg", "lineno", "colno"),
    "openai": ("status_code", "code", "request_id"),
    "postgrest": ("code", "message"),
    "pydantic_core": ("title",),
}
_MAX_ATTRIBUTE: Final = 100


def render_trace(error: BaseException) -> str:
    """Render the error and its causes, first cause first, as Python prints them."""
    text = "\n".join(_render(part) for part in reversed(list(_chain(error))))
    return text if len(text) <= _MAX_LENGTH else f"…{text[-_MAX_LENGTH:]}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            yield from current.exceptions  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)


def _render(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"Traceback (most recent call last):\n{frames}{_describe(error)}\n"


def _describe(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else _full_name(kind)
    message = _message(error)
    return f"{name}: {message}" if message else name


def _message(error: BaseException) -> str:
    if isinstance(error, FunctionError):
        return error.message
    attributes = _QUOTING.get(type(error).__module__.partition(".")[0])
    if attributes is None:
        return _shorten(str(error))
    named = ((name, getattr(error, name, None)) for name in attributes)
    return ", ".join(f"{name}={value}" for name, value in named if _is_short(value))


def _is_short(value: object) -> bool:
    return value is not None and len(str(value)) <= _MAX_ATTRIBUTE


def _full_name(kind: type[BaseException]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _shorten(text: str) -> str:
    return (
        text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}… ({len(text):,} characters)"
    )
