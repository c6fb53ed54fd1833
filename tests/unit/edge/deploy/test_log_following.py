"""Following the logs of deployed functions."""

import itertools
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge.deploy.log_commands import LogQuery
from edge.deploy.log_following import CloudFollower, matches, read_line, stream
from edge.deploy.programs import ProgramFailed

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def entries(*ids: int) -> list[dict[str, Any]]:
    return [{"insertId": str(each), "textPayload": f"line {each}"} for each in ids]


class Platform:
    """Answers questions in turn; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[LogQuery] = []

    def read(self, query: LogQuery) -> list[dict[str, Any]]:
        self.asked.append(query)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def follower(platform: Platform) -> CloudFollower:
    minutes = itertools.count()
    query = LogQuery("hello", 100, severity="ERROR", follow=True)
    now = lambda: START + timedelta(minutes=next(minutes))  # noqa: E731
    return CloudFollower(query, platform.read, lambda: None, now)


def test_each_entry_comes_once_and_in_order() -> None:
    platform = Platform(entries(2, 1), entries(2), entries(4, 3, 2))

    shown = itertools.islice(follower(platform).follow(), 4)

    assert [entry["insertId"] for entry in shown] == ["1", "2", "3", "4"]
    assert [asked.since for asked in platform.asked] == [
        None,
        START - timedelta(seconds=10),
        START + timedelta(seconds=50),
    ]
    assert {asked.severity for asked in platform.asked} == {"ERROR"}


def test_a_platform_that_fails_now_and_then_is_asked_again() -> None:
    failed = ProgramFailed("gcloud ended with status 1")
    shown = follower(Platform(entries(1), failed, failed, entries(2))).follow()

    assert [entry["insertId"] for entry in itertools.islice(shown, 2)] == ["1", "2"]
    with pytest.raises(ProgramFailed):
        next(follower(Platform(failed)).follow())
    with pytest.raises(ProgramFailed):
        list(follower(Platform(entries(1), *[failed] * 9)).follow())


def test_lines_of_instances_are_read_as_entries() -> None:
    labels = "logging.googleapis.com/labels"
    line = {"severity": "ERROR", "time": "t", "message": "no", labels: {"function": "hello"}}
    error = read_line(json.dumps(line))
    record = read_line(json.dumps({"function": "hello", "status": 200, "outcome": "success"}))
    text = read_line("plain words")

    assert (error["timestamp"], error["jsonPayload"]["message"]) == ("t", "no")
    assert (record["severity"], text) == (
        "INFO",
        {"severity": "DEFAULT", "textPayload": "plain words"},
    )
    levels = [matches(each, LogQuery("", 1, severity="WARNING")) for each in (error, record, text)]
    assert levels == [True, False, False]
    assert matches(text, LogQuery("", 1, search="words"))
    assert not matches(error, LogQuery("", 1, search="words"))
    assert matches(error, LogQuery("", 1), "hello")
    assert not matches(text, LogQuery("", 1), "hello")


def test_lines_of_several_programs_come_as_they_are_printed() -> None:
    def program(text: str, status: int = 0) -> tuple[str, ...]:
        return (sys.executable, "-c", f"print({text!r}); raise SystemExit({status})")

    assert sorted(stream([program("a"), program("b")])) == ["a", "b"]
    with pytest.raises(ProgramFailed, match="status 3"):
        list(stream([program("no such pod", 3)]))


def test_a_program_waits_for_a_slow_reader_and_ends_with_it(tmp_path: Path) -> None:
    printed = tmp_path / "printed"
    text = f"[print('x' * 100) for _ in range(70_000)]; open({str(printed)!r}, 'w').close()"
    lines = stream([(sys.executable, "-c", text)], most_waiting=5)

    begin = list(itertools.islice(lines, 100))
    lines.close()  # type: ignore[attr-defined]

    assert begin == ["x" * 100] * 100
    assert not printed.exists()
