"""A voice design as text to paste."""

import itertools
from copy import deepcopy
from typing import Any, cast

import pytest

from functions.voice_prompt.rendering import render_prompt
from functions.voice_prompt.voice import VoiceDesign
from shared.conversations.sales import StructuredData

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


def designed(**changes: Any) -> VoiceDesign:
    """The full design with some of its `response_patterns` or `discovery` exchanged."""
    design = deepcopy(FULL)
    for name, value in changes.items():
        patterns, framework = design["response_patterns"], design["conversation_framework"]
        (patterns if name in patterns else framework)[name] = value
    return VoiceDesign.model_validate(design)


def objection(trigger: str, response: str, context: str = "") -> dict[str, str]:
    return {"trigger": trigger, "response": response, "context": context}


def guided(*guidelines: tuple[str, str, str]) -> StructuredData:
    data = NO_DATA.model_dump()
    data["voice_agent_guidelines"] = [
        {"type": kind, "description": description, "context": context}
        for kind, description, context in guidelines
    ]
    return StructuredData.model_validate(data)


def section(prompt: str, title: str) -> list[str]:
    _, _, rest = prompt.partition(f"## {title}\n")
    return rest.partition("\n\n")[0].splitlines()


def test_objections_with_one_answer_are_told_together() -> None:
    answers = [objection("Too dear.", "I see."), objection("Not now.", "I see.")]

    prompt = render_prompt(designed(objection_responses=answers), NO_DATA)

    assert section(prompt, "Objections") == [
        '- When they say: "Too dear." or "Not now."',
        '  Answer along the lines of: "I see."',
    ]


def test_at_most_six_objections_are_told() -> None:
    answers = [objection(f"Objection {n}.", f"Answer {n}.") for n in range(20)]

    prompt = render_prompt(designed(objection_responses=answers), NO_DATA)

    assert prompt.count("When they say:") == 6


def test_what_an_objection_says_no_other_section_says_again() -> None:
    design = designed(
        objection_responses=[
            objection("That is too expensive.", "I understand. Compared to what?")
        ],
        key_phrases=["I understand.", "Compared to what?", "Tell me about your week."],
        discovery={
            "techniques": ["Open questions: “Tell me about your week.”"],
            "adaptations": {"positive_signals": [], "negative_signals": ["That is too expensive!"]},
        },
        engagement_cues=[{"cue": "That is too expensive", "action": "Stay calm"}],
    )

    prompt = render_prompt(design, NO_DATA)

    assert prompt.count("too expensive") == 1
    assert prompt.count("Compared to what?") == 1
    assert prompt.count("Tell me about your week.") == 1
    assert "Slow down" not in prompt
    assert "Phrases" not in prompt


@pytest.mark.parametrize(
    ("context", "kept"),
    [
        ("when they ask for 10 % off", True),
        ("Open questions: seen 10 times, 7 of 10 replies were welcoming.", False),
        ("Empathy: seen once.", False),
        ("in a call that " + "goes on and " * 10, False),
    ],
)
def test_a_context_is_kept_if_it_is_short_and_no_count(context: str, kept: bool) -> None:
    prompt = render_prompt(designed(), guided(("do", "Ask first", context)))

    assert (f"- Ask first ({context})" in prompt) is kept
    assert "- Ask first" in prompt


def test_what_to_do_when_is_not_said_if_it_is_to_be_done_anyway() -> None:
    cues = [{"cue": "Silence", "action": "Repeat their words"}, {"cue": "Haste", "action": "Go on"}]

    prompt = render_prompt(designed(engagement_cues=cues), GUIDED)

    assert section(prompt, "Cues") == ["- Haste: Go on"]


def test_signals_that_differ_in_one_part_are_one_line() -> None:
    signals = {"positive_signals": ["Welcomes: a", "Welcomes: b", "Laughs"], "negative_signals": []}
    discovery = {"techniques": [], "adaptations": signals}

    prompt = render_prompt(designed(discovery=discovery), NO_DATA)

    assert section(prompt, "Go on when you hear") == ["- Welcomes: a, b", "- Laughs"]


def text_of(words: int, seed: str) -> str:
    return " ".join(f"{seed}{n}" for n in range(words)) + "."


@pytest.mark.parametrize("words", [3, 12, 19, 25, 60, 500])
def test_however_much_was_designed_the_prompt_stays_short(words: int) -> None:
    """Every list has fifty entries, no two alike."""
    counter = itertools.count()

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            items = cast("dict[str, Any]", value).items()
            return {key: fill(part) for key, part in items}
        if isinstance(value, list):
            template = cast("list[Any]", value)[0]
            return [fill(template) for _ in range(50)]
        return text_of(words, f"w{next(counter)}x")

    design = VoiceDesign.model_validate(fill(FULL))
    advice = [
        (kind, text_of(words, f"{kind}{n}"), "") for n in range(50) for kind in ("do", "dont")
    ]

    prompt = render_prompt(design, guided(*advice))

    assert len(prompt.split()) <= 900
    assert prompt == render_prompt(design, guided(*advice))
    assert all(f"## {title}" in prompt for title in ("Opening", "Objections", "Do", "Do not"))
