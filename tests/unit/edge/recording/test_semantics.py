"""What is known of a call to a provider."""

import pytest

from edge.recording.capture import Capture
from edge.recording.semantics import describe_call


def describe(response: bytes) -> dict[str, object]:
    capture = Capture("id", "provider", {}, "/providers/openai/v1/chat/completions", 1000)
    return describe_call(capture, response)


def test_tokens_and_the_cost_that_the_provider_tells() -> None:
    usage = b'"prompt_tokens": 9, "details": {"cached": 1}, "completion_tokens": 4'

    found = describe(b'{"choices": [], "usage": {' + usage + b', "cost": 0.00125}}')

    assert found["gen_ai.usage.input_tokens"] == 9
    assert found["gen_ai.usage.output_tokens"] == 4
    assert found["gen_ai.usage.cost"] == 0.00125


def test_tokens_of_a_cache_are_part_of_the_input_for_every_provider() -> None:
    openai = b'"prompt_tokens": 90, "prompt_tokens_details": {"cached_tokens": 64}'
    anthropic = b'"input_tokens": 6, "cache_read_input_tokens": 64,'
    anthropic += b' "cache_creation_input_tokens": 20, "output_tokens": 1'
    names = ("input_tokens", "cache_read.input_tokens", "cache_creation.input_tokens")

    found = [describe(b'{"usage": {' + usage + b"}}") for usage in (openai, anthropic)]

    assert [[each.get(f"gen_ai.usage.{name}") for name in names] for each in found] == [
        [90, 64, None],
        [90, 64, 20],
    ]


@pytest.mark.parametrize("size", [1, 100, 50_000])
@pytest.mark.parametrize("limit", [0, 1000, 90_000])
def test_a_stream_of_more_than_is_kept_tells_its_tokens_at_its_end(limit: int, size: int) -> None:
    capture = Capture("id", "provider", {}, "/providers/anthropic/v1/messages", limit)
    stream = b'data: {"usage": {"input_tokens": 9, "output_tokens": 1}}\n' + b"data: word\n" * 8000
    stream += b'data: {"usage": {"input_tokens": 9, "output_tokens": 8000}}\n' + b"data: {}\n" * 9
    for start in range(0, len(stream), size):
        capture.add_response(stream[start : start + size])

    found = describe_call(capture, b"".join(capture.response_body))

    assert found["gen_ai.usage.input_tokens"] == 9
    assert found["gen_ai.usage.output_tokens"] == 8000
    assert capture.size < 4096 + limit + 5000


def test_no_cost_is_made_up() -> None:
    text = b'{"choices": [{"text": "the cost"}], "cost": 3, "usage": {"total_tokens": 4}}'

    assert "gen_ai.usage.cost" not in describe(text)


def test_a_hostile_answer_takes_no_more_time() -> None:
    assert "gen_ai.usage.cost" not in describe(b'"usage":{' * 7000 + b'{"a":' * 100)
