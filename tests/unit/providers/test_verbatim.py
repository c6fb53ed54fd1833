"""Whatever the engine quotes stands in the transcript, character by character."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings

from edge.emulator.providers.engine.answer import Task, answer_task
from tests.unit.providers.conversations import NO_SALES, SALES_TALKS, transcripts

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
    prompt = f"Analyse this call.\n<transcript>{transcript}</transcript>\nQuote it verbatim."
    return json.loads(answer_task(Task((prompt,), "You analyse sales.", SCHEMA)))


def quotes_of(answer: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for array in QUOTING:
        for entry in answer[array]:
            found += entry["examples"]
            found += [entry[key] for key in ("objection", "response") if key in entry]
    return found


@given(transcripts)
@settings(max_examples=300, deadline=None)
def test_every_quotation_is_a_span_of_the_transcript_and_crosses_no_gap(transcript: str):
    answer = analyse(transcript)

    for quote in quotes_of(answer):
        assert quote in transcript
        assert "[…]" not in quote
    for quote in re.findall("“(.*?)”$", answer["analysis"], re.MULTILINE):
        assert quote in transcript


@pytest.mark.parametrize("name", SALES_TALKS)
def test_real_talks_are_quoted_verbatim_and_yield_findings(name: str):
    answer = analyse(SALES_TALKS[name])

    quotes = quotes_of(answer)
    assert all(quote in SALES_TALKS[name] for quote in quotes)
    assert all(answer[array] for array in ARRAYS)
    assert all("-->" not in quote and "<v" not in quote for quote in quotes)


@pytest.mark.parametrize("name", NO_SALES)
def test_a_text_without_sales_content_yields_nothing_and_says_so(name: str):
    answer = analyse(NO_SALES[name])

    assert [answer[array] for array in ARRAYS] == [[], [], [], []]
    assert "No sales conversation was recognised" in answer["analysis"]
    assert set(answer["key_metrics"].values()) == {None}


def test_excerpts_are_not_read_across_their_gap():
    asked = "Customer: That's too expensive for our team."
    answer = analyse(f"{asked}\n[…]\nRep: We met in Lisbon. Our pricing is fair.")

    objection = answer["objection_handling"][0]
    assert objection["objection"] == "That's too expensive for our team."
    assert objection["response"] == ""


def test_the_response_is_what_the_other_speaker_says_next():
    answer = analyse(
        "Customer: Hi.\nCustomer: It's too expensive.\nRep: I see. What did you expect to pay?\n"
        "Customer: That makes sense, thanks."
    )

    assert answer["objection_handling"] == [
        {
            "objection": "It's too expensive.",
            "response": "I see. What did you expect to pay?",
            "examples": ["It's too expensive."],
            "effectiveness": "high",
        }
    ]


def test_different_talks_give_different_answers_and_the_same_the_same():
    answers = {name: json.dumps(analyse(talk)) for name, talk in SALES_TALKS.items()}

    assert len(set(answers.values())) == len(SALES_TALKS)
    assert answers == {name: json.dumps(analyse(talk)) for name, talk in SALES_TALKS.items()}


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n", "?", "…", "[…]", "WEBVTT", "1\n2\n3", "a" * 5000]
)
def test_texts_with_nothing_in_them_are_answered(text: str):
    answer = analyse(text)

    assert [answer[array] for array in ARRAYS] == [[], [], [], []]
