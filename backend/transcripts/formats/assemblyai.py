"""AssemblyAI: `utterances` with speakers, else `words`, else `text`."""

from typing import Any, Final

from backend.transcripts.fields import (
    as_fields,
    clean,
    has_speaker,
    objects,
    read_words,
    speaker_of,
    start_of,
    text_of,
)
from backend.transcripts.turns import TranscriptError, Utterance
from backend.transcripts.words import fill_speakers, join_words

_MARKS: Final = ("audio_url", "language_model", "acoustic_model", "speech_model", "speaker_labels")
_SPEAKERS: Final = ("speaker", "channel")


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a transcript of AssemblyAI, None if it is something else."""
    fields = as_fields(document)
    is_ours = "words" in fields and ("utterances" in fields or any(m in fields for m in _MARKS))
    if not is_ours and not (fields.get("status") == "error" and "audio_url" in fields):
        return None
    if fields.get("status") in {"error", "queued", "processing"}:
        raise TranscriptError(
            f"its status is {fields['status']}: {fields.get('error') or 'no text'}"
        )
    utterances = objects(fields.get("utterances"))
    if utterances:
        return [
            Utterance(speaker_of(u, _SPEAKERS), text_of(u) or "", start_of(u)) for u in utterances
        ]
    words = objects(fields.get("words"))
    if has_speaker(words, _SPEAKERS) or not isinstance(fields.get("text"), str):
        named = [word | {"speaker": speaker_of(word, _SPEAKERS)} for word in map(dict, words)]
        return join_words(fill_speakers(read_words(named, ("text", "word"))))
    return [Utterance(None, clean(fields["text"]))]
