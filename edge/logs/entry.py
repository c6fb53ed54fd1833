"""A log entry and its line in the file: JSON, times in UTC, any printed text escaped."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, cast

from edge.events import Level

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Kind(StrEnum):
    """The type of an entry; the first five are named as in supabase/edge-runtime."""

    BOOT = "Boot"
    BOOT_FAILURE = "BootFailure"
    SHUTDOWN = "Shutdown"
    UNCAUGHT_EXCEPTION = "UncaughtException"
    LOG = "Log"
    REQUEST = "Request"
    REQUEST_RECORD = "RequestRecord"
    WORKER_RETIRED = "WorkerRetired"
    SOURCE_CHANGED = "SourceChanged"
    ZYGOTE_READY = "ZygoteReady"
    ZYGOTE_LOST = "ZygoteLost"
    LINES_DROPPED = "LinesDropped"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `function` is empty if it concerns the platform as a whole."""

    time: datetime
    level: Level
    kind: Kind
    message: str
    function: str = ""
    execution_id: str = ""
    request_id: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


def render_entry(entry: Entry) -> bytes:
    """Render the entry's line without a newline; empty members are omitted."""
    members = {
        "time": entry.time.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
        "level": entry.level,
        "kind": entry.kind,
        "function": entry.function,
        "execution_id": entry.execution_id,
        "request_id": entry.request_id,
        "message": entry.message,
        "fields": dict(entry.fields),
    }
    present = {name: value for name, value in members.items() if value or name == "message"}
    # A lone surrogate cannot be encoded; backslashreplace makes it the JSON escape that it was.
    return _encode(present).encode(errors="backslashreplace")


def parse_entry(line: bytes) -> Entry | None:
    """Parse a line; returns None if it is no valid entry (cut by a crash, or edited)."""
    try:
        members = cast("dict[str, Any]", json.loads(line))
        return Entry(
            time=datetime.fromisoformat(members["time"]).astimezone(UTC),
            level=Level(members["level"]),
            kind=Kind(members["kind"]),
            message=str(members["message"]),
            function=str(members.get("function", "")),
            execution_id=str(members.get("execution_id", "")),
            request_id=str(members.get("request_id", "")),
            fields=dict(members.get("fields", {})),
        )
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
        return None
