"""Log of a run: one JSON line."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TextIO

from backend.client.events import Stage


@dataclass(frozen=True, slots=True)
class StageRecord:
    """Outcome and duration of a stage."""

    status: str
    duration_ms: int


@dataclass(slots=True)
class RunLog:
    """Collects the stages of a run."""

    request_id: str
    stages: dict[Stage, StageRecord] = field(default_factory=dict[Stage, StageRecord])

    def write(self, out: TextIO, *, video_id: str | None, duration_ms: int) -> None:
        """Write {request_id, video_id, timestamp, duration_ms, stages}.

        `stages` is {name: {status, duration_ms}}.
        """
        record: Mapping[str, Any] = {
            "request_id": self.request_id,
            "video_id": video_id,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "duration_ms": duration_ms,
            "stages": {
                name: {"status": stage.status, "duration_ms": stage.duration_ms}
                for name, stage in self.stages.items()
            },
        }
        out.write(json.dumps(record) + "\n")
        out.flush()
