"""IBM Watson: results with timestamps of words, and speaker labels by time."""

from collections.abc import Iterator
from typing import Any

from backend.transcripts.fields import (
    Fields,
    as_fields,
    as_list,
    first_object,
    has_objects,
    objects,
    speaker_of,
)
from backend.transcripts.turns import Utterance
from backend.transcripts.words import Word, fill_speakers, join_words


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a response with speaker labels, None if it is something else."""
    fields = as_fields(document)
    results = objects(fields.get("results"))
    if not has_objects(fields.get("speaker_labels"), "from") or not results:
        return None
    speakers = {s.get("from"): speaker_of(s) for s in objects(fields["speaker_labels"])}
    return join_words(fill_speakers(list(_read_words(results, speakers))))


def _read_words(results: list[Fields], speakers: dict[Any, str | None]) -> Iterator[Word]:
    for result in results:
        for stamp in as_list(first_object(result.get("alternatives")).get("timestamps")):
            match stamp:
                case [str() as word, start, *_]:
                    yield Word(word, speakers.get(start), start)
                case _:
                    continue
