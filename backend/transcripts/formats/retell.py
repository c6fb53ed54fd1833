"""Retell: the call object, as it is, in a webhook's body, or in the list of calls; chats."""

from typing import Any, Final

from backend.transcripts.fields import as_fields, objects
from backend.transcripts.formats import messages
from backend.transcripts.formats.labelled import read_labelled
from backend.transcripts.turns import Utterance

_OBJECTS: Final = ("transcript_object", "transcript_with_tool_calls", "message_with_tool_calls")
_MARKS: Final = ("call_id", "chat_id", "agent_id", "call_status", "call_analysis", "call_type")


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of Retell's call object, None if it is something else."""
    fields = as_fields(document)
    for key in _OBJECTS:
        if objects(fields.get(key)):
            return messages.read(objects(fields[key]))
    if not any(mark in fields for mark in _MARKS):
        return None
    text = fields.get("transcript")
    return read_labelled(text) if isinstance(text, str) else None
