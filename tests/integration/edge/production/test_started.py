"""A gateway process that is started from nothing."""

import os
import sys
from typing import Any

import pytest

from edge.production import started


def test_a_process_that_ends_at_once_is_one_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")
    descriptor = os.open(os.devnull, os.O_RDONLY)
    shared = started.Shared(descriptor, descriptor, descriptor, ())
    settings: Any = "longer than a pipe " * 10_000

    pid = started.start(settings, shared, 0)

    assert os.waitpid(pid, 0) == (pid, 0)
    os.close(descriptor)
