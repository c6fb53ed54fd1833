"""VideoDB, and others that list timed words: joined to sentences; `-` stands for silence."""

from statistics import median
from typing import Any, Final

from backend.transcripts.fields import Fields, as_fields, objects, read_words, text_of
from backend.transcripts.turns import Utterance
from backend.transcripts.words import fill_speakers, is_silence, join_words

_LISTS: Final = (
    "transcript",
    "word_timestamps",
    "words",
    "segments",
    "chunks",
    "transcription",
    "transcripts",
)
_TEXTS: Final = ("text", "word")
_TIMES: Final = ("start", "end", "start_time", "end_time", "timestamp")


def read(document: Any) -> list[Utterance] | None:
    """Return the sentences of a list of timed words, None if it is something else."""
    fields = as_fields(document)
    lists = [document, *(fields.get(key) for key in _LISTS)]
    words = next((objects(each) for each in lists if is_word_list(each)), None)
    if words is None:
        return None
    spoken = [word for word in words if not is_silence(text_of(word, _TEXTS) or "-")]
    return join_words(fill_speakers(read_words(spoken, _TEXTS)))


def is_word_list(value: Any) -> bool:
    """True for timed texts that are single words."""
    items = objects(value)
    return len(items) > 1 and all(map(_is_timed, items)) and _is_single(items)


def _is_timed(item: Fields) -> bool:
    return any(key in item for key in _TIMES) and any(isinstance(item.get(t), str) for t in _TEXTS)


def _is_single(items: list[Fields]) -> bool:
    counts = [len((text_of(item, _TEXTS) or "").split()) for item in items]
    return median(counts) <= 1 and max(counts) <= 3
