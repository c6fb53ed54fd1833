"""What a model is asked: how to answer, about what, in which shape."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """Providers take the instructions apart from the text, and so should we: the text is data."""

    instructions: str
    text: str
    answer: type[T]

    @property
    def name(self) -> str:
        """What the schema is called on the wire."""
        return self.answer.__name__
