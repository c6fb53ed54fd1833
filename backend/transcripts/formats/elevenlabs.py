"""ElevenLabs Scribe: words, spacing and audio events; one transcript a channel, if several."""

from collections.abc import Iterator
from typing import Any

from backend.transcripts.fields import (
    Fields,
    as_fields,
    clean,
    end_of,
    has_objects,
    objects,
    speaker_of,
    start_of,
    text_of,
)
from backend.transcripts.turns import Utterance, speaker_name
from backend.transcripts.words import Word, fill_speakers, join_words, merge_by_time


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a transcript of ElevenLabs, None if it is something else."""
    fields = as_fields(document)
    channels = [
        c for c in objects(fields.get("transcripts")) if has_objects(c.get("words"), "type")
    ]
    if channels:
        lists = [list(_read_words(channel, len(channels) > 1)) for channel in channels]
        return join_words(merge_by_time(lists))
    if not has_objects(fields.get("words"), "type", "logprob"):
        return None
    words = fill_speakers(list(_read_words(fields, is_split=False)))
    if any(word.speaker for word in words) or not isinstance(fields.get("text"), str):
        return join_words(words)
    return [Utterance(None, clean(fields["text"]))]


def _read_words(transcript: Fields, is_split: bool) -> Iterator[Word]:
    speaker = speaker_name(transcript.get("channel_index")) if is_split else None
    is_spaced = any(word.get("type") == "spacing" for word in objects(transcript.get("words")))
    was_space = True
    for item in objects(transcript.get("words")):
        kind = item.get("type", "word")
        text = text_of(item, ("text", "word"))
        if kind == "word" and text:
            attached = is_spaced and not was_space
            yield Word(text, speaker or speaker_of(item), start_of(item), end_of(item), attached)
        was_space = kind != "word"
