"""Where a request's time went: stages, calls to the data API and to providers, lines of its own."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from tests.support.recorded_stack import RecordedStack
from tests.support.waiting import PATIENCE, wait_for

pytestmark = [pytest.mark.process]


def spans_of(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {span["name"]: span for span in found["spans"]}


def test_a_functions_calls_are_spans_of_its_request(recorded: RecordedStack) -> None:
    answer = recorded.call("chain", json={})
    assert answer.json() == {"rows": 0, "status": 200}

    def find() -> dict[str, Any] | None:
        found = recorded.show(answer.headers["sb-request-id"])
        return found if len(found["spans"]) >= 5 else None

    found = wait_for(find)
    assert found
    spans = spans_of(found)

    assert spans["SELECT notes"]["parent"] == spans["chat gpt-4o-mini"]["parent"] == "handler"
    assert spans["SELECT notes"]["attributes"]["db.system.name"] == "postgresql"
    attributes = spans["chat gpt-4o-mini"]["attributes"]
    assert attributes["gen_ai.provider.name"] == "openai"
    assert attributes["gen_ai.usage.input_tokens"] > 0
    assert attributes["gen_ai.usage.output_tokens"] > 0
    handler = spans["handler"]
    assert handler["start_us"] <= spans["SELECT notes"]["start_us"]
    assert spans["chat gpt-4o-mini"]["end_us"] <= handler["end_us"] + 5000
    nested = recorded.list(parent=found["id"])
    assert {each["kind"] for each in nested} == {"rest", "provider"}
    listed = {each["id"] for each in recorded.list(limit=500)}
    assert not listed & {each["id"] for each in nested}


def test_cost_is_computed_by_the_settings_prices(recorded: RecordedStack) -> None:
    answer = recorded.call("models", json={})
    assert answer.json() == {"statuses": [200, 200, 200]}

    def find() -> dict[str, Any] | None:
        found = recorded.show(answer.headers["sb-request-id"])
        return found if found["usage"] and len(found["usage"]["calls"]) == 3 else None

    found = wait_for(find)
    assert found
    usage, spans = found["usage"], spans_of(found)
    chat, claude = spans["chat gpt-4o-mini"]["attributes"], spans["chat claude-x-1"]["attributes"]
    for attributes, price in ((chat, (0.15, 0.6)), (claude, (3.0, 15.0))):
        tokens = [attributes[f"gen_ai.usage.{side}_tokens"] for side in ("input", "output")]
        cost = sum(count * each for count, each in zip(tokens, price, strict=True)) / 1_000_000
        assert cost > 0
        assert attributes["gen_ai.usage.cost"] == pytest.approx(cost)
        assert attributes["edge.cost.computed"]
    assert "gen_ai.usage.cost" not in spans["chat house-model"]["attributes"]
    total = chat["gen_ai.usage.cost"] + claude["gen_ai.usage.cost"]
    assert usage["cost"] == pytest.approx(total)
    assert '[recording.prices] "house-model" = ' in usage["hint"]
    assert usage["input_tokens"] == sum(call["input_tokens"] for call in usage["calls"]) > 0

    own = recorded.show(spans["chat gpt-4o-mini"]["id"])
    assert own["usage"]["cost"] == own["attributes"]["gen_ai.usage.cost"]
    assert own["usage"]["hint"] == ""
    assert recorded.show(spans["chat house-model"]["id"])["usage"]["cost"] is None


def test_what_is_done_after_the_answer_is_a_span_of_its_own(recorded: RecordedStack) -> None:
    answer = recorded.call("later", json={})

    def find() -> dict[str, dict[str, Any]] | None:
        spans = spans_of(recorded.show(answer.headers["sb-request-id"]))
        return spans if "SELECT notes" in spans else None

    spans = wait_for(find)
    assert spans
    assert spans["SELECT notes"]["parent"] == spans["background work"]["id"]
    gateway = spans["POST /functions/v1/later"]
    assert spans["background work"]["start_us"] == pytest.approx(gateway["end_us"], abs=2)
    assert spans["background work"]["end_us"] >= spans["SELECT notes"]["end_us"]


def test_the_first_call_has_a_cold_start(recorded: RecordedStack) -> None:
    cold = wait_for(lambda: recorded.list(cold="true"))

    spans = spans_of(recorded.show(cold[-1]["id"]))

    assert spans["worker start"]["attributes"] == {"faas.coldstart": True}
    assert spans["verify_jwt"]["end_us"] <= spans["worker start"]["start_us"]
    assert spans["worker start"]["end_us"] <= spans["handler"]["start_us"]


def test_stages_of_the_functions_record(recorded: RecordedStack) -> None:
    answer = recorded.call("picky", json={"value": 2})

    def find() -> dict[str, dict[str, Any]] | None:
        spans = spans_of(recorded.show(answer.headers["sb-request-id"]))
        return spans if "check" in spans else None

    spans = wait_for(find)
    assert spans
    assert spans["read"]["kind"] == spans["check"]["kind"] == "stage"
    assert spans["check"]["end_us"] - spans["check"]["start_us"] == 2000
    assert spans["check"]["start_us"] == spans["read"]["end_us"]


def test_lines_belong_to_the_request_that_wrote_them(recorded: RecordedStack) -> None:
    """Side by side in one worker, too."""

    async def call_all() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=recorded.client.base_url, timeout=PATIENCE) as client:
            calls = (client.post("/functions/v1/echo", content=b"c" * n) for n in range(301, 309))
            return await asyncio.gather(*calls)

    answers = asyncio.run(call_all())

    for size, answer in zip(range(301, 309), answers, strict=True):
        request_id = answer.headers["sb-request-id"]
        lines = wait_for(lambda i=request_id: recorded.list("/logs", id=i))
        assert [line["text"] for line in lines] == [f"echo of {size} bytes"]


def test_an_exception_explains_its_request(recorded: RecordedStack) -> None:
    answer = recorded.call("broken")

    def find() -> dict[str, Any] | None:
        found = recorded.show(answer.headers["sb-request-id"])
        return found if found["error"] and "denominator" in found["error"] else None

    found = wait_for(find)
    assert found
    assert found["error"] == "ZeroDivisionError: the denominator is 0"
    own = [line["text"] for line in found["logs"] if line["request_id"]]
    assert own[0] == "about to fail"
    assert "UncaughtException" in {line["event_type"] for line in found["logs"]}


def test_a_failure_is_listed_within_a_second_of_its_answer(recorded: RecordedStack) -> None:
    """Generous here, since the machine may be busy: the bench has the figure."""
    request_id = recorded.call("picky", json={"value": -77}).headers["sb-request-id"]
    began = time.monotonic()

    wait_for(lambda: request_id in {each["id"] for each in recorded.list(status="error")})

    assert time.monotonic() - began < 30
