"""Request records are found among the other lines that a function prints."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.logs.record import Failure, Stage, parse_record
from shared.errors import UpstreamError
from shared.llm.errors import Fault, Source, upstream_error
from shared.runtime.log import RequestLog

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def record(**members: Any) -> str:
    return json.dumps({"request_id": "r", "stages": {}, **members})


def test_what_shared_log_writes_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    log = RequestLog("r-1", "voice-prompt", fields={"video_id": "v"})
    with log.stage("read"):
        pass
    error: UpstreamError = upstream_error(Fault.RATE_LIMITED, Source("OpenAI", "req_1"))
    log.fields["error"] = {"code": error.code, "message": error.message, **error.metadata}
    log.write(503)

    read = parse_record(capsys.readouterr().out)

    assert read is not None
    assert (read.request_id, read.status) == ("r-1", 503)
    assert read.duration_ms is not None
    assert [(stage.name, stage.status) for stage in read.stages] == [("read", "success")]
    assert read.failure == Failure(
        "PROVIDER_RATE_LIMITED", "OpenAI limits our rate of requests.", "OpenAI", None
    )
    assert read.fields["video_id"] == "v"


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "{}",
        '{"stages": {}}',
        '{"request_id": "r", "stages": []}',
        '{"request_id": 1, "stages": {}}',
        '{"request_id": "r", "stages": {}, "x": NaN}',
        '{"request_id": "r", "stages": {}, "x": 1e999}',
        '{"request_id": "r", "stages": {}',
        '{"stages":' * 3000,
    ],
)
def test_other_lines_are_not_records(line: str) -> None:
    assert parse_record(line) is None


@pytest.mark.parametrize("duration", [-1, True, "3", None, 1e300, 10**400])
def test_an_invalid_duration_is_omitted(duration: object) -> None:
    read = parse_record(record(duration_ms=duration, stages={"s": {"duration_ms": duration}}))

    assert read is not None
    assert read.duration_ms is None
    assert read.stages == ()


def test_a_stage_keeps_its_outcome() -> None:
    read = parse_record(record(stages={"s": {"status": "error", "duration_ms": 3}, "t": 1}))

    assert read is not None
    assert read.stages == (Stage("s", "error", 3.0),)


@given(JSON, JSON, JSON)
def test_members_of_any_type_are_survived(stages: Any, error: Any, status: Any) -> None:
    line = record(stages={"s": stages}, error=error, status=status, duration_ms=stages)

    read = parse_record(line)

    assert read is None or read.request_id == "r"
