"""Extractor: order of stages, response, retries, failed stages."""

import json
from typing import Any

import pytest
import requests

from backend.client.events import StageFailed, StageRetried, StageStarted, StageSucceeded
from backend.client.functions import FunctionCallError, FunctionClient
from tests.support.extractor import RECORDING, STRUCTURED, UUID, Functions, Run


def bodies(functions: Functions) -> list[dict[str, Any]]:
    return [json.loads(call.request.body or "") for call in functions.mock.calls]


def test_three_stages_make_an_analysis_response(functions: Functions, run: Run) -> None:
    functions.succeed()

    response = run.extractor.extract(RECORDING).to_dict()

    assert response["status"] == "success"
    assert response["data"] == {
        "analysis": "# Good call",
        "structured_data": STRUCTURED,
        "voice_prompt": "Hello! You are …",
    }
    assert response["metadata"]["stages_completed"] == [
        "transcript_processing",
        "structured_data",
        "voice_prompt",
    ]
    assert isinstance(response["metadata"]["processing_time"], int)
    assert "error" not in response


def test_each_stage_gets_what_the_one_before_made(functions: Functions, run: Run) -> None:
    functions.succeed()

    run.extractor.extract(RECORDING)

    assert bodies(functions) == [
        {
            "collection_id": "calls",
            "video_id": "call-7",
            "transcript": "Ann: Hi",
            "metadata": {"team": "west"},
        },
        {"video_id": UUID},
        {"video_id": UUID, "structured_data": STRUCTURED},
    ]


def test_the_key_goes_along_and_one_request_id_for_the_run(functions: Functions, run: Run) -> None:
    functions.succeed()

    run.extractor.extract(RECORDING)

    headers = [call.request.headers for call in functions.mock.calls]
    assert {h["Authorization"] for h in headers} == {"Bearer key"}
    assert {h["apikey"] for h in headers} == {"key"}
    assert {h["X-Request-Id"] for h in headers} == {json.loads(run.log.getvalue())["request_id"]}


def test_the_log_is_one_json_line(functions: Functions, run: Run) -> None:
    functions.succeed()

    run.extractor.extract(RECORDING)

    line = json.loads(run.log.getvalue())
    assert set(line) == {"request_id", "video_id", "timestamp", "duration_ms", "stages"}
    assert line["video_id"] == UUID
    assert line["timestamp"].endswith("Z")
    assert {name: stage["status"] for name, stage in line["stages"].items()} == {
        "transcript_processing": "success",
        "structured_data": "success",
        "voice_prompt": "success",
    }


def test_progress_is_reported_as_it_happens(functions: Functions, run: Run) -> None:
    functions.succeed()

    run.extractor.extract(RECORDING)

    assert [type(event) for event in run.events] == [StageStarted, StageSucceeded] * 3


@pytest.mark.parametrize("status", [500, 502, 503, 504, 546])
def test_a_5xx_is_tried_again(functions: Functions, run: Run, status: int) -> None:
    functions.succeed("process-transcript")
    functions.fail("structured-data", status, message="OpenAI is overloaded.", code="X")
    functions.succeed("structured-data", "voice-prompt")

    response = run.extractor.extract(RECORDING)

    assert response.is_success
    assert StageRetried("structured_data", 2, "OpenAI is overloaded.") in run.events


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (requests.ReadTimeout(), "TIMEOUT"),
        (requests.ConnectTimeout(), "TIMEOUT"),
        (requests.ConnectionError(), "CONNECTION_FAILED"),
    ],
)
def test_a_broken_call_is_tried_three_more_times(
    functions: Functions, run: Run, error: Exception, code: str
) -> None:
    functions.reply("process-transcript", body=error)

    response = run.extractor.extract(RECORDING)

    assert functions.calls("process-transcript") == 4
    assert response.error is not None
    assert response.error.code == code


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 415, 429])
def test_a_4xx_is_never_tried_again(functions: Functions, run: Run, status: int) -> None:
    functions.fail("process-transcript", status, message="No.", code="NO")

    response = run.extractor.extract(RECORDING)

    assert functions.calls("process-transcript") == 1
    assert response.error is not None
    assert (response.error.message, response.error.code) == ("No.", "NO")


def test_a_failed_stage_is_named_and_the_finished_ones_are_kept(
    functions: Functions, run: Run
) -> None:
    functions.succeed("process-transcript", "structured-data")
    functions.fail("voice-prompt", 502, message="Anthropic refused.", code="PROVIDER_REFUSED")

    response = run.extractor.extract(RECORDING).to_dict()

    assert response["status"] == "error"
    assert response["error"] == {
        "stage": "voice_prompt",
        "message": "Anthropic refused.",
        "code": "PROVIDER_REFUSED",
    }
    assert response["data"]["analysis"] == "# Good call"
    assert response["data"]["voice_prompt"] is None
    assert response["metadata"]["stages_completed"] == ["transcript_processing", "structured_data"]
    stages = json.loads(run.log.getvalue())["stages"]
    assert stages["voice_prompt"]["status"] == "error"
    failed = run.events[-1]
    assert isinstance(failed, StageFailed)
    assert failed.code == "PROVIDER_REFUSED"


def test_later_stages_are_not_called_after_a_failure(functions: Functions, run: Run) -> None:
    functions.succeed("process-transcript", "voice-prompt")
    functions.fail("structured-data", 404, message="No video.", code="VIDEO_NOT_FOUND")

    run.extractor.extract(RECORDING)

    assert functions.calls("voice-prompt") == 0


def test_retry_after_is_respected(functions: Functions, run: Run) -> None:
    functions.reply("process-transcript", status=503, headers={"Retry-After": "0.05"}, json={})
    functions.succeed()

    response = run.extractor.extract(RECORDING)

    assert response.is_success
    assert response.processing_time >= 50


def test_a_retry_after_that_is_too_long_ends_the_run(functions: Functions, run: Run) -> None:
    functions.reply("process-transcript", status=503, headers={"Retry-After": "3600"}, json={})
    functions.succeed("process-transcript")

    response = run.extractor.extract(RECORDING)

    assert functions.calls("process-transcript") == 1
    assert response.error is not None
    assert response.error.code == "HTTP_503"


@pytest.mark.parametrize(
    "reply",
    [
        {"body": "<html>oops</html>"},
        {"json": ["not", "an", "object"]},
        {"json": {"status": "success", "data": {"result": None}}},
        {"json": {"status": "success"}},
    ],
)
def test_a_reply_that_is_not_the_functions_is_an_error(
    functions: Functions, run: Run, reply: dict[str, Any]
) -> None:
    functions.reply("process-transcript", status=200, **reply)

    response = run.extractor.extract(RECORDING)

    assert functions.calls("process-transcript") == 1
    assert response.error is not None
    assert response.error.code == "BAD_REPLY"


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({"code": "UNAUTHORIZED_JWT", "message": "Invalid JWT"}, "Invalid JWT", "UNAUTHORIZED_JWT"),
        ({"msg": "Invalid JWT"}, "Invalid JWT", "HTTP_401"),
        ({}, "process-transcript answered 401.", "HTTP_401"),
    ],
)
def test_the_platforms_own_refusals_are_understood(
    functions: Functions, run: Run, body: dict[str, Any], message: str, code: str
) -> None:
    functions.reply("process-transcript", status=401, json=body)

    response = run.extractor.extract(RECORDING)

    assert response.error is not None
    assert (response.error.message, response.error.code) == (message, code)


def test_an_invalid_url_is_an_error_not_a_crash() -> None:
    with pytest.raises(FunctionCallError) as caught:
        FunctionClient("htp:/nowhere", "key", wait_initial=0.001).call(
            "x", {}, request_id="r", on_retry=lambda *_: None
        )

    assert caught.value.code == "BAD_CALL"
