"""Outcome of an `edge` command run inside the test's process."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from edge.cli import main


@dataclass(frozen=True)
class Outcome:
    """A command's exit status and output."""

    status: int
    out: str
    err: str


Edge = Callable[..., Outcome]


def run_edge(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> Outcome:
    """Run `edge` with arguments."""
    monkeypatch.setattr(sys, "argv", ["edge", *arguments])
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    status = ended.value.code
    assert isinstance(status, int)
    return Outcome(status, out, err)
