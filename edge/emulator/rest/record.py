"""Frozen values that cost half of a frozen dataclass to define and to make.

The type checker refuses changes, and nothing checks again when the program runs: the data API has
sixty such classes, and to define them took a fifth of the time until `edge rest` answers.
"""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[_T]) -> type[_T]:
    """Make a dataclass with slots that is hashed by its fields, and is not to be changed."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
