"""OpenAI's embeddings through the real SDK."""

import base64
import math
import struct

import httpx
import openai
import pytest

KEY = {"Authorization": "Bearer any"}


async def test_vectors_come_in_order_with_the_dimension_of_the_model(
    openai_client: openai.AsyncOpenAI,
):
    answer = await openai_client.embeddings.create(
        model="text-embedding-3-small", input=["the price is high", "a sunny day"]
    )

    assert [item.index for item in answer.data] == [0, 1]
    assert {len(item.embedding) for item in answer.data} == {1536}
    assert answer.model == "local-hash-1536"
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > 0


async def test_the_large_model_has_twice_the_dimensions_and_they_can_be_cut(
    openai_client: openai.AsyncOpenAI,
):
    large = await openai_client.embeddings.create(model="text-embedding-3-large", input="hello")
    short = await openai_client.embeddings.create(
        model="text-embedding-3-large", input="hello", dimensions=256
    )

    assert len(large.data[0].embedding) == 3072
    assert len(short.data[0].embedding) == 256


def test_base64_holds_the_same_numbers_as_floats(http: httpx.Client):
    def embed(encoding: str) -> object:
        body = {"model": "m", "input": "the price is high", "encoding_format": encoding}
        answer = http.post("/openai/v1/embeddings", json=body, headers=KEY).json()
        return answer["data"][0]["embedding"]

    floats, packed = embed("float"), embed("base64")

    assert isinstance(floats, list)
    assert isinstance(packed, str)
    unpacked = struct.unpack("<1536f", base64.b64decode(packed))
    assert unpacked == pytest.approx(floats, abs=1e-6)
    assert math.isclose(sum(value * value for value in unpacked), 1.0, rel_tol=1e-5)


async def test_token_arrays_are_embedded_too(openai_client: openai.AsyncOpenAI):
    answer = await openai_client.embeddings.create(model="m", input=[[1, 2, 3], [4, 5]])

    assert len(answer.data) == 2
    assert answer.data[0].embedding != answer.data[1].embedding


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "cannot be an empty string"),
        (["ok", ""], "input[1]"),
        ([], "cannot be an empty array"),
        (["a"] * 2049, "maximum length 2048"),
        ("word " * 8200, "maximum input length is 8192 tokens"),
        (["word " * 8000] * 38, "max 300000 tokens per request"),
        (7, "got an integer"),
        ([True], "got a boolean"),
    ],
)
def test_what_is_over_a_limit_or_of_another_type_is_refused(
    http: httpx.Client, given: object, words: str
):
    answer = http.post("/openai/v1/embeddings", json={"model": "m", "input": given}, headers=KEY)

    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert words in answer.json()["error"]["message"]


def test_exactly_8192_tokens_fit(http: httpx.Client):
    body = {"model": "m", "input": "word " * 8191 + "word"}

    assert http.post("/openai/v1/embeddings", json=body, headers=KEY).status_code == 200


def test_a_missing_input_is_named(http: httpx.Client):
    answer = http.post("/openai/v1/embeddings", json={"model": "m"}, headers=KEY)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "input"
    assert answer.json()["error"]["code"] == "missing_required_parameter"


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("wrong_dimensions", lambda data: len(data[0]["embedding"]) == 1537),
        ("unordered", lambda data: [item["index"] for item in data] == [1, 0]),
        ("empty", lambda data: data == []),
    ],
)
def test_embeddings_can_be_ordered_to_be_wrong(http: httpx.Client, kind: str, check):
    http.post("/_faults", json={"provider": "openai", "kind": kind})
    body = {"model": "m", "input": ["a", "b"]}

    answer = http.post("/openai/v1/embeddings", json=body, headers=KEY)

    assert answer.status_code == 200
    assert check(answer.json()["data"])
