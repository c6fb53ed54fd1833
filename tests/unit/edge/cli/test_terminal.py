"""Terminal output: readable lines, colours only on a terminal, each failure once."""

import json
from datetime import datetime
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from edge.cli.start.terminal import LogFormat, terminal_observer
from edge.events import (
    Boot,
    BootFailure,
    Event,
    Level,
    LogLine,
    RequestServed,
    Shutdown,
    ShutdownReason,
    SourceChanged,
    WorkerRetired,
    ZygoteLost,
    ZygoteReady,
)
from edge.logs.line import read_line
from edge.logs.queue import DropCause, LinesDropped, TimestampedEvent

ANY_TEXT = st.text(st.characters(exclude_categories=()))
TRACEBACK = 'Traceback (most recent call last):\n  File "main.py", line 3\nKeyError: 1'


def shown(*events: Event, terminal: bool = False, log_format: LogFormat = "text") -> str:
    out = StringIO()
    colours = "standard" if terminal else "auto"
    console = Console(
        file=out, force_terminal=terminal, color_system=colours, width=200, _environ={}
    )
    observe = terminal_observer(console, log_format)
    for event in events:
        observe(event)
    return out.getvalue()


def line(text: str, level: Level = Level.INFO) -> LogLine:
    return LogLine("echo", "e", "stdout", level, text)


def record(status: int, **error: str) -> LogLine:
    members = {
        "request_id": "0123456789abcdef",
        "status": status,
        "stages": {"read": {"status": "success", "duration_ms": 12}},
        "error": error,
    }
    return read_line("echo", "e", "stdout", json.dumps(members))


def test_a_request_is_one_line_with_a_short_identifier() -> None:
    event = RequestServed(
        "echo", "e", "0123456789abcdef", "POST", "/echo", 503, 4.2, "BOOT_ERROR", is_cold=True
    )

    expected = ["echo", "503", "POST", "/echo", "BOOT_ERROR", "4", "ms", "cold", "01234567"]
    (text,) = shown(event).splitlines()

    assert text.split()[1:] == expected


def test_a_boot_failure_is_shown_whole_the_first_time_only() -> None:
    failure = BootFailure("echo", "e", TRACEBACK)

    first, again = shown(failure), shown(failure, failure)

    assert all(text in first for text in TRACEBACK.splitlines())
    assert again.count("Traceback") == 1
    assert again.splitlines()[-1].endswith("still cannot start: KeyError: 1")


def test_a_boot_failure_after_a_success_is_shown_whole_again() -> None:
    failure = BootFailure("echo", "e", TRACEBACK)

    assert shown(failure, Boot("echo", "e", 1, 20.0), failure).count("Traceback") == 2


def test_another_boot_failure_is_another() -> None:
    text = shown(BootFailure("echo", "e", TRACEBACK), BootFailure("echo", "e", "SyntaxError"))

    assert "still" not in text


def test_a_worker_close_to_its_limit_is_yellow_and_its_end_dim() -> None:
    text = shown(
        WorkerRetired("echo", "e", ShutdownReason.MEMORY),
        Shutdown("echo", "e", ShutdownReason.MEMORY, -9, 30.0, 150 << 20),
    )

    retired, ended = text.splitlines()
    assert retired.endswith("is close to its limit of memory: replaced")
    assert ended.endswith("its worker ended after 30 ms of CPU, 150 MB")


def test_a_worker_ended_at_its_limit_without_notice_says_which() -> None:
    text = shown(Shutdown("echo", "e", ShutdownReason.WALL_CLOCK_TIME, -9, 30.0, 0))

    assert "was ended: limit of wall-clock time" in text


@pytest.mark.parametrize(("status", "cause"), [(-11, "by signal 11"), (3, "with status 3")])
def test_a_crash_shows_its_cause(status: int, cause: str) -> None:
    text = shown(Shutdown("echo", "e", ShutdownReason.EVENT_LOOP_COMPLETED, status))

    assert f"its worker ended {cause}" in text


@pytest.mark.parametrize(
    "reason", [ShutdownReason.EARLY_DROP, ShutdownReason.TERMINATION_REQUESTED]
)
def test_a_requested_shutdown_prints_nothing(reason: ShutdownReason) -> None:
    events = (WorkerRetired("echo", "e", reason), Shutdown("echo", "e", reason, 0))

    assert shown(*events) == ""


def test_the_loss_of_the_zygote_is_shown() -> None:
    text = shown(ZygoteLost(-9), ZygoteReady(400.0, ()))

    assert "the zygote ended by signal 9" in text
    assert "functions start in milliseconds" in text


def test_a_change_names_some_files() -> None:
    assert "reloads: a.py, b.py, c.py\n" in shown(
        SourceChanged("echo", ("a.py", "b.py", "c.py", "d.py"))
    )


@pytest.mark.parametrize(
    ("level", "code"), [(Level.ERROR, "\x1b[31m"), (Level.WARNING, "\x1b[33m")]
)
def test_levels_have_colours_on_a_terminal_only(level: Level, code: str) -> None:
    assert f"{code}hello" in shown(line("hello", level), terminal=True)
    assert "\x1b" not in shown(line("hello", level))


def test_a_function_may_print_in_colour_and_nothing_more() -> None:
    event = line("\x1b[32mgreen\x1b[0m\x1b[2J\x07\x9b2J\rend")

    assert "\x1b[32mgreen\x1b[0m" in shown(event, terminal=True)
    assert shown(event).rstrip("\n").endswith("green[2J2Jend")


@given(ANY_TEXT, ANY_TEXT)
def test_nothing_that_is_printed_or_requested_moves_the_cursor(text: str, path: str) -> None:
    requested = RequestServed(path, "e", "r", "GET", path, 404, 1.0)

    out = shown(line(text), requested, BootFailure("echo", "e", text))

    out.encode()
    assert not set(out) & {chr(n) for n in (*range(9), *range(11, 32), *range(127, 160))}


def test_a_record_shows_its_stages_and_a_failure_of_ours_with_its_place() -> None:
    stages, failure, *place = shown(
        record(500, code="INTERNAL_ERROR", message="It failed.", traceback=TRACEBACK)
    ).splitlines()

    assert stages.endswith("read 12 ms 01234567")
    assert failure.endswith("INTERNAL_ERROR: It failed.")
    assert place[-1].endswith("KeyError: 1")


def test_a_providers_failure_is_one_sentence() -> None:
    text = shown(
        record(
            502,
            code="PROVIDER_FAILED",
            message="OpenAI failed.",
            provider="OpenAI",
            traceback=TRACEBACK,
        )
    )

    assert "PROVIDER_FAILED: OpenAI failed." in text
    assert "Traceback" not in text


class BrokenPipe(StringIO):
    """Closed terminal: every write fails."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_closed_terminal_is_survived(log_format: LogFormat) -> None:
    screen = terminal_observer(Console(file=BrokenPipe(), _environ={}), log_format)

    for _ in range(3):
        screen(line("hello"))


def test_a_batch_keeps_the_times_at_which_things_happened() -> None:
    out = StringIO()
    noon = datetime(2025, 1, 31, 12).astimezone().timestamp()
    screen = terminal_observer(Console(file=out, width=200, _environ={}))
    screen.write(
        [
            TimestampedEvent(noon, line("hello")),
            TimestampedEvent(noon + 1, LinesDropped("echo", 3, DropCause.OVERFLOW)),
        ]
    )

    assert [text.split(maxsplit=2) for text in out.getvalue().splitlines()] == [
        ["12:00:00", "echo", "hello"],
        ["12:00:01", "echo", "3 lines are missing here: faster than they can be written"],
    ]


def test_as_json_each_event_is_one_line() -> None:
    events = (
        Boot("echo", "e", 7, 20.0),
        BootFailure("echo", "e", TRACEBACK),
        line("two\nlines \ud800"),
    )

    entries = [json.loads(text) for text in shown(*events, log_format="json").splitlines()]

    assert [entry["kind"] for entry in entries] == ["Boot", "BootFailure", "Log"]
    assert entries[1]["message"] == TRACEBACK
