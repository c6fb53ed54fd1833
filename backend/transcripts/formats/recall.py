"""Recall.ai: participants with their words, as downloaded, from the older API, or by webhook."""

from typing import Any

from backend.transcripts.fields import (
    Fields,
    as_fields,
    has_objects,
    objects,
    read_words,
    speaker_of,
    start_of,
)
from backend.transcripts.turns import Utterance
from backend.transcripts.words import join_words


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a transcript of Recall's, None if it is something else."""
    parts = objects(document) if isinstance(document, list) else [as_fields(document)]
    parts = [_unwrap(part) for part in parts]
    if not parts or not all(_is_part(part) for part in parts):
        return None
    return [said for part in parts for said in _read_part(part)]


def _unwrap(part: Fields) -> Fields:
    """Return the innermost `data` of a webhook."""
    while "words" not in part and (inner := as_fields(part.get("data"))):
        part = inner
    return part


def _is_part(part: Fields) -> bool:
    names = ("participant", "speaker", "speaker_id")
    words = part.get("words")
    return any(name in part for name in names) and (words == [] or has_objects(words, "text"))


def _read_part(part: Fields) -> list[Utterance]:
    speaker = speaker_of(as_fields(part.get("participant")), ("name", "id")) or speaker_of(
        part, ("speaker", "speaker_name", "speaker_id")
    )
    words = read_words(objects(part.get("words")), ("text",), speaker)
    start = start_of(part)
    said = join_words(words)
    return [Utterance(each.speaker, each.text, each.start or start) for each in said]
