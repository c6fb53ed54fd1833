"""`edge logs` on a store written by earlier runs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.cli.log_view import render_line
from edge.events import Level, LogLine
from edge.logs.entry import Entry, Kind
from edge.logs.store import LogStore
from tests.support.cli_command import Edge

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def written(project: Path) -> Path:
    store = LogStore(project / ".edge/logs")
    store.start()
    store(LogLine("report", "x1", "stdout", Level.INFO, "all is well"))
    store(LogLine("send-invite", "x2", "stderr", Level.ERROR, "the mail bounced"))
    store(LogLine("report", "x1", "stdout", Level.WARNING, "nearly full"))
    store.close()
    return project


def messages(out: str) -> list[str]:
    return [json.loads(line)["message"] for line in out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["all is well", "the mail bounced", "nearly full"]),
        (("report",), ["all is well", "nearly full"]),
        (("send_invite",), ["the mail bounced"]),
        (("--level", "warning"), ["the mail bounced", "nearly full"]),
        (("--search", "MAIL"), ["the mail bounced"]),
        (("--limit", "1"), ["nearly full"]),
        (("--since", "1h", "report", "--level", "warn"), ["nearly full"]),
        (("--since", "2999-01-01"), []),
    ],
)
@pytest.mark.parametrize("command", [("logs",), ("functions", "logs")])
@pytest.mark.usefixtures("written")
def test_matching_entries_are_printed_oldest_first(
    edge: Edge, command: tuple[str, ...], arguments: tuple[str, ...], expected: list[str]
) -> None:
    done = edge(*command, *arguments, "-o", "json")

    assert (done.status, messages(done.out)) == (0, expected)


@pytest.mark.usefixtures("written")
def test_a_line_has_function_level_and_message(edge: Edge) -> None:
    first = edge("logs", "report").out.splitlines()[0]

    assert first.split()[1:] == ["report", "info", "all", "is", "well"]


@pytest.mark.usefixtures("project")
def test_without_a_log_there_is_nothing_to_show(edge: Edge) -> None:
    done = edge("logs")

    assert (done.status, done.out) == (0, "")


@pytest.mark.parametrize("options", [("--since", "soon"), ("--level", "loud"), ("--limit", "0")])
@pytest.mark.usefixtures("written")
def test_a_value_that_makes_no_sense_is_a_usage_error(edge: Edge, options: tuple[str, ...]) -> None:
    assert edge("logs", *options).status == 2


@pytest.mark.parametrize(
    ("age", "expected"), [(timedelta(0), "12:00:00 "), (timedelta(days=2), "2026-03-02 12:00:00 ")]
)
def test_the_date_is_shown_when_it_is_not_today_s(age: timedelta, expected: str) -> None:
    entry = Entry(NOW - age, Level.INFO, Kind.LOG, "hello", "f")

    assert render_line(entry, NOW).plain.startswith(expected)


def test_nothing_that_was_printed_moves_the_cursor() -> None:
    entry = Entry(NOW, Level.INFO, Kind.LOG, "a\x1b[2Jb\x07\x1b]0;title\x07c\rd", "f")

    assert render_line(entry, NOW).plain.isprintable()
