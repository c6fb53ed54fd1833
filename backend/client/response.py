"""What a run comes to, as the frontend gets it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.client.events import Stage


@dataclass(frozen=True, slots=True)
class StageError:
    """Which stage failed, and why."""

    stage: Stage
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class AnalysisResponse:
    """The three results, as far as the run came; what is missing is None."""

    analysis: str | None
    structured_data: Mapping[str, Any] | None
    voice_prompt: str | None
    processing_time: int
    stages_completed: tuple[Stage, ...]
    video_id: str | None
    error: StageError | None = None

    @property
    def is_success(self) -> bool:
        return self.error is None

    def to_dict(self) -> dict[str, Any]:
        """{status, data, metadata, error?}; `video_id` is the uuid that the rows belong to."""
        body: dict[str, Any] = {
            "status": "success" if self.is_success else "error",
            "data": {
                "analysis": self.analysis,
                "structured_data": self.structured_data,
                "voice_prompt": self.voice_prompt,
            },
            "metadata": {
                "processing_time": self.processing_time,
                "stages_completed": list(self.stages_completed),
                "video_id": self.video_id,
            },
        }
        if self.error:
            body["error"] = {
                "stage": self.error.stage,
                "message": self.error.message,
                "code": self.error.code,
            }
        return body
