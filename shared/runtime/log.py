"""The one JSON line that a function writes for each request."""

import json
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TextIO


@dataclass(frozen=True, slots=True)
class Stage:
    """How one named part of a request went."""

    status: str
    duration_ms: int


@dataclass(slots=True)
class RequestLog:
    """Collects what happens during a request; `fields` is free for the function to add to."""

    request_id: str
    function: str
    fields: dict[str, Any] = field(default_factory=dict[str, Any])
    stages: dict[str, Stage] = field(default_factory=dict[str, Stage])
    started: float = field(default_factory=time.perf_counter)

    @property
    def elapsed_ms(self) -> int:
        return _ms_since(self.started)

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Time what happens inside; awaiting there is fine."""
        began = time.perf_counter()
        try:
            yield
        except BaseException:
            self.stages[name] = Stage("error", _ms_since(began))
            raise
        self.stages[name] = Stage("success", _ms_since(began))

    def write(self, status: int, *, stream: TextIO | None = None) -> None:
        """Put the line out: the end of the request."""
        line = json.dumps(self._record(status), ensure_ascii=False, default=str)
        out = stream or sys.stdout
        out.write(
            line.encode("utf-8", "replace").decode() + "\n"
        )  # half a surrogate pair may be in
        out.flush()

    def _record(self, status: int) -> dict[str, Any]:
        return {
            "request_id": self.request_id,
            "function": self.function,
            **self.fields,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "duration_ms": self.elapsed_ms,
            "status": status,
            "outcome": "success" if status < 400 else "error",
            "stages": {
                name: {"status": stage.status, "duration_ms": stage.duration_ms}
                for name, stage in self.stages.items()
            },
        }


def _ms_since(moment: float) -> int:
    return round((time.perf_counter() - moment) * 1000)
