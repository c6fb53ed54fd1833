"""Strings built for a regular expression match it."""

import pytest

from edge.emulator.providers.engine.schema.pattern import match_pattern
from tests.support.json_schema import problems


@pytest.mark.parametrize(
    "pattern",
    [r"^\+?\d{3}-\d{2,4}$", r"^(a|b)+c?$", r"^[^a-z]{3}$", r"^\S+\s\S+$", r"^(?=x)x.*$", r"[]]"],
)
def test_patterns_are_matched_by_what_is_made_for_them(pattern: str):
    made = match_pattern(pattern)

    assert made is not None
    assert problems({"pattern": pattern}, made) == []
