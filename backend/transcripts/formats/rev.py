"""Rev and Rev AI: monologues of elements, whose punctuation includes the spaces."""

from collections.abc import Iterator
from typing import Any

from backend.transcripts.fields import Fields, as_fields, clean, objects, speaker_of, start_of
from backend.transcripts.turns import Utterance, speaker_name


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a transcript of Rev's, None if it is something else."""
    fields = as_fields(document)
    monologues = objects(fields.get("monologues"))
    if not any("elements" in monologue for monologue in monologues):
        return None
    names = {
        str(speaker.get("id")): name
        for speaker in objects(fields.get("speakers"))
        if (name := speaker_name(speaker.get("name")))
    }
    return [_read_monologue(monologue, names) for monologue in monologues]


def _read_monologue(monologue: Fields, names: dict[str, str]) -> Utterance:
    info = as_fields(monologue.get("speaker_info"))
    speaker = speaker_of(info, ("display_name", "name")) or names.get(str(monologue.get("speaker")))
    elements = objects(monologue.get("elements"))
    start = start_of(elements[0]) if elements else None
    text = clean("".join(_read_elements(elements)))
    return Utterance(speaker or speaker_of(monologue), text, start)


def _read_elements(elements: list[Fields]) -> Iterator[str]:
    was_word = False
    for element in elements:
        value = element.get("value")
        if not isinstance(value, str) or element.get("type") == "unknown":
            continue
        is_word = element.get("type", "text") == "text"
        yield f" {value}" if is_word and was_word else value
        was_word = is_word
