"""A prediction: what was asked for, its state, and how the API renders it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

TERMINAL: Final = ("succeeded", "failed", "canceled")
EVENTS: Final = ("start", "output", "logs", "completed")


@dataclass(slots=True)
class Prediction:
    """One prediction; `base_url` is where the API and the output files are."""

    id: str
    model: str
    version: str
    input: Mapping[str, Any]
    base_url: str
    webhook: str | None = None
    events: tuple[str, ...] = EVENTS
    status: str = "starting"
    output: Any = None
    error: str | None = None
    logs: str = ""
    created: float = field(default_factory=time.time)
    started: float | None = None
    completed: float | None = None

    @property
    def is_over(self) -> bool:
        return self.status in TERMINAL

    def render(self) -> dict[str, Any]:
        """Return the prediction object: an API response and a webhook's body alike."""
        api = f"{self.base_url}/v1/predictions/{self.id}"
        has_run = self.started is not None and self.completed is not None
        took = {"predict_time": (self.completed or 0) - (self.started or 0)} if has_run else {}
        return {
            "id": self.id,
            "model": self.model,
            "version": self.version,
            "input": dict(self.input),
            "logs": self.logs,
            "output": self.output,
            "data_removed": False,
            "error": self.error,
            "status": self.status,
            "created_at": _render_time(self.created),
            "started_at": _render_time(self.started),
            "completed_at": _render_time(self.completed),
            "urls": {"get": api, "cancel": f"{api}/cancel"},
            "metrics": took,
        }


def _render_time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
