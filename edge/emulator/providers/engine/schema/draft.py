"""What an answer should say, before it is given the shape that a schema asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Absent(Enum):
    """Nothing was drafted for this place; unlike None, which says that there is nothing."""

    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Grade:
    """A counted share from 0 to 1 and how it was counted; schemas want it as number or as word."""

    ratio: float | None
    reason: str
    word: str

    def __str__(self) -> str:
        return f"{self.word}: {self.reason}" if self.reason else self.word


Draft: TypeAlias = (
    "bool | int | float | str | Grade | Absent | Sequence[Draft] | Mapping[str, Draft] | None"
)


class Suggester(Protocol):
    """What a text offers for a place of which only the name is known."""

    def suggest_object(self, names: frozenset[str]) -> Mapping[str, Draft] | None: ...

    def suggest_texts(self, name: str) -> Sequence[str]: ...

    def suggest_grade(self, name: str) -> Grade | None: ...

    def suggest_numbers(self, name: str) -> Sequence[float]: ...

    def mentions(self, words: str) -> int: ...

    def find_pattern(self, pattern: str) -> str | None: ...
