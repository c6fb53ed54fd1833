"""Filters and the times and levels of the command line."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import EdgeError
from edge.events import Level
from edge.logs.entry import Entry, Kind
from edge.logs.query import Query, parse_level, parse_moment

NOON = datetime(2025, 1, 31, 12, tzinfo=UTC)
ENTRY = Entry(
    NOON,
    Level.WARNING,
    Kind.LOG,
    "The Message",
    function="echo",
    request_id="req-1",
    fields={"video_id": "Video-7"},
)


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(functions=frozenset({"echo", "other"})),
        Query(since=NOON),
        Query(until=NOON + timedelta(seconds=1)),
        Query(level=Level.WARNING),
        Query(level=Level.DEBUG),
        Query(search="message"),
        Query(search="REQ-1"),
        Query(search="video-7"),
    ],
)
def test_it_matches(query: Query) -> None:
    assert query.matches(ENTRY)


@pytest.mark.parametrize(
    "query",
    [
        Query(functions=frozenset({"other"})),
        Query(since=NOON + timedelta(microseconds=1)),
        Query(until=NOON),
        Query(level=Level.ERROR),
        Query(search="absent"),
        Query(functions=frozenset({"echo"}), search="absent"),
    ],
)
def test_it_does_not_match(query: Query) -> None:
    assert not query.matches(ENTRY)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("2H", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("1 w", timedelta(weeks=1)),
    ],
)
def test_an_age_counts_back_from_now(text: str, age: timedelta) -> None:
    assert parse_moment(text, NOON) == NOON - age


@pytest.mark.parametrize("text", ["2025-01-31T12:00:00Z", "2025-01-31T13:00+01:00"])
def test_a_time_may_name_its_zone(text: str) -> None:
    assert parse_moment(text, NOON) == NOON


def test_a_time_without_a_zone_is_local() -> None:
    assert parse_moment("2025-01-31", NOON) == datetime(2025, 1, 31).astimezone()


def test_an_age_before_all_time_means_everything() -> None:
    assert parse_moment("999999999w", NOON) == datetime.min.replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "10", "m", "yesterday", "10x", "-5m"])
def test_an_invalid_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(EdgeError, match="10m"):
        parse_moment(text, NOON)


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        moment = parse_moment(text, NOON)
    except EdgeError:
        return
    assert moment.tzinfo is not None


@pytest.mark.parametrize(("name", "level"), [("warn", Level.WARNING), ("ERROR", Level.ERROR)])
def test_a_level_by_any_name(name: str, level: Level) -> None:
    assert parse_level(name) is level


def test_a_mistyped_level_is_guessed() -> None:
    with pytest.raises(EdgeError, match="Did you mean warning"):
        parse_level("warnning")
