"""Response of a run, in the shape that the frontend gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.client.events import Stage


@dataclass(frozen=True, slots=True)
class StageError:
    """Failed stage, with the message and code of its error."""

    stage: Stage
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class AnalysisResponse:
    """Results of the three stages; those of stages that did not complete are None."""

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
        """Return {status, data, metadata, error?}; `video_id` is the uuid in the database."""
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
