"""Fireflies: sentences with speaker names, from the API or downloaded."""

from typing import Any, Final

from backend.transcripts.fields import (
    Fields,
    as_fields,
    has_objects,
    objects,
    speaker_of,
    start_of,
    text_of,
)
from backend.transcripts.turns import Utterance, speaker_name

_TEXTS: Final = ("text", "sentence", "raw_text", "raw_words")
_SPEAKERS: Final = ("speaker_name", "speaker", "name", "speaker_id")


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a transcript of Fireflies, None if it is something else."""
    fields = as_fields(document)
    sentences: Any = fields.get("sentences", document)
    if not has_objects(sentences, "speaker_name", "speaker_id", "raw_text"):
        return None
    if isinstance(document, list) and not has_objects(document, "sentence"):
        return None
    names = {
        str(speaker.get("id")): name
        for speaker in objects(fields.get("speakers"))
        if (name := speaker_name(speaker.get("name")))
    }
    return [_read_sentence(sentence, names) for sentence in objects(sentences)]


def _read_sentence(item: Fields, names: dict[str, str]) -> Utterance:
    speaker = speaker_of(item, _SPEAKERS[:-1]) or names.get(str(item.get("speaker_id")))
    return Utterance(
        speaker or speaker_of(item, _SPEAKERS[-1:]), text_of(item, _TEXTS) or "", start_of(item)
    )
