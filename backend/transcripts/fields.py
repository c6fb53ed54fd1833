"""Access to JSON documents whose keys services write in different ways."""

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from backend.transcripts.times import parse_time
from backend.transcripts.turns import TranscriptError, one_line, speaker_name
from backend.transcripts.words import Word

Fields = Mapping[str, Any]

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATOR: Final = re.compile(r"[\s.-]+")
_DEEPEST: Final = 60
TEXTS: Final = (
    "text", "transcript", "content", "sentence", "message", "spoken_text", "utterance", "caption",
    "display_text", "display", "transcription_text", "raw_text", "body", "phrase", "line", "value",
    "snippet",
)  # fmt: skip
SPEAKERS: Final = (
    "speaker_name", "speaker_display_name", "speaker", "participant_name", "participant",
    "participant_role", "participant_type", "participant_purpose", "speaker_type",
    "user_name", "username", "user", "author", "sender", "display_name", "name",
    "role", "speaker_label", "speaker_tag", "speaker_id", "speaker_number", "participant_id",
    "channel_name", "channel", "channel_tag", "channel_label", "media_channel", "channel_index",
)  # fmt: skip
STARTS: Final = (
    "seconds_from_start", "time_in_call_secs", "start", "start_time", "start_timestamp",
    "start_offset", "begin_offset_millis", "offset",
    "offset_milliseconds", "offset_in_ticks", "start_ms", "begin", "from", "timestamp", "ts",
    "time", "timestamps", "offsets",
)  # fmt: skip
_UNITS: Final[Mapping[str, float]] = {
    "begin_offset_millis": 1e-3, "end_offset_millis": 1e-3, "offset_milliseconds": 1e-3,
    "start_ms": 1e-3, "end_ms": 1e-3, "offset_in_ticks": 1e-7,
}  # fmt: skip
_ENDS: Final = (
    "end",
    "end_time",
    "end_timestamp",
    "end_offset",
    "end_offset_millis",
    "end_ms",
    "to",
)


def normalize_keys(document: Any, depth: int = 0) -> Any:
    """Return the document with all keys in snake case: `speakerName` and `Speaker Name` alike."""
    if depth > _DEEPEST:
        raise TranscriptError("is nested too deeply")
    if isinstance(document, dict):
        fields = cast("dict[str, Any]", document)
        return {_snake(key): normalize_keys(value, depth + 1) for key, value in fields.items()}
    if isinstance(document, list):
        return [normalize_keys(item, depth + 1) for item in cast("list[Any]", document)]
    return document


def _snake(key: str) -> str:
    return _SEPARATOR.sub("_", _HUMP.sub("_", key.strip())).casefold()


def as_fields(value: Any) -> Fields:
    """Return the object; an empty one for anything else."""
    return cast("Fields", value) if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return the list; an empty one for anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def objects(value: Any) -> list[Fields]:
    """Return the objects of a list."""
    return [cast("Fields", item) for item in as_list(value) if isinstance(item, dict)]


def first_object(value: Any) -> Fields:
    """Return the first object of a list; an empty one if there is none."""
    found = objects(value)
    return found[0] if found else {}


def has_objects(value: Any, *keys: str) -> bool:
    """True for a list that has an object with one of the keys; without keys, with any object."""
    return any(not keys or any(key in item for key in keys) for item in objects(value))


def text_of(item: Fields, keys: Iterable[str] = TEXTS) -> str | None:
    """Return the first text among the keys, in one line; also a list of parts `{text}`."""
    for key in keys:
        value = item.get(key)
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, list) and (parts := list(_parts(as_list(value)))):
            return clean(" ".join(parts))
    return None


def _parts(value: list[Any]) -> Iterator[str]:
    for part in value:
        fields = as_fields(part)
        text = part if isinstance(part, str) else fields.get("text", fields.get("transcript"))
        if isinstance(text, str):
            yield text


def clean(text: str) -> str:
    """Return the text in one line, without HTML entities."""
    return one_line(html.unescape(text) if "&" in text else text)


def speaker_of(item: Fields, keys: Iterable[str] = SPEAKERS) -> str | None:
    """Return the name of the first key that names a speaker."""
    return next((name for key in keys if (name := speaker_name(item.get(key)))), None)


def has_speaker(items: Iterable[Fields], keys: Sequence[str] = SPEAKERS) -> bool:
    return any(speaker_of(item, keys) for item in items)


def start_of(item: Fields) -> float | None:
    return _time_of(item, STARTS)


def end_of(item: Fields) -> float | None:
    return _time_of(item, _ENDS)


def _time_of(item: Fields, keys: Iterable[str]) -> float | None:
    found = ((key, parse_time(item.get(key))) for key in keys if key in item)
    return next((time * _UNITS.get(key, 1) for key, time in found if time is not None), None)


def read_word(item: Fields, keys: Iterable[str], speaker: str | None = None) -> Word | None:
    """Return a word with its speaker and times; None if it has no text."""
    text = text_of(item, keys)
    if not text:
        return None
    return Word(text, speaker or speaker_of(item, _WORD_SPEAKERS), start_of(item), end_of(item))


_WORD_SPEAKERS: Final = ("speaker_name", "speaker", "speaker_label", "speaker_tag", "speaker_id")


def read_words(
    items: Iterable[Fields], keys: Iterable[str], speaker: str | None = None
) -> list[Word]:
    """Return the words of a list."""
    wanted = tuple(keys)
    return [word for item in items if (word := read_word(item, wanted, speaker))]
