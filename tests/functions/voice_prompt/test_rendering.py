"""A voice design as text to paste."""

from typing import Any

from functions.voice_prompt.rendering import render_prompt
from functions.voice_prompt.voice import VoiceDesign
from shared.sales import StructuredData

EMPTY: dict[str, Any] = {
    "voice_characteristics": {"tone": "", "pace": "", "style": ""},
    "conversation_framework": {
        "opening": {"approach": "", "key_elements": []},
        "discovery": {
            "techniques": [],
            "adaptations": {"positive_signals": [], "negative_signals": []},
        },
        "closing": {
            "strategies": [],
            "transitions": {"success_indicators": [], "fallback_options": []},
        },
    },
    "response_patterns": {"key_phrases": [], "objection_responses": [], "engagement_cues": []},
}
FULL: dict[str, Any] = {
    "voice_characteristics": {"tone": "Warm", "pace": "Calm", "style": "Plain"},
    "conversation_framework": {
        "opening": {"approach": "Greet by name", "key_elements": ["Purpose"]},
        "discovery": {
            "techniques": ["Open questions"],
            "adaptations": {"positive_signals": ["Asks back"], "negative_signals": ["Silence"]},
        },
        "closing": {
            "strategies": ["Offer a pilot"],
            "transitions": {"success_indicators": ["Asks price"], "fallback_options": ["Mail"]},
        },
    },
    "response_patterns": {
        "key_phrases": ["Tell me more."],
        "objection_responses": [
            {"trigger": "Too expensive.", "response": "Compared to what?", "context": "Price"}
        ],
        "engagement_cues": [{"cue": "Laughs", "action": "Stay light"}],
    },
}
NO_DATA = StructuredData.model_validate(
    {
        "sales_techniques": [],
        "communication_strategies": [],
        "objection_handling": [],
        "voice_agent_guidelines": [],
    }
)
GUIDED = NO_DATA.model_copy(
    update={
        "voice_agent_guidelines": StructuredData.model_validate(
            {
                **NO_DATA.model_dump(),
                "voice_agent_guidelines": [
                    {"type": "do", "description": "Repeat their words", "context": "when unsure"},
                    {"type": "dont", "description": "Interrupt", "context": ""},
                ],
            }
        ).voice_agent_guidelines
    }
)


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value]


def test_everything_in_the_design_is_in_the_prompt() -> None:
    prompt = render_prompt(VoiceDesign.model_validate(FULL), GUIDED)

    assert all(text in prompt for text in strings(FULL))


def test_the_prompt_begins_with_hello() -> None:
    assert render_prompt(VoiceDesign.model_validate(FULL), NO_DATA).startswith("Hello!")


def test_guidelines_are_kept_word_for_word_and_apart() -> None:
    prompt = render_prompt(VoiceDesign.model_validate(FULL), GUIDED)

    dos, donts = prompt.split("## Do not")
    assert "- Repeat their words (when unsure)" in dos
    assert donts.strip() == "- Interrupt"


def test_an_empty_design_gives_a_short_prompt_without_empty_sections() -> None:
    prompt = render_prompt(VoiceDesign.model_validate(EMPTY), NO_DATA)

    assert prompt.count("## ") == 1
    assert "## Do\n" in prompt
    assert "None" not in prompt
    assert '""' not in prompt
