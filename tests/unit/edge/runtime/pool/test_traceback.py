"""Tracebacks among other lines."""

import traceback

from hypothesis import given
from hypothesis import strategies as st

from edge.runtime.pool.traceback import TracebackReader


def read(text: str) -> list[str]:
    reader = TracebackReader()
    return [found for line in text.splitlines() if (found := reader.feed(line))]


def raised() -> str:
    try:
        try:
            {}["missing"]
        except KeyError as exc:
            raise ValueError("second\nline") from exc
    except ValueError:
        return traceback.format_exc()


def test_each_exception_of_a_chain_is_found_between_other_lines() -> None:
    found = read(f"before\n{raised()}after\n")

    assert [text.splitlines()[-1] for text in found] == [
        "KeyError: 'missing'",
        "ValueError: second",
    ]
    assert all(text.startswith("Traceback") for text in found)


def test_a_traceback_that_is_cut_off_is_none() -> None:
    assert read("Traceback (most recent call last):\n  File x") == []


@given(st.lists(st.text()))
def test_nothing_is_found_where_nothing_is(lines: list[str]) -> None:
    reader = TracebackReader()

    assert [reader.feed(line) for line in lines if "Traceback" not in line] == [None] * len(
        [line for line in lines if "Traceback" not in line]
    )
