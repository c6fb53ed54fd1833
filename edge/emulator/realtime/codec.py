"""Frames of the Phoenix protocol, versions 1 and 2, text and binary. Pure.

Follows supabase/realtime (v2_serializer.ex) and realtime-js (serializer.ts).
"""

import json
import math
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

Version = Literal["1.0.0", "2.0.0"]

_CLIENT_BROADCAST: Final = 3
_SERVER_BROADCAST: Final = 4
_JSON_PAYLOAD: Final = 1
_MAX_PART: Final = 255


@dataclass(frozen=True, slots=True)
class UserBroadcast:
    """A broadcast with its event and payload apart, as kind 3 and the HTTP API bring it."""

    event: str
    payload: bytes
    is_json: bool
    meta: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One message.

    Instead of `payload`, `broadcast` is set for a client's binary broadcast, and `raw`, the JSON,
    for a payload that was too long to be parsed here.
    """

    topic: str
    event: str
    payload: Any
    ref: str | None = None
    join_ref: str | None = None
    broadcast: UserBroadcast | None = None
    raw: str | None = None


def decode_text(text: str, version: Version) -> Frame | None:
    """Return a client's message; None for one that is malformed."""
    try:
        value = loads(text)
    except (ValueError, RecursionError):
        return None
    if version == "1.0.0":
        if not isinstance(value, dict):
            return None
        named = cast("dict[str, Any]", value)
        parts = [named.get(name) for name in ("join_ref", "ref", "topic", "event", "payload")]
    elif isinstance(value, list) and len(cast("list[Any]", value)) == 5:
        parts = cast("list[Any]", value)
    else:
        return None
    join_ref, ref, topic, event, payload = parts
    if not isinstance(topic, str) or not isinstance(event, str):
        return None
    return Frame(topic, event, payload, _text(ref), _text(join_ref))


def decode_binary(data: bytes) -> Frame | None:
    """Return a client's broadcast of kind 3; None for anything else."""
    if len(data) < 7 or data[0] != _CLIENT_BROADCAST:
        return None
    sizes, position = data[1:6], 7
    if len(data) < 7 + sum(sizes):
        return None
    parts: list[str] = []
    for size in sizes:
        try:
            parts.append(data[position : position + size].decode())
        except UnicodeDecodeError:
            return None
        position += size
    join_ref, ref, topic, event, _metadata = parts
    broadcast = UserBroadcast(event, data[position:], data[6] == _JSON_PAYLOAD)
    return Frame(topic, "broadcast", None, ref or None, join_ref or None, broadcast)


def encode(frame: Frame, version: Version) -> str:
    """Render a message as text."""
    if version == "1.0.0":
        return dumps(
            {
                "topic": frame.topic,
                "event": frame.event,
                "payload": frame.payload,
                "ref": frame.ref,
                "join_ref": frame.join_ref,
            }
        )
    return dumps([frame.join_ref, frame.ref, frame.topic, frame.event, frame.payload])


def encode_raw(topic: str, event: str, payload: str, version: Version) -> str:
    """Render a message without refs whose payload is JSON already."""
    head = f"{dumps(topic)},"
    if version == "1.0.0":
        names = f'"topic":{head}"event":{dumps(event)},"payload":{payload}'
        return f'{{{names},"ref":null,"join_ref":null}}'
    return f"[null,null,{head}{dumps(event)},{payload}]"


def encode_broadcast(topic: str, broadcast: UserBroadcast, version: Version) -> str | bytes | None:
    """Render a broadcast for a receiver: kind 4, or text for version 1.

    Returns None for bytes that version 1 cannot carry, and for names over 255 bytes in kind 4.
    """
    if version == "2.0.0":
        meta = dumps(broadcast.meta).encode() if broadcast.meta else b""
        parts = (topic.encode(), broadcast.event.encode(), meta)
        if max(map(len, parts)) > _MAX_PART:
            return None
        head = bytes((_SERVER_BROADCAST, *map(len, parts), int(broadcast.is_json)))
        return head + b"".join(parts) + broadcast.payload
    if not broadcast.is_json:
        return None
    try:
        payload = broadcast.payload.decode() or "{}"
    except UnicodeDecodeError:
        return None
    meta_text = f',"meta":{dumps(broadcast.meta)}' if broadcast.meta else ""
    event = dumps(broadcast.event)
    body = f'{{"type":"broadcast","event":{event},"payload":{payload}{meta_text}}}'
    return encode_raw(topic, "broadcast", body, version)


def loads(text: str) -> Any:
    """Parse JSON. Raises ValueError, also for numbers that JSON cannot render again."""
    return json.loads(text, parse_constant=_refuse, parse_float=_finite)


def _refuse(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def dumps(value: Any) -> str:
    """Render JSON without spaces; half a surrogate pair is escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return (
        text if text.isascii() or _is_encodable(text) else json.dumps(value, separators=(",", ":"))
    )


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(ref: Any) -> str | None:
    return ref if ref is None or isinstance(ref, str) else json.dumps(ref)
