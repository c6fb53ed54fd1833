"""Google Meet's API: entries whose participants are resource names, named where listed."""

from typing import Any

from backend.transcripts.fields import (
    Fields,
    as_fields,
    has_objects,
    objects,
    speaker_of,
    start_of,
    text_of,
)
from backend.transcripts.turns import Utterance, speaker_name


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of transcript entries, None if it is something else."""
    fields = as_fields(document)
    entries = fields.get("transcript_entries", document)
    if not has_objects(entries, "participant") or not has_objects(entries, "text"):
        return None
    names = {
        str(participant.get("name")): name
        for participant in objects(fields.get("participants"))
        if (name := _display_name(participant))
    }
    return [_read_entry(entry, names) for entry in objects(entries)]


def _display_name(participant: Fields) -> str | None:
    kinds = ("signedin_user", "signed_in_user", "anonymous_user", "phone_user")
    users = (as_fields(participant.get(kind)) for kind in kinds)
    return next((name for user in users if (name := speaker_of(user, ("display_name",)))), None)


def _read_entry(entry: Fields, names: dict[str, str]) -> Utterance:
    participant = entry.get("participant")
    name = names.get(str(participant)) or speaker_name(participant)
    return Utterance(name, text_of(entry, ("text",)) or "", start_of(entry))
