"""The line that a request leaves in the log."""

import json
from io import StringIO
from typing import Any

import pytest

from shared.runtime.log import RequestLog


def line(log: RequestLog, status: int = 200) -> dict[str, Any]:
    out = StringIO()
    log.write(status, stream=out)
    assert out.getvalue().count("\n") == 1
    return json.loads(out.getvalue())


def test_a_line_says_what_happened() -> None:
    log = RequestLog("r-1", "voice-prompt", fields={"video_id": "v"})
    with log.stage("read"):
        pass

    record = line(log)

    assert record["request_id"] == "r-1"
    assert record["function"] == "voice-prompt"
    assert record["video_id"] == "v"
    assert record["outcome"] == "success"
    assert record["timestamp"].endswith("Z")
    assert record["stages"]["read"]["status"] == "success"
    assert record["duration_ms"] >= record["stages"]["read"]["duration_ms"]


def test_a_stage_that_raises_is_marked_and_the_error_goes_on() -> None:
    log = RequestLog("r-1", "f")

    with pytest.raises(KeyError), log.stage("read"):
        raise KeyError

    assert line(log, 500)["stages"]["read"]["status"] == "error"


def test_newlines_stay_inside_the_line() -> None:
    assert line(RequestLog("r", "f", fields={"error": "a\nb"}))["error"] == "a\nb"
