"""Twilio Conversational Intelligence: sentences by channel."""

from typing import Any

from backend.transcripts.fields import (
    as_fields,
    has_objects,
    objects,
    speaker_of,
    start_of,
    text_of,
)
from backend.transcripts.turns import Utterance


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a list of sentences, None if it is something else."""
    sentences = as_fields(document).get("sentences", document)
    if not has_objects(sentences, "media_channel", "sentence_index"):
        return None
    found = objects(sentences)
    if all(isinstance(each.get("sentence_index"), int) for each in found):
        found = sorted(found, key=lambda each: each["sentence_index"])
    names = ("speaker_name", "participant", "media_channel")
    return [Utterance(speaker_of(s, names), text_of(s) or "", start_of(s)) for s in found]
