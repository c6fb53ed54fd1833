"""What a plan is made of: files to write and programs to run, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SECRET: Final = "<secret>"  # noqa: S105 - the place where one goes
"""Stands in a step's standard input for what its `secret` command prints."""


@dataclass(frozen=True, slots=True)
class Write:
    """Replace `folder` by one that holds exactly these files, by their relative paths.

    `shown` are those that settings have made, and a plan prints.
    """

    folder: Path
    files: Mapping[str, bytes]
    why: str
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Start a program; `secret` is the command whose output goes where `stdin` says SECRET.

    A secret is read when the step is executed, and is in no argument, file or plan.
    """

    argv: tuple[str, ...]
    why: str
    stdin: str = ""
    secret: tuple[str, ...] = ()


Step = Write | Run
