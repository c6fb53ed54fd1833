"""The line of an entry: anything that a function prints survives being written and read."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.events import Level
from edge.logs.entry import Entry, Kind, parse_entry, render_entry

NOON = datetime(2025, 1, 31, 12, 0, 0, 123_000, tzinfo=UTC)
ANY_TEXT = st.text(st.characters(exclude_categories=()))


def entry(message: str = "hello", **members: str) -> Entry:
    return Entry(NOON, Level.INFO, Kind.LOG, message, **members)  # type: ignore[arg-type]


def test_a_line_is_json_with_a_utc_time_in_milliseconds() -> None:
    line = render_entry(entry(function="echo", execution_id="e", request_id="r"))

    assert json.loads(line) == {
        "time": "2025-01-31T12:00:00.123Z",
        "level": "info",
        "kind": "Log",
        "function": "echo",
        "execution_id": "e",
        "request_id": "r",
        "message": "hello",
    }


@given(ANY_TEXT, st.dictionaries(ANY_TEXT, ANY_TEXT | st.integers() | st.none(), max_size=4))
def test_whatever_is_in_it_comes_back(message: str, fields: dict[str, object]) -> None:
    written = Entry(NOON, Level.ERROR, Kind.LOG, message, "f", fields=fields)

    line = render_entry(written)

    assert b"\n" not in line
    line.decode("utf-8")
    assert parse_entry(line) == written


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"time": "2025-01-31T12:00:00.123Z", "level": "info", "kind": "Log", "mess',
        b'{"time": "today", "level": "info", "kind": "Log", "message": ""}',
        b'{"time": "2025-01-31T12:00:00Z", "level": "loud", "kind": "Log", "message": ""}',
        b'{"time": "2025-01-31T12:00:00Z", "level": "info", "kind": "Song", "message": ""}',
        b'{"a":' * 5000,
    ],
)
def test_a_torn_or_foreign_line_is_not_an_entry(line: bytes) -> None:
    assert parse_entry(line) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(line: bytes) -> None:
    assert parse_entry(line) is None or line.startswith(b"{")
