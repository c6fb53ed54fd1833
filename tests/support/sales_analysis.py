"""A sales analysis requested from the engine: schema, request and the quotations in the answer."""

import json
from typing import Any

from edge.emulator.providers.engine.answer import Task, answer_task

LEVELS = {"type": "string", "enum": ["high", "medium", "low", "unclear"]}
TEXTS = {"type": "array", "items": {"type": "string"}}
SCHEMA = {
    "type": "object",
    "properties": {
        "analysis": {"type": "string"},
        **{
            array: {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {key: {"type": "string"} for key in keys}
                    | {"examples": TEXTS, "effectiveness": LEVELS},
                    "required": [*keys, "examples", "effectiveness"],
                },
            }
            for array, keys in {
                "sales_techniques": ("name", "description"),
                "communication_strategies": ("type", "description"),
                "objection_handling": ("objection", "response"),
            }.items()
        },
        "voice_agent_guidelines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "type": {"type": "string", "enum": ["do", "dont"]},
                    "description": {"type": "string"},
                    "context": {"type": "string"},
                },
                "required": ["type", "description", "context"],
            },
        },
        "key_metrics": {
            "type": "object",
            "properties": {
                name: {
                    "anyOf": [{"type": "integer", "minimum": 0, "maximum": 100}, {"type": "null"}]
                }
                for name in (
                    "engagement_level",
                    "objection_handling_score",
                    "communication_clarity",
                )
            },
        },
    },
}
QUOTING = ("sales_techniques", "communication_strategies", "objection_handling")
ARRAYS = (*QUOTING, "voice_agent_guidelines")


def analyse(transcript: str) -> dict[str, Any]:
    """Return the engine's sales analysis of a transcript."""
    prompt = f"Analyse this call.\n<transcript>{transcript}</transcript>\nQuote it verbatim."
    return json.loads(answer_task(Task((prompt,), "You analyse sales.", SCHEMA)))


def quotes_of(answer: dict[str, Any]) -> list[str]:
    """Return every example, objection and response of an analysis."""
    found: list[str] = []
    for array in QUOTING:
        for entry in answer[array]:
            found += entry["examples"]
            found += [entry[key] for key in ("objection", "response") if key in entry]
    return found
