"""Draft of the judgement whether a person asked not to be called again."""

import re
from typing import Final

from edge.emulator.providers.engine.drafts.sales.reading import SalesReading
from edge.emulator.providers.engine.schema.draft import Draft

OPT_OUT_NAMES: Final = frozenset({"opted_out", "quote"})

_PERSON: Final = "person"
_PLAIN_REQUEST: Final = re.compile(
    r"\b(?:(?:stop|never|don'?t|do not|no more)\b[^.!?]{0,20}\b(?:call(?:s|ing)?|contact(?:ing)?)"
    r" (?:me|us|this number)|never again|(?:off|from) your (?:call(?:ing)? )?list)\b",
    re.IGNORECASE,
)


def draft_opt_out(reading: SalesReading) -> dict[str, Draft]:
    """Draft it from a plain request in the person's own words; without one there is none."""
    conversation = reading.conversation
    for sentence in conversation.sentences:
        speaker = conversation.speaker_of(sentence) or ""
        if speaker.lower() == _PERSON and _PLAIN_REQUEST.search(sentence.text):
            return {"opted_out": True, "quote": sentence.text}
    return {"opted_out": False, "quote": ""}
