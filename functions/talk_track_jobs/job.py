"""A job as its owner sees it, with its estimated remaining time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

COLUMNS: Final = (
    "id",
    "status",
    "progress",
    "current_chunk",
    "total_chunks",
    "error_message",
    "talk_track_id",
)
LISTED: Final = ("funnel_project_id", "deck_structure_id", "created_at", "completed_at")
TERMINAL: Final = frozenset({"completed", "failed", "cancelled"})
_USUAL_CHUNK_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Job:
    """The row of a job, and the number of chunks that are written concurrently."""

    row: Mapping[str, Any]
    concurrency: int

    @property
    def id(self) -> str:
        return self.row["id"]

    @property
    def status(self) -> str:
        return self.row["status"]

    @property
    def is_finished(self) -> bool:
        return self.status in TERMINAL

    @property
    def eta_seconds(self) -> int | None:
        """Estimated seconds left; None before the job has started and after it failed."""
        if self.status == "completed":
            return 0
        if self.is_finished or not self.row["total_chunks"]:
            return None
        left = self.row["total_chunks"] - self.row["current_chunk"]
        each = self.row["chunk_seconds"] or _USUAL_CHUNK_SECONDS
        return max(1, math.ceil(math.ceil(left / self.concurrency) * each))

    def render(self) -> dict[str, Any]:
        return {**{name: self.row[name] for name in COLUMNS}, "eta_seconds": self.eta_seconds}

    def render_listed(self) -> dict[str, Any]:
        return {**self.render(), **{name: self.row[name] for name in LISTED}}
