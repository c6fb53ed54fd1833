"""Injected faults, as the real SDKs report them."""

import json
import time
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.support.fault_client import FaultClient

MESSAGE: Any = {
    "model": "m",
    "max_tokens": 500,
    "messages": [{"role": "user", "content": "The price is high. We talk on Monday."}],
}
RESPONSE: Any = {"model": "m", "input": "The price is high. We talk on Monday."}


@pytest.mark.parametrize(
    ("fault", "expected", "code"),
    [
        ({"status": 401}, openai.AuthenticationError, "invalid_api_key"),
        ({"status": 429}, openai.RateLimitError, "rate_limit_exceeded"),
        (
            {"status": 429, "code": "insufficient_quota"},
            openai.RateLimitError,
            "insufficient_quota",
        ),
        ({"status": 500}, openai.InternalServerError, None),
        ({"status": 503}, openai.InternalServerError, "server_is_overloaded"),
    ],
)
async def test_openai_statuses(
    faults: FaultClient, openai_client: openai.AsyncOpenAI, fault: Any, expected: Any, code: Any
):
    faults.inject(provider="openai", kind="status", retry_after=7, **fault)

    with pytest.raises(expected) as caught:
        await openai_client.responses.create(**RESPONSE)

    assert caught.value.code == code
    assert caught.value.request_id.startswith("req_")
    assert caught.value.response.headers["retry-after"].startswith("7")
    assert (await openai_client.responses.create(**RESPONSE)).status == "completed"


@pytest.mark.parametrize(
    ("fault", "expected", "kind"),
    [
        ({"status": 401}, anthropic.AuthenticationError, "authentication_error"),
        ({"status": 402}, anthropic.APIStatusError, "billing_error"),
        ({"status": 429}, anthropic.RateLimitError, "rate_limit_error"),
        ({"status": 500}, anthropic.InternalServerError, "api_error"),
        ({"status": 529}, anthropic.InternalServerError, "overloaded_error"),
        (
            {"status": 429, "code": "enforced_spend_limit_reached"},
            anthropic.RateLimitError,
            "rate_limit_error",
        ),
    ],
)
async def test_anthropic_statuses(
    faults: FaultClient,
    anthropic_client: anthropic.AsyncAnthropic,
    fault: Any,
    expected: Any,
    kind: str,
):
    faults.inject(provider="anthropic", kind="status", **fault)

    with pytest.raises(expected) as caught:
        await anthropic_client.messages.create(**MESSAGE)

    assert caught.value.type == kind
    assert caught.value.error_code == fault.get("code")
    assert caught.value.request_id == caught.value.body["request_id"]


async def test_a_hang_lasts_until_the_client_gives_up(
    faults: FaultClient, openai_client: openai.AsyncOpenAI
):
    faults.inject(provider="openai", kind="hang")

    with pytest.raises(openai.APITimeoutError):
        await openai_client.with_options(timeout=0.3).responses.create(**RESPONSE)


async def test_a_short_hang_ends_with_the_answer(
    faults: FaultClient, openai_client: openai.AsyncOpenAI
):
    faults.inject(provider="openai", kind="hang", seconds=0.2)
    begun = time.monotonic()

    answer = await openai_client.responses.create(**RESPONSE)

    assert answer.status == "completed"
    assert time.monotonic() - begun >= 0.2


def test_a_cut_closes_the_connection_in_the_middle_of_the_body(
    faults: FaultClient, providers_url: str
):
    faults.inject(provider="openai", kind="cut")

    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(
            f"{providers_url}/openai/v1/responses",
            json=RESPONSE,
            headers={"Authorization": "Bearer any"},
        )


async def test_a_cut_is_a_connection_error_for_the_sdks(
    faults: FaultClient,
    openai_client: openai.AsyncOpenAI,
    anthropic_client: anthropic.AsyncAnthropic,
):
    faults.inject(provider="openai", kind="cut")
    faults.inject(provider="anthropic", kind="cut")

    with pytest.raises(openai.APIConnectionError):
        await openai_client.responses.create(**RESPONSE)
    with pytest.raises(anthropic.APIConnectionError):
        await anthropic_client.messages.create(**MESSAGE)


def test_malformed_json_is_a_200_that_cannot_be_parsed(http: httpx.Client, faults: FaultClient):
    faults.inject(provider="openai", kind="malformed_json", endpoint="responses")

    answer = http.post(
        "/openai/v1/responses", json=RESPONSE, headers={"Authorization": "Bearer any"}
    )

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_refusals_of_all_three(
    faults: FaultClient,
    openai_client: openai.AsyncOpenAI,
    anthropic_client: anthropic.AsyncAnthropic,
):
    faults.inject(provider="openai", kind="refusal", times=2)
    faults.inject(provider="anthropic", kind="refusal")

    response: Any = await openai_client.responses.create(**RESPONSE)
    chat = await openai_client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Hello."}]
    )
    message = await anthropic_client.messages.create(**MESSAGE)

    assert response.output[0].content[0].type == "refusal"
    assert chat.choices[0].message.refusal
    assert chat.choices[0].message.content is None
    assert message.stop_reason == "refusal"
    assert message.stop_details is not None


async def test_a_failed_response_is_a_200_with_an_error_inside(
    faults: FaultClient, openai_client: openai.AsyncOpenAI
):
    faults.inject(provider="openai", kind="failed", code="rate_limit_exceeded")

    answer = await openai_client.responses.create(**RESPONSE)

    assert answer.status == "failed"
    assert answer.error is not None
    assert answer.error.code == "rate_limit_exceeded"
    assert answer.output == []


async def test_truncation_content_filter_and_foreign_schema(
    faults: FaultClient,
    openai_client: openai.AsyncOpenAI,
    anthropic_client: anthropic.AsyncAnthropic,
):
    for kind in ("truncated", "content_filter", "invalid_schema", "truncated_silently", "empty"):
        faults.inject(provider="openai", kind=kind)
    faults.inject(provider="anthropic", kind="truncated")

    answers = [await openai_client.responses.create(**RESPONSE) for _ in range(5)]
    message = await anthropic_client.messages.create(**MESSAGE)

    reasons = [each.incomplete_details and each.incomplete_details.reason for each in answers]
    assert reasons == ["max_output_tokens", "content_filter", None, None, None]
    assert answers[2].output_text == '{"unexpected": true}'
    assert answers[3].status == "completed"
    assert answers[4].output_text == ""
    assert message.stop_reason == "max_tokens"


async def test_faults_wait_for_their_endpoint_and_requests_are_counted(
    faults: FaultClient, openai_client: openai.AsyncOpenAI
):
    faults.inject(provider="openai", kind="status", endpoint="embeddings", status=500, times=2)

    await openai_client.responses.create(**RESPONSE)
    with pytest.raises(openai.InternalServerError):
        await openai_client.embeddings.create(model="m", input="x")
    state = faults.state()

    assert len(state["pending"]) == 1
    assert state["requests"] == {
        "openai": {"responses": 1, "embeddings": 1},
        "anthropic": {},
        "retell": {},
        "replicate": {},
    }
    cleared = faults.clear()
    assert state["processing_ms"]["openai"] > 0
    assert cleared == {
        "pending": [],
        "requests": {"openai": {}, "anthropic": {}, "retell": {}, "replicate": {}},
        "processing_ms": {"openai": 0, "anthropic": 0, "retell": 0, "replicate": 0},
    }


async def test_the_count_shows_the_retries_of_an_sdk(
    faults: FaultClient, openai_client: openai.AsyncOpenAI
):
    faults.inject(provider="openai", kind="status", status=500, retry_after="0.01")

    answer = await openai_client.with_options(max_retries=1).responses.create(**RESPONSE)

    assert answer.status == "completed"
    assert faults.state()["requests"]["openai"]["responses"] == 2


@pytest.mark.parametrize(
    "body", [b"{", b"{}", b'{"provider": "openai", "kind": "explode"}', b'{"provider": 1}']
)
def test_an_unknown_fault_is_refused_naming_the_problems(http: httpx.Client, body: bytes):
    answer = http.post("/_faults", content=body)

    assert answer.status_code == 400
    assert answer.json()["problems"]
