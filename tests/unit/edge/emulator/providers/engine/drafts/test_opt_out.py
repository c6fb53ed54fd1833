"""The local judgement of opt-outs quotes the person, and invents nothing."""

import json

import pytest

from edge.emulator.providers.engine.answer import Task, answer_task

SCHEMA = {
    "type": "object",
    "properties": {"opted_out": {"type": "boolean"}, "quote": {"type": "string"}},
    "required": ["opted_out", "quote"],
}


def judge(*lines: str) -> object:
    text = "\n".join(("<transcript>", *lines, "</transcript>"))
    return json.loads(answer_task(Task((text,), "Decide who opted out.", SCHEMA)))


def test_a_plain_request_is_quoted() -> None:
    assert judge("Agent: Hello, it is Ada.", "Person: Never again, thank you. Bye.") == {
        "opted_out": True,
        "quote": "Never again, thank you.",
    }


@pytest.mark.parametrize(
    "lines",
    [
        ("Agent: Shall we never call you again?", "Person: No, please do call."),
        ("Agent: Hello.", "Person: How do your customers opt out, by quote or by list?"),
        ("Person: Opted out is a good name for a band.",),
        ("",),
    ],
)
def test_without_one_there_is_none(lines: tuple[str, ...]) -> None:
    assert judge(*lines) == {"opted_out": False, "quote": ""}
