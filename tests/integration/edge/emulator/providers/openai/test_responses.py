"""OpenAI's Responses API and chat completions through the real SDK."""

from functools import reduce
from typing import Any, Literal

import httpx
import openai
import pytest
from pydantic import BaseModel, ValidationError

from tests.support.fault_client import FaultClient

TALK = "Rep: What slows you down?\nCustomer: The price is too expensive for our team, honestly."
KEY = {"Authorization": "Bearer any"}


class Extract(BaseModel):
    """A user's own schema."""

    summary: str
    sentiment: Literal["positive", "neutral", "negative"]
    questions: list[str]
    score: float | None


async def test_responses_parse_gives_a_valid_object_quoting_the_text(
    openai_client: openai.AsyncOpenAI,
):
    answer = await openai_client.responses.parse(
        model="gpt-5.6-luna", instructions="Extract.", input=TALK, text_format=Extract, store=False
    )

    assert answer.output_parsed is not None
    assert answer.output_parsed.questions == ["What slows you down?"]
    assert answer.model == "local-extractive"
    assert answer.status == "completed"
    assert answer.store is False  # type: ignore[attr-defined]
    assert answer.instructions == "Extract."
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert answer._request_id is not None
    assert answer._request_id.startswith("req_")


async def test_responses_take_message_lists_and_answer_labelled_text(
    openai_client: openai.AsyncOpenAI,
):
    answer = await openai_client.responses.create(
        model="m",
        input=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "input_text", "text": TALK}]},
        ],
    )

    assert answer.output_text.startswith("Local extractive answer:")
    assert "The price is too expensive for our team, honestly." in answer.output_text


async def test_a_small_token_limit_leaves_the_response_incomplete(
    openai_client: openai.AsyncOpenAI,
):
    answer = await openai_client.responses.create(model="m", input=TALK * 20, max_output_tokens=16)

    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"
    assert answer.usage is not None
    assert 0 < answer.usage.output_tokens <= 16


async def test_chat_parse_works_and_says_length_when_cut(openai_client: openai.AsyncOpenAI):
    messages: Any = [{"role": "developer", "content": "x"}, {"role": "user", "content": TALK}]
    parsed = await openai_client.chat.completions.parse(
        model="m", messages=messages, response_format=Extract
    )
    with pytest.raises(openai.LengthFinishReasonError):
        await openai_client.chat.completions.parse(
            model="m", messages=messages, response_format=Extract, max_completion_tokens=5
        )

    assert parsed.choices[0].message.parsed is not None
    assert parsed.choices[0].message.parsed.questions == ["What slows you down?"]
    assert parsed.choices[0].finish_reason == "stop"


async def test_json_object_needs_the_word_json_and_gives_an_object(
    openai_client: openai.AsyncOpenAI,
):
    with pytest.raises(openai.BadRequestError, match="'json'"):
        await openai_client.responses.create(
            model="m", input=TALK, text={"format": {"type": "json_object"}}
        )
    answer = await openai_client.responses.create(
        model="m", input=f"As JSON: {TALK}", text={"format": {"type": "json_object"}}
    )

    assert answer.output_text.startswith("{")


def closed(properties: dict[str, Any]) -> dict[str, Any]:
    """An object as strict mode wants it."""
    required = list(properties)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "object", "properties": {}}, "additionalProperties"),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "required": [],
                "additionalProperties": False,
            },
            "Missing 'a'",
        ),
        ({"type": "array", "items": {"type": "string"}}, 'type: "object"'),
        (closed({f"p{n}": closed({"a": {"type": "string"}}) for n in range(4000)}), "5000 prop"),
        (reduce(lambda inner, _: closed({"a": inner}), range(12), closed({})), "10 levels"),
    ],
)
async def test_strict_mode_refuses_what_the_real_api_refuses(
    openai_client: openai.AsyncOpenAI, schema: dict[str, Any], words: str
):
    form: Any = {"type": "json_schema", "name": "n", "strict": True, "schema": schema}
    with pytest.raises(openai.BadRequestError, match=words) as caught:
        await openai_client.responses.create(model="m", input=TALK, text={"format": form})

    assert caught.value.code == "invalid_json_schema"


async def test_more_items_than_the_real_api_takes_are_refused(openai_client: openai.AsyncOpenAI):
    items: Any = [{"role": "user", "content": "Hi"}] * 2049
    with pytest.raises(openai.BadRequestError, match="maximum length 2048"):
        await openai_client.responses.create(model="m", input=items)


async def test_streams_end_with_the_same_text_as_one_piece(openai_client: openai.AsyncOpenAI):
    whole = await openai_client.responses.create(model="m", input=TALK)
    async with openai_client.responses.stream(model="m", input=TALK) as stream:
        deltas = [
            event.delta async for event in stream if event.type == "response.output_text.delta"
        ]
        final = await stream.get_final_response()

    assert "".join(deltas) == final.output_text == whole.output_text


async def test_chat_streams_chunks_and_usage(openai_client: openai.AsyncOpenAI):
    stream = await openai_client.chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": TALK}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text.startswith("Local extractive answer:")
    assert chunks[-1].usage is not None


async def test_models_are_the_local_ones(openai_client: openai.AsyncOpenAI):
    names = [model.id async for model in openai_client.models.list()]

    assert "local-extractive" in names
    assert (await openai_client.models.retrieve("local-extractive")).owned_by == "local"
    with pytest.raises(openai.NotFoundError):
        await openai_client.models.retrieve("gpt-nowhere")


def test_without_a_key_the_answer_is_401_in_openais_words(http: httpx.Client):
    answer = http.post("/openai/v1/responses", json={"model": "m", "input": "x"})

    assert answer.status_code == 401
    assert "You didn't provide an API key" in answer.json()["error"]["message"]
    assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("responses", b'{"input": "x"}', "model"),
        ("responses", b'{"model": "m"}', "input"),
        ("responses", b'{"model": 3, "input": "x"}', "model"),
        ("responses", b'{"model": "m", "input": []}', "input"),
        ("responses", b'{"model": "m", "input": "x", "max_output_tokens": 1}', "max_output_tokens"),
        ("responses", b'{"model": "m", "input": "x", "text": {"format": {"type": "xml"}}}',
         "text.format.type"),
        ("chat/completions", b'{"model": "m"}', "messages"),
        ("chat/completions", b'{"model": "m", "messages": [{"content": "x"}]}', "messages[0].role"),
        ("responses", b"not json", None),
        ("responses", b"[1]", None),
        ("responses", b"\xff\xfe", None),
    ],
)  # fmt: skip
def test_bad_bodies_are_400_naming_the_parameter(
    http: httpx.Client, path: str, body: bytes, param: str | None
):
    answer = http.post(f"/openai/v1/{path}", content=body, headers=KEY)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_unknown_paths_and_methods_are_refused_in_openais_words(http: httpx.Client):
    missing = http.post("/openai/v1/nothing", json={}, headers=KEY)
    method = http.get("/openai/v1/embeddings", headers=KEY)

    assert missing.status_code == 404
    assert missing.json()["error"]["message"] == "Invalid URL (POST /v1/nothing)"
    assert method.status_code == 405


def test_an_input_beyond_the_context_window_is_refused(http: httpx.Client):
    body = {"model": "m", "input": "price " * 401_000}

    answer = http.post("/openai/v1/responses", json=body, headers=KEY)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "context_length_exceeded"


async def test_a_truncated_answer_breaks_the_sdks_parser(
    faults: FaultClient, openai_client: openai.AsyncOpenAI
):
    faults.inject(provider="openai", kind="truncated")

    with pytest.raises(ValidationError):
        await openai_client.responses.parse(model="m", input=TALK, text_format=Extract)
