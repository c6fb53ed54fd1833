"""Parser of JSON transcripts in the shapes that transcription services write.

A text or a list of segments, at the top level or under one of a few keys:
"…" · {"transcript": "…"} · {"segments": [{"speaker", "text"}]} · [{"speaker", "text"}] · and so on.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, cast

from backend.transcripts.turns import TranscriptError, Utterance, render_turns

_LISTS: Final = ("segments", "utterances", "turns", "messages", "transcript", "results")
_TEXTS: Final = ("text", "transcript", "content")
_SPEAKERS: Final = ("speaker", "speaker_name", "name", "role")


def parse_json(text: str) -> str:
    """Return the turns of a JSON transcript as text. Raises TranscriptError."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as exc:
        raise TranscriptError(f"line {exc.lineno} is not JSON: {exc.msg}") from exc
    except RecursionError as exc:
        raise TranscriptError("is nested too deeply") from exc
    path, content = _find_content(document)
    if isinstance(content, str):
        return content
    return render_turns(_utterances(path, content))


def _find_content(document: Any) -> tuple[str, str | list[Any]]:
    """Return the key ('' for the top level), and the text or list of segments there."""
    if isinstance(document, str | list):
        return "", cast("str | list[Any]", document)
    if not isinstance(document, dict):
        raise TranscriptError("must be an object, a list of segments or a text")
    fields = cast("dict[str, Any]", document)
    for key in _LISTS:
        if isinstance(fields.get(key), list):
            return key, fields[key]
    for key in _TEXTS:
        if isinstance(fields.get(key), str):
            return key, fields[key]
    known = ", ".join(dict.fromkeys((*_LISTS, *_TEXTS)))
    raise TranscriptError(f"has no transcript: none of {known} is a list of segments or a text")


def _utterances(path: str, segments: list[Any]) -> Iterator[Utterance]:
    for index, segment in enumerate(segments):
        where = f"{path}[{index}]"
        if isinstance(segment, str):
            yield Utterance(None, _one_line(segment))
        elif isinstance(segment, dict):
            yield _utterance(where, cast("dict[str, Any]", segment))
        else:
            raise TranscriptError(f"{where} must be an object with a text")


def _utterance(where: str, segment: dict[str, Any]) -> Utterance:
    key = next((key for key in _TEXTS if key in segment), None)
    if key is None:
        raise TranscriptError(f"{where} has no text")
    if not isinstance(segment[key], str):
        raise TranscriptError(f"{where}.{key} must be a text")
    speaker = next((segment[name] for name in _SPEAKERS if segment.get(name) is not None), None)
    return Utterance(_speaker_name(where, speaker), _one_line(segment[key]))


def _speaker_name(where: str, speaker: Any) -> str | None:
    """Return the speaker's name; a number becomes `Speaker <number>`."""
    if speaker is None or isinstance(speaker, str):
        return speaker.strip() or None if speaker else None
    if isinstance(speaker, int):
        return f"Speaker {speaker}"
    raise TranscriptError(f"{where}: the speaker must be a name or a number")


def _one_line(text: str) -> str:
    return " ".join(text.split())
