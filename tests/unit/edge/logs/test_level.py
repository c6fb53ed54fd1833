"""The level of a line, whichever library wrote it."""

import json
import logging
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.events import Level
from edge.logs.level import is_at_least, level_named, level_of

FORMATS = (
    logging.BASIC_FORMAT,
    "%(levelname)s %(message)s",
    "[%(levelname)s] %(message)s",
    "%(asctime)s - %(name)s - %(levelname)s - %(message)s",
    "%(asctime)s %(levelname)s %(name)s: %(message)s",
    "%(asctime)s [%(levelname)s] %(name)s: %(message)s",
    "[%(asctime)s] [%(process)d] [%(levelname)s] %(message)s",
    "%(asctime)s | %(levelname)-8s | %(name)s:%(lineno)d - %(message)s",
    "%(levelname)s:     %(message)s",
    "%(name)s %(levelname)s: %(message)s",
)
NUMBERS = {
    logging.DEBUG: Level.DEBUG,
    logging.INFO: Level.INFO,
    logging.WARNING: Level.WARNING,
    logging.ERROR: Level.ERROR,
    logging.CRITICAL: Level.ERROR,
}


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("pattern", FORMATS)
def test_the_level_that_logging_writes_is_read_back(pattern: str, number: int) -> None:
    out = StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter(pattern))
    handler.emit(logging.LogRecord("my.name", number, "main.py", 3, "a thing", None, None))

    line = out.getvalue().rstrip("\n")

    assert level_of("stdout", line) is level_of("stderr", line) is NUMBERS[number]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"event": "x", "level": "warning"}', Level.WARNING),
        ('{"severity": "CRITICAL", "message": "x"}', Level.ERROR),
        ('{"levelname": "DEBUG"}', Level.DEBUG),
        ('{"level": 30}', Level.WARNING),
        ('{"level": 10}', Level.DEBUG),
        ('{"request_id": "r", "status": 502, "stages": {}}', Level.ERROR),
        ('{"request_id": "r", "status": 404, "stages": {}}', Level.WARNING),
        ('{"request_id": "r", "status": 200, "stages": {}}', Level.INFO),
        ('{"level": null}', Level.INFO),
        ('{"level": "loud"}', Level.INFO),
        ("{" * 9000, Level.INFO),
        ('{"a":' * 3000, Level.INFO),
        ("2025-01-31T09:00:00Z [\x1b[32m\x1b[1merror    \x1b[0m] it broke", Level.ERROR),
        ("error: no such file", Level.ERROR),
        ("/app/main.py:3: DeprecationWarning: old", Level.WARNING),
        ("Traceback (most recent call last):", Level.ERROR),
        ('  File "/app/main.py", line 3, in main', Level.ERROR),
        ("ValueError: no", Level.ERROR),
        ("httpx.ReadTimeout", Level.INFO),
        ("information is power", Level.INFO),
        ("no error: all is well", Level.INFO),
        ("we saw 3 errors", Level.INFO),
        ("", Level.INFO),
    ],
)
def test_a_line_on_stdout(line: str, expected: Level) -> None:
    assert level_of("stdout", line) is expected


def test_a_line_without_a_level_is_an_error_on_stderr_only() -> None:
    assert level_of("stdout", "hello") is Level.INFO
    assert level_of("stderr", "hello") is Level.ERROR


@given(st.text(max_size=300), st.sampled_from(["stdout", "stderr"]))
def test_any_line_has_a_level(line: str, stream: str) -> None:
    assert level_of(stream, line) in Level


@given(st.recursive(st.none() | st.integers() | st.text(), lambda s: st.lists(s, max_size=3)))
def test_any_json_member_called_level_is_survived(value: object) -> None:
    assert level_of("stdout", json.dumps({"level": value})) in Level


def test_levels_are_ordered() -> None:
    severe = [level for level in Level if is_at_least(level, Level.WARNING)]

    assert severe == [Level.WARNING, Level.ERROR]


@pytest.mark.parametrize("name", ["warn", "WARNING", " Warning "])
def test_a_level_has_several_names(name: str) -> None:
    assert level_named(name) is Level.WARNING
