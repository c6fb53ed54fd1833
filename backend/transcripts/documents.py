"""Finding of the calls in a JSON document: whose format it is, and under what wrappers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from backend.transcripts.fields import Fields, as_fields, as_list, objects
from backend.transcripts.formats import (
    assemblyai,
    aws,
    azure,
    deepgram,
    elevenlabs,
    fireflies,
    gong,
    google,
    meet,
    messages,
    recall,
    retell,
    rev,
    segments,
    soniox,
    speechmatics,
    twilio,
    videodb,
    watson,
    whisper,
    youtube,
    zoom,
)
from backend.transcripts.turns import TranscriptError, Utterance

Reader = Callable[[Any], list[Utterance] | None]
FORMATS: Final[Mapping[str, Reader]] = {
    "Retell": retell.read,
    "Deepgram": deepgram.read,
    "Amazon Transcribe": aws.read,
    "Speechmatics": speechmatics.read,
    "IBM Watson": watson.read,
    "Google Speech-to-Text": google.read,
    "Azure Speech": azure.read,
    "Rev": rev.read,
    "Soniox": soniox.read,
    "ElevenLabs": elevenlabs.read,
    "AssemblyAI": assemblyai.read,
    "Gong": gong.read,
    "Recall.ai": recall.read,
    "Fireflies": fireflies.read,
    "Twilio": twilio.read,
    "Zoom": zoom.read,
    "Google Meet": meet.read,
    "YouTube": youtube.read,
    "words": videodb.read,
    "Whisper": whisper.read,
    "messages": messages.read,
}
_GENERIC: Final[Mapping[str, Reader]] = {"segments": segments.read}
_WRAPPERS: Final = (
    "call", "message", "artifact", "data", "result", "results", "response", "body", "payload",
    "object", "output", "transcription", "transcript", "transcripts", "meeting", "recording",
    "conversation", "event", "detail", "inline_result", "calls", "call_transcripts", "items",
    "records", "recordings", "meetings", "conversations", "content", "attributes",
)  # fmt: skip
_DEEPEST: Final = 6
_LOOKED_AT: Final = 50  # of a list, to know what it lists
_NAMES: Final = (
    "call_id", "chat_id", "conversation_id", "meeting_id", "transcript_id", "recording_id", "id",
    "sid", "job_name", "title", "name", "file", "file_name", "filename",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """One conversation of a document; `name` is its identifier there, if it has one."""

    name: str
    format: str
    utterances: list[Utterance]
    note: str = ""


def find_calls(document: Any) -> list[Call]:
    """Return the calls of a document with keys in snake case. Raises TranscriptError."""
    for formats in (FORMATS, _GENERIC):
        calls = [c for c in _find(document, "", formats, _DEEPEST) if _has_words(c)]
        if calls:
            return calls
    return []


def _has_words(call: Call) -> bool:
    return any(utterance.text for utterance in call.utterances)


def _find(document: Any, name: str, formats: Mapping[str, Reader], depth: int) -> list[Call]:
    if depth == 0 or not isinstance(document, dict | list | str):
        return []
    name = _name_of(document) or name
    if several := _split(document):
        return [call for each in several for call in _find(each, name, formats, depth - 1)]
    if isinstance(document, list) and (calls := _find_in_list(as_list(document), formats, depth)):
        return calls
    if not (formats is _GENERIC and (_is_wrapper(document) or _record(document))):
        for title, read in formats.items():
            if (said := read(document)) is not None:
                return [Call(name, title, said)]
    return _find_in_wrappers(_record(document) or as_fields(document), name, formats, depth)


def _record(document: Any) -> Fields:
    """Return the only object of a list, if it wraps a call: what APIs return for one."""
    items = as_list(document)
    only: Fields = as_fields(items[0]) if len(items) == 1 else as_fields(None)
    is_record = any(key in only for key in _WRAPPERS) and not segments.is_segment(only)
    return only if is_record else as_fields(None)


def _split(document: Any) -> list[Any]:
    """Return the parts of a document for several calls of Gong's, or several files of Google's."""
    fields = as_fields(document)
    if calls := gong.split(document):
        return list(calls)
    results = as_fields(fields.get("results"))
    return [{"name": key, **each} for key, each in _files(results)]


def _files(results: Fields) -> Iterator[tuple[str, Fields]]:
    for key, value in results.items():
        if "://" in key and isinstance(value, dict):
            yield key, as_fields(value)


def _find_in_list(items: list[Any], formats: Mapping[str, Reader], depth: int) -> list[Call]:
    """Return the calls of a list of calls; nothing for a list of the parts of one."""
    documents = objects(items)
    if len(documents) != len(items) or not any(_is_call(each) for each in documents[:_LOOKED_AT]):
        return []
    found = [_find(document, "", formats, depth - 1) for document in documents]
    calls = [call for several in found for call in several if _has_words(call)]
    silent = sum(not any(map(_has_words, several)) for several in found)
    note = f"{silent} more of the file's {len(found)} calls have no words." if silent else ""
    return [replace(call, note=call.note or note) for call in calls]


def _is_call(fields: Fields) -> bool:
    """True for an object that holds a conversation, not only a part of one."""
    inner = as_fields(fields.get("call")) or fields
    for key in ("transcript_object", "message_with_tool_calls", "call_transcripts", "artifact"):
        if inner.get(key):
            return True
    if "words" in inner and not isinstance(inner.get("utterances"), list):
        return "audio_url" in inner
    text = inner.get("transcript", inner.get("text"))
    if isinstance(text, str) and ("call_id" in inner or _has_turns(text)):
        return True
    if as_fields(inner.get("results")):
        return True
    lists = [inner.get(key) for key in segments.LISTS if key != "words"]
    return any(len(objects(each)) > 0 and _has_segments(objects(each)) for each in lists)


def _has_turns(text: str) -> bool:
    return "\n" in text.strip() and len({each.speaker for each in segments.read(text) or []}) > 1


def _has_segments(items: Iterable[Fields]) -> bool:
    return any(segments.is_segment(item) for item in items) and any(
        "speaker" in key or key in {"role", "sentences"} for item in items for key in item
    )


def _is_wrapper(document: Any) -> bool:
    """True for an object whose lists hold calls, so that its own text is not the conversation."""
    fields = as_fields(document)
    lists = (objects(fields.get(key)) for key in _WRAPPERS)
    return any(each and any(_is_call(item) for item in each) for each in lists)


def _find_in_wrappers(
    fields: Fields, name: str, formats: Mapping[str, Reader], depth: int
) -> list[Call]:
    for key in _WRAPPERS:
        value = fields.get(key)
        if not value or (isinstance(value, str) and formats is not _GENERIC):
            continue
        try:
            calls = _find(value, name, formats, depth - 1)
        except TranscriptError:
            continue  # a list of something else
        if calls:
            return calls
    return []


def _name_of(document: Any) -> str:
    fields = as_fields(document)
    inner = as_fields(fields.get("call")) or as_fields(fields.get("meta_data"))
    for source in (fields, inner):
        for key in _NAMES:
            value = source.get(key)
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                return str(value)
    return ""
