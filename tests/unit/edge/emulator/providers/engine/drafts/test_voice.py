"""The voice prompt is derived from the structured data that comes with the request."""

import json
from typing import Any

from edge.emulator.providers.engine.answer import Task, answer_task
from tests.support.transcripts import DISCOVERY

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}


def shape(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


SCHEMA = shape(
    voice_characteristics=shape(tone=TEXT, pace=TEXT, style=TEXT),
    conversation_framework=shape(
        opening=shape(approach=TEXT, key_elements=TEXTS),
        discovery=shape(
            techniques=TEXTS, adaptations=shape(positive_signals=TEXTS, negative_signals=TEXTS)
        ),
        closing=shape(
            strategies=TEXTS, transitions=shape(success_indicators=TEXTS, fallback_options=TEXTS)
        ),
    ),
    response_patterns=shape(
        key_phrases=TEXTS,
        objection_responses={
            "type": "array",
            "items": shape(trigger=TEXT, response=TEXT, context=TEXT),
        },
        engagement_cues={"type": "array", "items": shape(cue=TEXT, action=TEXT)},
    ),
)
DATA = {
    "sales_techniques": [
        {
            "name": "Trial close",
            "description": "Tests readiness.",
            "examples": ["How does that sound?"],
            "effectiveness": "high",
        }
    ],
    "communication_strategies": [
        {
            "type": "Empathy",
            "description": "Acknowledges.",
            "examples": ["I hear you."],
            "effectiveness": "low",
        }
    ],
    "objection_handling": [
        {"objection": "Too dear.", "response": "Compared with what?", "examples": ["Too dear."]}
    ],
    "voice_agent_guidelines": [
        {"type": "do", "description": "Ask first.", "context": "At the start"},
        {"type": "dont", "description": "Do not rush.", "context": ""},
    ],
}


def ask(text: str) -> dict[str, Any]:
    return json.loads(answer_task(Task((text,), "Write the voice prompt.", SCHEMA)))


def test_triggers_responses_and_phrases_are_taken_over_verbatim():
    answer = ask(f"<structured_data>\n{json.dumps(DATA)}\n</structured_data>")

    patterns = answer["response_patterns"]
    assert patterns["objection_responses"][0]["trigger"] == "Too dear."
    assert patterns["objection_responses"][0]["response"] == "Compared with what?"
    assert patterns["key_phrases"] == ["How does that sound?", "I hear you."]
    assert patterns["engagement_cues"] == [
        {"cue": "At the start", "action": "Ask first."},
        {"cue": "never", "action": "Do not rush."},
    ]
    assert "warm" in answer["voice_characteristics"]["tone"]
    assert answer["conversation_framework"]["closing"]["strategies"] == [
        "Trial close: Tests readiness."
    ]


def test_empty_lists_give_an_empty_but_whole_answer():
    empty: dict[str, list[Any]] = {name: [] for name in DATA}
    answer = ask(f"<structured_data>{json.dumps(empty)}</structured_data>")

    assert answer["response_patterns"] == {
        "key_phrases": [],
        "objection_responses": [],
        "engagement_cues": [],
    }


def test_junk_in_the_document_is_passed_over():
    junk = {**DATA, "sales_techniques": [1, None, {"name": 5, "examples": "x"}], "x": "y"}

    answer = ask(f"<structured_data>{json.dumps(junk)}</structured_data>")

    assert answer["response_patterns"]["key_phrases"] == ["I hear you."]


def test_a_transcript_instead_of_structured_data_is_read_first():
    answer = ask(f"<transcript>{DISCOVERY}</transcript>")

    triggers = [each["trigger"] for each in answer["response_patterns"]["objection_responses"]]
    assert "That's too expensive." in triggers
