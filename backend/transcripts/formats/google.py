"""Google Speech-to-Text (v1, v2, batch) and Video Intelligence: results with alternatives."""

from typing import Any, Final

from backend.transcripts.fields import (
    Fields,
    as_fields,
    first_object,
    has_objects,
    has_speaker,
    objects,
    read_words,
    start_of,
    text_of,
)
from backend.transcripts.turns import Utterance, speaker_name
from backend.transcripts.words import fill_speakers, join_words

_SPEAKERS: Final = ("speaker_label", "speaker_tag")


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a response of Google's, None if it is something else."""
    results = _find_results(document)
    alternatives = [first_object(result.get("alternatives")) for result in results]
    if not any("transcript" in each or "words" in each for each in alternatives):
        return None
    spoken = [objects(each.get("words")) for each in alternatives]
    diarized = [words for words in spoken if has_speaker(map(_without_zero, words), _SPEAKERS)]
    if diarized:
        return _read_diarized(diarized)
    channels = {result.get("channel_tag") for result in results}
    return [
        Utterance(
            speaker_name(result.get("channel_tag")) if len(channels) > 1 else None,
            text_of(alternative, ("transcript",)) or "",
            start_of(alternative),
        )
        for result, alternative in zip(results, alternatives, strict=True)
    ]


def _find_results(document: Any) -> list[Fields]:
    if isinstance(document, list):  # streamed responses, each with results of its own
        return [result for part in objects(document) for result in _find_results(part)]
    fields = as_fields(document)
    for annotation in objects(fields.get("annotation_results")):
        return objects(annotation.get("speech_transcriptions"))
    results = objects(fields.get("results"))
    final = [result for result in results if result.get("is_final", True)]
    return final if has_objects(final, "alternatives") else []


def _without_zero(word: Fields) -> Fields:
    """Drop the speaker tag 0, which stands for none."""
    return {key: value for key, value in word.items() if key != "speaker_tag" or value}


def _texts(words: list[Fields]) -> list[str | None]:
    return [text_of(word, ("word",)) for word in words]


def _read_diarized(spoken: list[list[Fields]]) -> list[Utterance]:
    """Join the words; where the last result repeats all of them, read only that one."""
    firsts = [start_of(words[0]) for words in spoken]
    is_total = firsts[-1] == firsts[0]
    if None in firsts:
        before = [_texts(words) for words in spoken[:-1]]
        is_total = all(_texts(spoken[-1])[: len(said)] == said for said in before[:1])
    chosen = spoken[-1:] if len(spoken) > 1 and is_total else spoken
    words = [_without_zero(word) for part in chosen for word in part]
    return join_words(fill_speakers(read_words(words, ("word",))))
