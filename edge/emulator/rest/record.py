"""Frozen values that take a quarter of a frozen dataclass's time to make, and a fifth to define.

The type checker refuses changes, and nothing checks again when the program runs: each request makes
some of them, and `edge rest` defines sixty such classes before it answers. Only what makes a value
is compiled for each class; what compares, hashes and shows them reads their fields.
"""

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[_T]) -> type[_T]:
    """Make a dataclass with slots that is hashed by its fields, and is not to be changed."""
    cls.__doc__ = cls.__doc__ or cls.__name__  # else dataclass describes the signature, for 40 µs
    made: Any = dataclass(slots=True, eq=False, repr=False)(cls)
    read = attrgetter(*(field.name for field in fields(made) if field.compare))

    def is_equal(self: Any, other: object) -> bool:
        return read(self) == read(other) if other.__class__ is made else NotImplemented

    def compute_hash(self: Any) -> int:
        return hash(read(self))

    methods: dict[str, Any] = {
        "__eq__": is_equal,
        "__hash__": compute_hash,
        "__repr__": _represent,
    }
    for name, method in methods.items():
        setattr(made, name, method)
    return made


def _represent(self: Any) -> str:
    shown = [field.name for field in fields(self) if field.repr]
    described = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({described})"
