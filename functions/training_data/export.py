"""Examples as fine-tuning files, and as few-shot examples for a prompt."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_SYSTEM: Final = (
    "You are a helpful sales assistant. Answer the customer as an experienced seller would."
)

_TEXTS: Final = ("video_id", "type", "input", "output", "context")


def render_lines(examples: Sequence[Mapping[str, Any]], form: str) -> str:
    """Render one JSON document a line.

    openai: {messages [system, user, assistant]}; anthropic: {system, messages [user, assistant]};
    alpaca: {instruction, input, output}; sharegpt: {conversations [system, human, gpt]};
    ndjson: a row {video_id, type, input, output, context, quality}, ready for Parquet: the same
    columns in each, texts, and quality a float.
    """
    render = _RENDERERS[form]
    return "".join(f"{json.dumps(render(each), ensure_ascii=False)}\n" for each in examples)


def _render_row(example: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: str(example.get(name) or "") for name in _TEXTS}
    return {**texts, "quality": float(example.get("quality") or 0)}


def render_few_shot(examples: Sequence[Mapping[str, Any]]) -> str:
    """Render YAML: examples, a list of user and assistant. JSON strings are YAML's too."""
    lines = ["examples:"]
    for example in examples:
        lines.append(f"  - user: {json.dumps(example['input'], ensure_ascii=False)}")
        lines.append(f"    assistant: {json.dumps(example['output'], ensure_ascii=False)}")
    return "".join(f"{line}\n" for line in lines)


def _render_openai(example: Mapping[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "system", "content": _SYSTEM}, *_turns(example)]}


def _render_anthropic(example: Mapping[str, Any]) -> dict[str, Any]:
    return {"system": _SYSTEM, "messages": _turns(example)}


def _render_alpaca(example: Mapping[str, Any]) -> dict[str, Any]:
    return {"instruction": _SYSTEM, "input": example["input"], "output": example["output"]}


def _render_sharegpt(example: Mapping[str, Any]) -> dict[str, Any]:
    said = (("system", _SYSTEM), ("human", example["input"]), ("gpt", example["output"]))
    return {"conversations": [{"from": who, "value": text} for who, text in said]}


def _turns(example: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": example["input"]},
        {"role": "assistant", "content": example["output"]},
    ]


_RENDERERS: Final[Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "openai": _render_openai,
    "anthropic": _render_anthropic,
    "alpaca": _render_alpaca,
    "sharegpt": _render_sharegpt,
    "ndjson": _render_row,
}
