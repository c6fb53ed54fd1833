"""Describes the invalid fields of a body, up to a limit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from shared.errors import BadInputError

MAX_NAMED: Final = 20
_MAX_LENGTH: Final = 100
_ELLIPSIS: Final = "…"


@dataclass(frozen=True, slots=True)
class FieldFault:
    """A field by its path, such as `inner.tags[1]`, and its problem."""

    field: str
    problem: str

    def render(self) -> dict[str, str]:
        return {"field": self.field, "problem": self.problem}


def fault_at(location: Iterable[str | int], problem: str) -> FieldFault:
    """Describe the fault at a path; its names are the caller's, so they are truncated."""
    parts = [
        f"[{part}]" if isinstance(part, int) else f".{part[:_MAX_LENGTH]}" for part in location
    ]
    return FieldFault(_shorten("".join(parts).removeprefix(".") or "(body)"), _shorten(problem))


def read_faults(error: ValidationError) -> Iterable[FieldFault]:
    """Return pydantic's errors without the values."""
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        yield fault_at(detail["loc"], detail["msg"])


def wrong_fields(faults: Sequence[FieldFault], total: int) -> BadInputError:
    """Build the error that names the first of `total` faults."""
    named = faults[:MAX_NAMED]
    listed = "; ".join(f"{fault.field}: {fault.problem}" for fault in named)
    more = f"; and {total - len(named):,} more" if total > len(named) else ""
    metadata: dict[str, Any] = {"fields": [fault.render() for fault in named], "total": total}
    return BadInputError(
        f"The body is not what this function takes. {listed}{more}.",
        code="INVALID_BODY",
        metadata=metadata,
    )


def _shorten(text: str) -> str:
    """Cut, and without halves of surrogate pairs, which no answer can carry."""
    whole = text[: _MAX_LENGTH + 1].encode("utf-8", "replace").decode()
    return whole if len(whole) <= _MAX_LENGTH else whole[: _MAX_LENGTH - 1] + _ELLIPSIS
