"""Outcome of an `edge` command run inside the test's process."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """A command's exit status and output."""

    status: int
    out: str
    err: str


Edge = Callable[..., Outcome]
