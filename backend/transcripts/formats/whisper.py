"""Whisper, whisper.cpp and WhisperX: segments, with speakers where they were told apart."""

import re
from collections.abc import Iterator
from typing import Any, Final

from backend.transcripts.fields import (
    Fields,
    as_fields,
    has_objects,
    has_speaker,
    objects,
    read_words,
    speaker_of,
    start_of,
    text_of,
)
from backend.transcripts.turns import Utterance, speaker_name
from backend.transcripts.words import fill_speakers, join_words

_NOISE: Final = re.compile(r"\[(?:_?[A-Z_ ]+_?|blank_audio)\]", re.I)
_MARKED: Final = re.compile(r"[(\[]\s*speaker[ _]([\w?]+)\s*[)\]]\s*:?", re.I)
_TURN: Final = "[SPEAKER_TURN]"


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a result of Whisper's, None if it is something else."""
    fields = as_fields(document)
    if has_objects(fields.get("speakers"), "text") and "chunks" in fields:
        segments = objects(fields["speakers"])  # insanely-fast-whisper
    else:
        segments = _find_segments(fields)
    if not segments:
        return None
    return [said for segment in segments for said in _read_segment(segment)]


def _find_segments(fields: Fields) -> list[Fields]:
    if has_objects(fields.get("transcription"), "timestamps", "offsets"):
        return objects(fields["transcription"])  # whisper.cpp
    if has_objects(fields.get("chunks"), "timestamp"):
        return objects(fields["chunks"])  # Hugging Face
    segments = objects(fields.get("segments"))
    is_ours = has_objects(segments, "avg_logprob", "no_speech_prob", "seek", "words")
    return segments if is_ours or "word_segments" in fields else []


def _read_segment(segment: Fields) -> Iterator[Utterance]:
    words = objects(segment.get("words"))
    if has_speaker(words, ("speaker",)) and _changes(words):
        yield from join_words(fill_speakers(read_words(words, ("word", "text"))))
        return
    speaker = speaker_of(segment, ("speaker", "speaker_name", "speaker_id"))
    speaker = speaker or next((name for w in words if (name := speaker_of(w, ("speaker",)))), None)
    text = text_of(segment) or ""
    if marked := _MARKED.match(text):
        speaker, text = speaker_name(marked[1].replace("?", "")), text[marked.end() :]
    for part in text.split(_TURN):
        yield Utterance(speaker, " ".join(_NOISE.sub(" ", part).split()), start_of(segment))


def _changes(words: list[Fields]) -> bool:
    return len({name for word in words if (name := speaker_of(word, ("speaker",)))}) > 1
