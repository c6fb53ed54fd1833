"""Each function's requirements are pinned as in the one lock."""

import re

import pytest

from tests.support.paths import ROOT

FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/main.py"))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_pin_is_the_locks(function: str) -> None:
    lock = {
        line.split()[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if line
    }
    pins = (ROOT / "functions" / function / "requirements.txt").read_text().split()

    assert pins
    assert {re.sub(r"\[.*\]", "", pin) for pin in pins} <= lock
