"""Messages of OpenAI's chat format, Vapi, ElevenLabs Agents: no system or tool roles."""

import re
from typing import Any, Final

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

_LISTS: Final = ("messages", "messages_open_ai_formatted", "conversation", "transcript", "history")
_SPOKEN_TEXT: Final = """
agent assistant bot ai model user human customer caller client lead prospect rep seller
buyer transfer_target participant speaker
"""
_SPOKEN: Final = frozenset(_SPOKEN_TEXT.split())
_UNSPOKEN_TEXT: Final = """
system developer tool function tool_call tool_calls tool_call_result tool_call_invocation
tool_calls_result tool_result tool_use tool_output function_call function_call_output
node_transition dtmf agent_action tool_response thought reasoning metadata critic
"""
_UNSPOKEN: Final = frozenset(_UNSPOKEN_TEXT.split())
_PREFIX: Final = re.compile(r"^(?:message_)?role_")
_TEXTS: Final = ("message", "content", "text", "transcript", "parts", "original_message")


def read(document: Any) -> list[Utterance] | None:
    """Return what was said by the people and assistants, None if there are no messages."""
    fields = as_fields(document)
    artifact = as_fields(fields.get("artifact"))
    lists = [document, *(artifact.get(k) for k in _LISTS), *(fields.get(k) for k in _LISTS)]
    found = next((objects(each) for each in lists if is_conversation(each)), None)
    return None if found is None else [_read_message(m) for m in found if is_spoken(m)]


def is_conversation(value: Any) -> bool:
    """True for a list of messages with roles, some of them of a model's conversation."""
    roles = {_role(message) for message in objects(value)}
    return has_objects(value, *_TEXTS) and bool(roles & (_SPOKEN | _UNSPOKEN))


def is_spoken(message: Fields) -> bool:
    """True unless the message is an instruction, a tool's, or a kind of event."""
    kind = str(message.get("type") or "message")
    return (
        _role(message) not in _UNSPOKEN and kind not in _UNSPOKEN and bool(text_of(message, _TEXTS))
    )


def _role(message: Fields) -> str:
    role = message.get("role", message.get("source", message.get("user")))
    if not isinstance(role, str):
        return ""
    return _PREFIX.sub("", role.strip().casefold().replace("-", "_"))


def _read_message(message: Fields) -> Utterance:
    name = speaker_of(message, ("name", "speaker", "speaker_name"))
    return Utterance(
        name or speaker_name(_role(message)), text_of(message, _TEXTS) or "", start_of(message)
    )
