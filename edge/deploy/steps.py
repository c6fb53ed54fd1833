"""The steps of a plan as data: files to write and programs to run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SECRET: Final = "<secret>"  # noqa: S105 - a placeholder
"""Placeholder in a step's standard input for the output of its `secret` command."""


@dataclass(frozen=True, slots=True)
class Write:
    """Replace `folder` by one that holds exactly these files, by their relative paths.

    `shown` are the generated ones, whose content a plan prints.
    """

    folder: Path
    files: Mapping[str, bytes]
    why: str
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Start a program; `secret` is the command whose output replaces SECRET in `stdin`.

    A secret is read when the step is executed, and is in no argument, file or plan.
    """

    argv: tuple[str, ...]
    why: str
    stdin: str = ""
    secret: tuple[str, ...] = ()


Step = Write | Run
