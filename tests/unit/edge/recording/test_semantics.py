"""What is known of a call to a provider."""

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


def test_no_cost_is_made_up() -> None:
    text = b'{"choices": [{"text": "the cost"}], "cost": 3, "usage": {"total_tokens": 4}}'

    assert "gen_ai.usage.cost" not in describe(text)


def test_a_hostile_answer_takes_no_more_time() -> None:
    assert "gen_ai.usage.cost" not in describe(b'"usage":{' * 7000 + b'{"a":' * 100)
