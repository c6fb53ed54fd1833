"""Speechmatics json-v2: words, punctuation and entities with speakers or channels."""

from collections.abc import Iterator
from typing import Any

from backend.transcripts.fields import (
    Fields,
    as_fields,
    end_of,
    first_object,
    has_objects,
    objects,
    speaker_of,
    start_of,
    text_of,
)
from backend.transcripts.turns import Utterance, speaker_name
from backend.transcripts.words import Word, fill_speakers, join_words


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a transcript of Speechmatics, None if it is something else."""
    fields = as_fields(document)
    results = [
        r for r in objects(fields.get("results")) if has_objects(r.get("alternatives"), "content")
    ]
    if not results:
        return None
    pack = as_fields(as_fields(fields.get("metadata")).get("language_pack_info"))
    is_unspaced = pack.get("word_delimiter") == ""
    channels = {result.get("channel") for result in results}
    words = list(_read_results(results, is_unspaced, len(channels) > 1))
    return join_words(fill_speakers(words))


def _read_results(results: list[Fields], is_unspaced: bool, is_split: bool) -> Iterator[Word]:
    for result in results:
        best = first_object(result.get("alternatives"))
        text = text_of(best, ("content",))
        if not text:
            continue
        speaker = speaker_of(best, ("speaker",))
        if is_split:
            speaker = speaker_name(result.get("channel")) or speaker
        attached = result.get("type") == "punctuation" and result.get("attaches_to") != "next"
        yield Word(text, speaker, start_of(result), end_of(result), is_unspaced or attached)
