"""Entry point of the engine: answers a task with text or JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.emulator.providers.engine.core.source import select_source
from edge.emulator.providers.engine.schema.fill import fill_schema
from edge.emulator.providers.engine.suggestion import TextSuggester

_KEY_SENTENCES = 4
_TEXT_LABEL = "Local extractive answer:"


@dataclass(frozen=True, slots=True)
class Task:
    """A request: the user's texts, the system instructions and the schema of the answer, if any."""

    user_texts: tuple[str, ...]
    instructions: str = ""
    schema: Mapping[str, Any] | None = None
    wants_json: bool = False


def answer_task(task: Task) -> str:
    """Return the answer: plain text, or JSON that is valid for the schema."""
    suggester = TextSuggester(select_source(task.user_texts, task.instructions))
    if task.schema is not None:
        return json.dumps(fill_schema(task.schema, suggester), ensure_ascii=False)
    if task.wants_json:
        return json.dumps(fill_schema(_FREE_JSON, suggester), ensure_ascii=False)
    return _answer_in_text(suggester)


_FREE_JSON: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "keywords": {"type": "array", "items": {"type": "string"}},
        "quotes": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["summary", "keywords", "quotes"],
}


def _answer_in_text(suggester: TextSuggester) -> str:
    sentences = suggester.reading.weights.top_sentences(_KEY_SENTENCES)
    if not sentences:
        return f"{_TEXT_LABEL} the request holds no text to quote from."
    return f"{_TEXT_LABEL} {' '.join(sentence.text for sentence in sentences)}"
