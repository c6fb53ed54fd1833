"""Anthropic's messages through the real SDK."""

from typing import Any

import anthropic
import httpx
import pytest
from pydantic import BaseModel, Field

TALK = "Rep: What slows you down?\nCustomer: The price is too expensive for our team, honestly."
MANY = [{"type": "string"}] * 6000
KEY = {"x-api-key": "any", "anthropic-version": "2023-06-01"}


class Extract(BaseModel):
    """A user's own schema; the SDK sends its bounds as words."""

    questions: list[str]
    rating: int = Field(ge=3, le=5)


async def test_parse_gives_a_valid_object_within_the_described_bounds(
    anthropic_client: anthropic.AsyncAnthropic,
):
    answer = await anthropic_client.messages.parse(
        model="claude-haiku-5-5",
        max_tokens=1000,
        system=[{"type": "text", "text": "Extract."}],
        messages=[{"role": "user", "content": [{"type": "text", "text": TALK}]}],
        output_format=Extract,
    )

    assert answer.parsed_output is not None
    assert answer.parsed_output.questions == ["What slows you down?"]
    assert answer.model == "local-extractive"
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 0
    assert answer.id.startswith("msg_01")


async def test_plain_text_is_labelled_and_cut_at_max_tokens(
    anthropic_client: anthropic.AsyncAnthropic,
):
    answer = await anthropic_client.messages.create(
        model="m", max_tokens=6, messages=[{"role": "user", "content": TALK}]
    )

    block = answer.content[0]
    assert block.type == "text"
    assert block.text.startswith("Local extractive answer")
    assert answer.stop_reason == "max_tokens"


async def test_a_forced_tool_is_called_with_valid_input(
    anthropic_client: anthropic.AsyncAnthropic,
):
    tool: Any = {
        "name": "note_questions",
        "description": "d",
        "input_schema": Extract.model_json_schema(),
    }
    answer = await anthropic_client.messages.create(
        model="m",
        max_tokens=1000,
        messages=[{"role": "user", "content": TALK}],
        tools=[tool],
        tool_choice={"type": "tool", "name": "note_questions"},
    )

    block = answer.content[0]
    assert block.type == "tool_use"
    assert Extract.model_validate(block.input).questions == ["What slows you down?"]
    assert answer.stop_reason == "tool_use"


async def test_a_stream_ends_with_the_same_text(anthropic_client: anthropic.AsyncAnthropic):
    arguments: Any = {
        "model": "m",
        "max_tokens": 500,
        "messages": [{"role": "user", "content": TALK}],
    }
    whole = await anthropic_client.messages.create(**arguments)
    async with anthropic_client.messages.stream(**arguments) as stream:
        text = "".join([piece async for piece in stream.text_stream])
        final = await stream.get_final_message()

    assert text == whole.content[0].text  # type: ignore[union-attr]
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens == whole.usage.output_tokens


async def test_tokens_are_counted(anthropic_client: anthropic.AsyncAnthropic):
    counted = await anthropic_client.messages.count_tokens(
        model="m", messages=[{"role": "user", "content": "one two three"}]
    )

    assert counted.input_tokens == 3


def test_bearer_tokens_are_keys_too_and_no_key_is_401(http: httpx.Client):
    body = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "Hello."}]}
    version = {"anthropic-version": "2026-10-21"}

    bearer = http.post(
        "/anthropic/v1/messages", json=body, headers={**version, "Authorization": "Bearer any"}
    )
    anonymous = http.post("/anthropic/v1/messages", json=body, headers=version)
    unversioned = http.post("/anthropic/v1/messages", json=body, headers={"x-api-key": "any"})

    assert bearer.status_code == 200
    assert anonymous.status_code == 401
    assert anonymous.json()["error"]["type"] == "authentication_error"
    assert anonymous.json()["request_id"] == anonymous.headers["request-id"]
    assert unversioned.status_code == 400


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": None}, "model: Input should be a valid string"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "ten"}, "max_tokens: Input should be a valid integer"),
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": ""}]}, "non-empty content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "text: Field required"),
        (
            {
                "messages": [
                    {"role": "user", "content": "x"},
                    {"role": "assistant", "content": "{"},
                ]
            },
            "prefill",
        ),
        ({"output_config": {"format": {"type": "xml"}}}, "json_schema"),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
            "additionalProperties",
        ),
        (
            {
                "output_config": {
                    "format": {
                        "type": "json_schema",
                        "schema": {"type": "integer", "minimum": 3},
                    }
                }
            },
            "'minimum' is not supported",
        ),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {"anyOf": MANY}}}},
            "too complex",
        ),
        ({"tool_choice": {"type": "tool", "name": "n"}}, "tool_choice"),
    ],
)
def test_bad_bodies_are_400_saying_where(http: httpx.Client, change: dict[str, Any], words: str):
    body = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "Hello."}]}

    answer = http.post("/anthropic/v1/messages", json={**body, **change}, headers=KEY)

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert words in answer.json()["error"]["message"]


def test_missing_fields_unreadable_bodies_and_unknown_paths_are_refused(http: httpx.Client):
    empty = http.post("/anthropic/v1/messages", json={}, headers=KEY)
    junk = http.post("/anthropic/v1/messages", content=b"{", headers=KEY)
    nowhere = http.post("/anthropic/v1/nothing", json={}, headers=KEY)

    assert empty.json()["error"]["message"] == "model: Field required"
    assert junk.status_code == 400
    assert nowhere.status_code == 404
    assert nowhere.json()["error"]["type"] == "not_found_error"
