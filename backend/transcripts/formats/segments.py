"""Segments of no service in particular: a list of objects with a text and perhaps a speaker."""

from collections.abc import Iterator
from typing import Any, Final

from backend.transcripts.fields import (
    TEXTS,
    Fields,
    as_fields,
    as_list,
    clean,
    has_objects,
    objects,
    read_words,
    speaker_of,
    start_of,
    text_of,
)
from backend.transcripts.formats.labelled import read_labelled
from backend.transcripts.formats.messages import is_conversation, is_spoken
from backend.transcripts.turns import TranscriptError, Utterance
from backend.transcripts.words import fill_speakers, join_words

LISTS: Final = (
    "segments", "utterances", "turns", "messages", "transcript", "sentences", "paragraphs",
    "monologues", "phrases", "entries", "conversation_items", "conversation", "dialogue", "dialog",
    "speaker_turns", "transcript_utterances",
    "lines", "captions", "cues", "chunks", "transcription", "transcripts",
    "results", "items", "words",
)  # fmt: skip
_WHOLE: Final = ("text", "transcript", "content", "transcription", "full_text", "transcript_text")
_IDENTIFIERS: Final = ("speaker_id", "id", "speaker", "label", "index", "participant_id")
_NAMED_BY: Final = ("speaker_id", "speaker", "participant_id", "speaker_label", "speaker_tag")
_WORDS: Final = ("punctuated_word", "word", "text", "content", "value")


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a list of segments, or the text, at the top or under a known key."""
    if isinstance(document, str):
        return read_labelled(document)
    if isinstance(document, list):
        return list(_read_items("", as_list(document)))
    fields = as_fields(document)
    names = _names(fields)
    for key in LISTS:
        if as_list(fields.get(key)) and (said := list(_read_items(key, fields[key], names))):
            return said
    for key in _WHOLE:
        if isinstance(fields.get(key), str):
            return read_labelled(fields[key])
    return None


def is_segment(value: Any) -> bool:
    """True for an object that has a text or words itself."""
    fields = as_fields(value)
    return any(isinstance(fields.get(key), str) for key in TEXTS) or "words" in fields


def _names(fields: Fields) -> dict[str, str]:
    """Return the names of speakers by their number or identifier, where they are listed apart."""
    names: dict[str, str] = {}
    for key in ("speakers", "participants", "parties", "attendees"):
        for item in objects(fields.get(key)):
            name = speaker_of(item, ("name", "display_name", "speaker_name", "email"))
            identifier = next((item[k] for k in _IDENTIFIERS if k in item), None)
            if name and identifier is not None:
                names[str(identifier)] = name
        for identifier, name in as_fields(fields.get(key)).items():
            if isinstance(name, str):
                names[identifier] = name
    return names


def _read_items(
    path: str, items: list[Any], names: dict[str, str] | None = None
) -> Iterator[Utterance]:
    is_chat = is_conversation(items)
    kinds = {item.get("type") for item in objects(items)}
    for index, item in enumerate(items):
        where = f"{path}[{index}]"
        if isinstance(item, str):
            yield Utterance(None, clean(item))
        elif not isinstance(item, dict):
            raise TranscriptError(f"{where} must be an object with a text")
        elif "transcript" in kinds and as_fields(item).get("type") != "transcript":
            continue  # a moment, a note
        elif not is_chat or is_spoken(as_fields(item)):
            fields = as_fields(item)
            identifier = next((fields[k] for k in _NAMED_BY if fields.get(k) is not None), None)
            name = (names or {}).get(str(identifier))
            yield from _read_item(where, {**fields, "speaker_name": name} if name else fields)


def _read_item(where: str, item: Fields) -> Iterator[Utterance]:
    speaker = _speaker(where, item)
    text = text_of(item)
    if text is not None:
        yield from (
            _by_words(item, text) if speaker is None else [Utterance(speaker, text, start_of(item))]
        )
        return
    for key in TEXTS:
        if item.get(key) is not None and not isinstance(item[key], dict | list):
            raise TranscriptError(f"{where}.{key} must be a text")
    inner = next((as_fields(item[k]) for k in TEXTS if isinstance(item.get(k), dict)), None)
    parts = next((key for key in LISTS if has_objects(item.get(key))), None)
    if inner:
        yield from _read_item(where, {**item, **dict.fromkeys(TEXTS), **inner})
    elif parts == "words":
        yield from join_words(read_words(objects(item["words"]), _WORDS, speaker))
    elif parts:
        for part in objects(item[parts]):
            yield Utterance(speaker or speaker_of(part), text_of(part) or "", start_of(part))
    elif not any(key in item for key in TEXTS):
        raise TranscriptError(f"{where} has no text")


def _by_words(item: Fields, text: str) -> list[Utterance]:
    """Return a text without a speaker as those that its words name said it."""
    words = fill_speakers(read_words(objects(item.get("words")), _WORDS))
    speakers = {word.speaker for word in words}
    if len(speakers) > 1 and len(words) >= len(text.split()):
        return join_words(words)
    return [Utterance(words[0].speaker if words else None, text, start_of(item))]


def _speaker(where: str, item: Fields) -> str | None:
    if isinstance(item.get("speaker"), list):
        raise TranscriptError(f"{where}: the speaker must be a name or a number")
    sender = as_fields(item.get("from"))
    return speaker_of(item) or speaker_of(sender, ("name", "user_name", "id"))
