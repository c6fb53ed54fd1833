"""What a join asks for. Pure.

Follows supabase/realtime (realtime_channel.ex, payloads/*.ex): what cannot be read is left at its
default.
"""

import zlib
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import uuid4

from edge.emulator.realtime.codec import dumps

_IDS: Final = 1 << 27


@dataclass(frozen=True, slots=True)
class Replay:
    """Which stored broadcasts to send again: since a time in ms, at most `limit`."""

    since: int
    limit: int


@dataclass(frozen=True, slots=True)
class JoinConfig:
    """The configuration of a channel; `changes` as sent, each with the id of the reply."""

    is_private: bool
    receives_own: bool
    acknowledges: bool
    replay: dict[str, Any] | None
    replication_ready: bool
    presence_key: str
    presence_enabled: bool
    changes: tuple[tuple[int, dict[str, Any]], ...]
    token: str | None

    def reply(self) -> dict[str, Any]:
        """Return the response to the join: each entry as it was sent, with its id."""
        return {"postgres_changes": [{"id": number, **entry} for number, entry in self.changes]}


def parse_join(payload: Any) -> JoinConfig:
    """Read a join's payload."""
    body = _object(payload)
    config = _object(body.get("config"))
    broadcast, presence = _object(config.get("broadcast")), _object(config.get("presence"))
    entries = config.get("postgres_changes")
    listed = cast("list[Any]", entries) if isinstance(entries, list) else []
    changes = [cast("dict[str, Any]", entry) for entry in listed if isinstance(entry, dict)]
    replay = broadcast.get("replay")
    key = presence.get("key")
    return JoinConfig(
        is_private=_flag(config.get("private"), default=False),
        receives_own=_flag(broadcast.get("self"), default=False),
        acknowledges=_flag(broadcast.get("ack"), default=False),
        replay=cast("dict[str, Any]", replay) if isinstance(replay, dict) else None,
        replication_ready=_flag(broadcast.get("replication_ready"), default=False),
        presence_key=key if isinstance(key, str) and key else str(uuid4()),
        presence_enabled=_flag(presence.get("enabled"), default=True),
        changes=tuple((_id(entry), entry) for entry in changes),
        token=read_token(body.get("access_token") or body.get("user_token")),
    )


def read_token(value: Any) -> str | None:
    """Return a user's token; None for keys, which mean the connection's token."""
    return value if isinstance(value, str) and value and not value.startswith("sb_") else None


def parse_replay(replay: dict[str, Any]) -> Replay | None:
    """Return the parameters of a replay; None if they are not valid."""
    since, limit = replay.get("since"), replay.get("limit", 25)
    is_valid = isinstance(since, int) and isinstance(limit, int) and 1 <= limit <= 25
    return Replay(cast("int", since), cast("int", limit)) if is_valid else None


def _id(entry: dict[str, Any]) -> int:
    return zlib.crc32(dumps(entry).encode("utf-8", "replace")) % _IDS


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _flag(value: Any, *, default: bool) -> bool:
    if isinstance(value, bool):
        return value
    return value == "true" if value in ("true", "false") else default
