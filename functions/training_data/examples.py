"""Examples: what a model draws, and pairs of a customer's turn and the seller's answer."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal

from pydantic import BaseModel, Field

from .transcript import Turn, find_seller

ExampleType = Literal[
    "objection", "discovery", "pricing", "closing", "small_talk", "follow_up", "product_question"
]
_FEWEST_WORDS: Final = 4
_LONGEST: Final = 2000
_TYPES: Final[tuple[tuple[ExampleType, re.Pattern[str]], ...]] = (
    (
        "pricing",
        re.compile(r"\b(?:pric\w+|cost\w*|budget|expensive|discount|fee|pay\w*|\$|€)", re.I),
    ),
    (
        "objection",
        re.compile(
            r"\b(?:but|worried|concern\w*|not sure|already (?:use|have)|competitor|too|however|"
            r"don't|doubt\w*|risk\w*)\b",
            re.I,
        ),
    ),
    (
        "closing",
        re.compile(
            r"\b(?:sign|contract|start|trial|deal|go ahead|order|agree\w*|onboard\w*)\b", re.I
        ),
    ),
    (
        "follow_up",
        re.compile(
            r"\b(?:call (?:me|you) back|next week|tomorrow|monday|email|send|calendar)\b", re.I
        ),
    ),
    ("small_talk", re.compile(r"\b(?:how are you|weather|weekend|nice to meet|thank\w*)\b", re.I)),
    ("product_question", re.compile(r"\?\s*$")),
)


class Example(BaseModel):
    """One pair of what a customer says and what the seller answers."""

    input: str = Field(description="What the customer says, copied from the transcript.")
    output: str = Field(description="What the seller answers, copied from the transcript.")
    type: ExampleType
    context: str = Field(description="Half a sentence about the situation.")


class Drawn(BaseModel):
    """Structured output of the model."""

    examples: list[Example]


def draw_from_turns(turns: Sequence[Turn]) -> list[Example]:
    """Return a pair for each turn of a customer that the seller answers."""
    seller = find_seller(turns)
    return [
        Example(
            input=asked.text[:_LONGEST],
            output=answered.text[:_LONGEST],
            type=classify(asked.text),
            context="",
        )
        for asked, answered in pairwise(turns)
        if asked.speaker != seller == answered.speaker
        and len(asked.text.split()) >= _FEWEST_WORDS <= len(answered.text.split())
    ]


def classify(text: str) -> ExampleType:
    """Return the type of a customer's words, by their vocabulary; discovery if nothing fits."""
    for name, pattern in _TYPES:
        if pattern.search(text):
            return name
    return "discovery"
