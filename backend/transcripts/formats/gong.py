"""Gong: monologues of sentences; speakers are named where the call's parties are in the file."""

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
    """Return the utterances of one call of Gong's, None if it is something else."""
    fields = as_fields(document)
    monologues = fields.get("transcript", fields.get("monologues", document))
    if not has_objects(monologues, "sentences"):
        return None
    names = _names(objects(fields.get("parties")))
    return [
        Utterance(_name(monologue, names), text_of(sentence) or "", start_of(sentence))
        for monologue in objects(monologues)
        for sentence in objects(monologue.get("sentences"))
    ]


def split(document: Any) -> list[Fields]:
    """Return the calls of a response for several, each with its parties."""
    fields = as_fields(document)
    calls = objects(fields.get("call_transcripts"))
    parties = {
        str(as_fields(call.get("meta_data")).get("id")): objects(call.get("parties"))
        for call in objects(fields.get("calls"))
    }
    everybody = objects(fields.get("parties"))
    return [{"parties": parties.get(str(c.get("call_id")), everybody), **c} for c in calls]


def _names(parties: list[Fields]) -> dict[str, str]:
    return {
        str(party.get("speaker_id", party.get("id"))): name
        for party in parties
        if (name := speaker_of(party, ("name", "email_address", "title")))
    }


def _name(monologue: Fields, names: dict[str, str]) -> str | None:
    identifier = monologue.get("speaker_id")
    own = speaker_of(monologue, ("speaker_name", "speaker", "name"))
    return names.get(str(identifier)) or own or speaker_name(identifier)
