"""What is kept of a provider's measures of a call's answers."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.telephony.latency import read_latency

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
PART = st.dictionaries(st.sampled_from(["p50", "p90", "max", "num", "values"]), JSON)


def test_known_parts_are_kept_in_whole_milliseconds() -> None:
    part = {"p50": 612.4, "p90": "790", "p95": 800, "max": 900, "min": 1, "num": 4, "values": [1]}
    kept = {"p50": 612, "p90": 790, "max": 900, "num": 4}

    assert read_latency({"llm": part, "s2s": {"p50": 0}, "llm2": part}) == {
        "llm": kept,
        "s2s": {"p50": 0},
    }


@pytest.mark.parametrize(
    "value",
    [
        *(None, [], 5, "x", {}, {"llm": None}, {"llm": [1]}, {"llm": {}}, {"llm": {"num": 3}}),
        *({"llm": {"p50": odd}} for odd in (True, -1, 3_600_000, 10**400, [], {}, "", "1e3")),
        *({"llm": {"p50": odd}} for odd in (float("nan"), float("inf"), "-1", "٣", None)),
    ],
)
def test_what_is_no_latency_is_none(value: Any) -> None:
    assert read_latency(value) is None


@settings(max_examples=20)
@given(JSON | st.dictionaries(st.sampled_from(["e2e", "asr", "tts"]), JSON | PART))
def test_whatever_comes_what_is_kept_is_small(value: Any) -> None:
    kept = read_latency(value)

    assert len(json.dumps(kept)) < 1000
    for part in (kept or {}).values():
        assert all(type(number) is int and number >= 0 for number in part.values())
