"""From the body of a signed webhook to the event that it delivers.

A signed body is the provider's word, and is sent a few times only: what JSON or Postgres cannot
hold of it is replaced rather than refused.
"""

import json
import re
from dataclasses import replace
from typing import Any, Final, cast

from pydantic_core import from_json

from shared.errors import BadInputError
from shared.telephony.event import CallEvent
from shared.telephony.retell import parse_event

from .inbound import InboundRequest, find_inbound

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"
_ONCE: Final = ("call_started", "call_ended", "call_analyzed", "call_inbound")
_OBJECTS: Final = ("call", "data", "chat")
_ENVELOPE: Final = ("event", "event_type", *_OBJECTS)
_LONGEST_NAME: Final = 100
_LONGEST_NUMBER: Final = 300


def parse_payload(body: bytes) -> CallEvent | InboundRequest:
    """Read {event, call}, {event, chat}, older senders' {event_type, data}, or an inbound request.

    What stands beside the call, as transfer_destination, is kept in the event's payload.
    """
    document = _parse_document(body)
    if not isinstance(document, dict):
        raise BadInputError("The body must be a JSON object.", code="INVALID_BODY")
    fields = cast("dict[str, Any]", document)
    event = _first(fields, "event", "event_type")
    if not isinstance(event, str) or not 0 < len(event) <= _LONGEST_NAME:
        raise BadInputError("The event has no name.", code="EVENT_MISSING")
    if inbound := find_inbound(fields):
        return inbound
    call = _first(fields, *_OBJECTS)
    if not isinstance(call, dict):
        raise BadInputError("The event has no call.", code="CALL_MISSING")
    found = _read_event(event, cast("dict[str, Any]", call))
    beside = {name: value for name, value in fields.items() if name not in _ENVELOPE}
    return replace(found, payload={**beside, **found.payload}) if beside else found


def _read_event(event: str, call: dict[str, Any]) -> CallEvent:
    call_id = _first(call, "call_id", "chat_id")
    if not isinstance(call_id, str) or not 0 < len(call_id) <= _LONGEST_NAME:
        raise BadInputError("The call has no call_id.", code="CALL_ID_MISSING")
    is_once = event in _ONCE or event.startswith("chat_")
    return replace(parse_event(event, call, 0 if is_once else _count_turns(call)), call_id=call_id)


def _count_turns(call: dict[str, Any]) -> int:
    turns = _first(call, "transcript_with_tool_calls", "transcript_object")
    return len(cast("list[Any]", turns)) if isinstance(turns, list) else 0


def _first(fields: dict[str, Any], *names: str) -> Any:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _parse_document(body: bytes) -> Any:
    if b"\\u0000" not in body:
        try:
            return from_json(body, allow_inf_nan=False)
        except ValueError:  # perhaps no JSON, perhaps JSON with something odd in it
            pass
    text = body.decode("utf-8", "replace")
    try:
        document = json.loads(text, parse_constant=_nothing, parse_int=_read_int)
        return _replace_unstorable(document)
    except json.JSONDecodeError as exc:
        message = f"The body is not valid JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}."
        raise BadInputError(message, code="INVALID_JSON") from exc
    except RecursionError as exc:
        raise BadInputError("The body is nested too deeply.", code="INVALID_JSON") from exc


def _nothing(_constant: str) -> None:
    """NaN and its like are no JSON."""


def _read_int(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None


def _replace_unstorable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub(_REPLACEMENT, value)
    if isinstance(value, list):
        return [_replace_unstorable(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return {_replace_unstorable(key): _replace_unstorable(item) for key, item in members}
    return value
