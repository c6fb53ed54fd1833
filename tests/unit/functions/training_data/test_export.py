"""Examples as files for fine-tuning, and as rows that a table takes."""

import json
from typing import Any, get_args

import pytest

from functions.training_data.export import render_few_shot, render_lines
from functions.training_data.stored import Format

EXAMPLES: list[dict[str, Any]] = [
    {
        "input": "Too expensive, you say “much”?\nYes.",
        "output": "Let's compare: it's 5 %.",
        "type": "pricing",
        "context": "second call",
        "quality": 1,
        "video_id": "v",
    },
    {"input": "Hi", "output": "Hello", "type": "small_talk", "video_id": "v", "score": 0.5},
]


@pytest.mark.parametrize("form", get_args(Format))
def test_each_line_is_one_document(form: str) -> None:
    lines = render_lines(EXAMPLES, form).split("\n")
    assert lines.pop() == ""
    found = [json.loads(line) for line in lines]
    assert len(found) == len(EXAMPLES)
    assert render_lines([], form) == ""


def test_messages_are_those_of_each_provider() -> None:
    openai = json.loads(render_lines(EXAMPLES[:1], "openai"))
    assert list(openai) == ["messages"]
    assert [each["role"] for each in openai["messages"]] == ["system", "user", "assistant"]
    assert openai["messages"][1]["content"] == EXAMPLES[0]["input"]
    anthropic = json.loads(render_lines(EXAMPLES[:1], "anthropic"))
    assert [each["role"] for each in anthropic["messages"]] == ["user", "assistant"]
    assert anthropic["system"] == openai["messages"][0]["content"]


def test_other_trainers_read_their_own_keys() -> None:
    given = EXAMPLES[0]
    alpaca = json.loads(render_lines([given], "alpaca"))
    assert list(alpaca) == ["instruction", "input", "output"]
    assert (alpaca["input"], alpaca["output"]) == (given["input"], given["output"])
    said = json.loads(render_lines([given], "sharegpt"))["conversations"]
    assert [each["from"] for each in said] == ["system", "human", "gpt"]
    assert [each["value"] for each in said[1:]] == [given["input"], given["output"]]


def test_rows_have_the_same_columns_of_the_same_types() -> None:
    rows = [json.loads(line) for line in render_lines(EXAMPLES, "ndjson").splitlines()]
    types = {"quality": float}
    names = ["video_id", "type", "input", "output", "context", "quality"]
    for row in rows:
        assert list(row) == names
        assert {name: type(value) for name, value in row.items()} == {
            name: types.get(name, str) for name in names
        }


def test_few_shot_examples_are_yaml() -> None:
    text = render_few_shot(EXAMPLES[1:])
    assert text == 'examples:\n  - user: "Hi"\n    assistant: "Hello"\n'
