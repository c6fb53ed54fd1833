"""Drafts: content of an answer before it is fitted to a schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Absent(Enum):
    """Marks a place without a draft; a draft of None means that the value is null."""

    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Grade:
    """A ratio from 0 to 1 and how it was counted; rendered as number or as word."""

    ratio: float | None
    reason: str
    word: str

    def __str__(self) -> str:
        return f"{self.word}: {self.reason}" if self.reason else self.word


Draft: TypeAlias = (
    "bool | int | float | str | Grade | Absent | Sequence[Draft] | Mapping[str, Draft] | None"
)


class Suggester(Protocol):
    """Source of values for a property, given only its name."""

    def suggest_object(self, names: frozenset[str]) -> Mapping[str, Draft] | None: ...

    def suggest_texts(self, name: str) -> Sequence[str]: ...

    def suggest_grade(self, name: str) -> Grade | None: ...

    def suggest_numbers(self, name: str) -> Sequence[float]: ...

    def mentions(self, words: str) -> int: ...

    def find_pattern(self, pattern: str) -> str | None: ...
