"""Azure Speech: batch (`recognizedPhrases`), fast (`phrases`) and detailed results."""

from collections.abc import Callable
from typing import Any

from backend.transcripts.fields import (
    Fields,
    as_fields,
    first_object,
    has_objects,
    objects,
    start_of,
    text_of,
)
from backend.transcripts.turns import Utterance, speaker_name


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a result of Azure's, None if it is something else."""
    fields = as_fields(document)
    phrases = objects(fields.get("recognized_phrases")) or objects(fields.get("phrases"))
    if isinstance(document, list) and has_objects(document, "n_best"):
        phrases = objects(document)
    if "n_best" in fields:
        phrases = [fields]
    if phrases and any("n_best" in p or "text" in p or "display" in p for p in phrases):
        return _read_phrases(phrases)
    whole = objects(fields.get("combined_recognized_phrases")) or objects(
        fields.get("combined_phrases")
    )
    return _read_combined(whole) if whole else None


def _read_phrases(phrases: list[Fields]) -> list[Utterance]:
    name = _namer(phrases)
    said = [Utterance(name(p), _text(p), start_of(p)) for p in phrases]
    if any(each.start is None for each in said):
        return said
    return sorted(said, key=lambda each: each.start or 0.0)


def _text(phrase: Fields) -> str:
    best = first_object(phrase.get("n_best"))
    keys = ("display", "display_text", "text", "itn", "masked_itn", "lexical")
    return text_of(best, keys) or text_of(phrase, keys) or ""


def _namer(phrases: list[Fields]) -> Callable[[Fields], str | None]:
    """Name by speaker; by channel where there are several without speakers; by both if needed."""
    channels = {p.get("channel") for p in phrases}
    speakers = {_speaker(p) for p in phrases}
    pairs = {(p.get("channel"), _speaker(p)) for p in phrases}
    if len(channels) > 1 and len(pairs) == len(channels):
        return lambda phrase: speaker_name(phrase.get("channel"))
    if len(channels) > 1 and len(pairs) > len(speakers):
        return lambda phrase: f"{speaker_name(phrase.get('channel'))}, {_speaker(phrase)}"
    return _speaker


def _speaker(phrase: Fields) -> str | None:
    keys = ("speaker", "speaker_id", "speaker_name")
    return next((name for key in keys if (name := speaker_name(phrase.get(key)))), None)


def _read_combined(whole: list[Fields]) -> list[Utterance]:
    is_split = len(whole) > 1
    return [
        Utterance(speaker_name(p.get("channel")) if is_split else None, _text(p)) for p in whole
    ]
