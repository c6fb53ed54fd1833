"""One entry of the log, and its line in the file: JSON, UTC, safe for anything that was printed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, cast

from edge.events import Level

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Kind(StrEnum):
    """What an entry tells; the first five as supabase/edge-runtime calls them."""

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
    """`function` is empty when it concerns the platform as a whole."""

    time: datetime
    level: Level
    kind: Kind
    message: str
    function: str = ""
    execution_id: str = ""
    request_id: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


def render_entry(entry: Entry) -> bytes:
    """The entry's line, without its end; empty members are left out."""
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
    said = {name: value for name, value in members.items() if value or name == "message"}
    # A lone surrogate cannot be encoded; backslashreplace makes it the JSON escape that it was.
    return _encode(said).encode(errors="backslashreplace")


def parse_entry(line: bytes) -> Entry | None:
    """The entry of a line, or None when it is none: torn by a crash, or edited."""
    try:
        said = cast("dict[str, Any]", json.loads(line))
        return Entry(
            time=datetime.fromisoformat(said["time"]).astimezone(UTC),
            level=Level(said["level"]),
            kind=Kind(said["kind"]),
            message=str(said["message"]),
            function=str(said.get("function", "")),
            execution_id=str(said.get("execution_id", "")),
            request_id=str(said.get("request_id", "")),
            fields=dict(said.get("fields", {})),
        )
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
        return None
