"""Extraction of a voice prompt from a transcript: calls the three functions in order."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TextIO
from uuid import uuid4

from backend.client.events import (
    Observer,
    Stage,
    StageFailed,
    StageRetried,
    StageStarted,
    StageSucceeded,
    ignore,
)
from backend.client.functions import FunctionCallError, FunctionClient
from backend.client.log import RunLog, StageRecord
from backend.client.response import AnalysisResponse, StageError

_SLUGS: Final[Mapping[Stage, str]] = {
    "transcript_processing": "process-transcript",
    "structured_data": "structured-data",
    "voice_prompt": "voice-prompt",
}
_STRUCTURED_KEYS: Final = (
    "sales_techniques",
    "communication_strategies",
    "objection_handling",
    "voice_agent_guidelines",
    "key_metrics",
)


@dataclass(frozen=True, slots=True)
class Recording:
    """Transcript to analyse; `video_id` and `collection_id` are identifiers of its source."""

    transcript: str
    video_id: str
    collection_id: str
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])


class SalesPromptExtractor:
    """Synchronous client of the functions at `base_url`; reusable for any number of runs."""

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        on_progress: Observer = ignore,
        log: TextIO = sys.stderr,
        client: FunctionClient | None = None,
    ) -> None:
        self._client = client or FunctionClient(base_url, key)
        self._on_progress = on_progress
        self._log = log

    def extract(self, recording: Recording) -> AnalysisResponse:
        """Run the stages. A failed stage ends the run; results of earlier stages stay stored.

        Does not raise for a failed stage: see `AnalysisResponse.error`.
        """
        run = _Run(self._client, self._on_progress, RunLog(str(uuid4())))
        try:
            run.run(recording)
        except _RunEndedError as exc:
            run.error = exc.error
        run.log.write(self._log, video_id=run.video_id, duration_ms=run.elapsed_ms)
        return run.response()


class _RunEndedError(Exception):
    def __init__(self, error: StageError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(slots=True)
class _Run:
    client: FunctionClient
    on_progress: Observer
    log: RunLog
    started: float = field(default_factory=time.perf_counter)
    results: dict[Stage, dict[str, Any]] = field(default_factory=dict[Stage, dict[str, Any]])
    error: StageError | None = None

    @property
    def elapsed_ms(self) -> int:
        return _ms_since(self.started)

    @property
    def video_id(self) -> str | None:
        return self.results.get("transcript_processing", {}).get("video_uuid")

    def run(self, recording: Recording) -> None:
        body = {
            "collection_id": recording.collection_id,
            "video_id": recording.video_id,
            "transcript": recording.transcript,
            "metadata": dict(recording.metadata),
        }
        video_uuid = self._stage("transcript_processing", body).get("video_uuid")
        structured = self._stage("structured_data", {"video_id": video_uuid})
        given = _without_text(structured)
        self._stage("voice_prompt", {"video_id": video_uuid, "structured_data": given})

    def response(self) -> AnalysisResponse:
        structured = self.results.get("structured_data", {})
        return AnalysisResponse(
            analysis=structured.get("analysis"),
            structured_data=_without_text(structured) if structured else None,
            voice_prompt=self.results.get("voice_prompt", {}).get("prompt"),
            processing_time=self.elapsed_ms,
            stages_completed=tuple(self.results),
            video_id=self.video_id,
            error=self.error,
        )

    def _stage(self, stage: Stage, body: Mapping[str, Any]) -> dict[str, Any]:
        self.on_progress(StageStarted(stage))
        began = time.perf_counter()
        try:
            reply = self.client.call(
                _SLUGS[stage],
                body,
                request_id=self.log.request_id,
                on_retry=lambda attempt, why: self.on_progress(
                    StageRetried(stage, attempt, why.message)
                ),
            )
        except FunctionCallError as exc:
            duration = _ms_since(began)
            self.log.stages[stage] = StageRecord("error", duration)
            self.on_progress(StageFailed(stage, duration, exc.message, exc.code))
            raise _RunEndedError(StageError(stage, exc.message, exc.code)) from exc
        duration = _ms_since(began)
        self.log.stages[stage] = StageRecord("success", duration)
        self.results[stage] = reply["result"]
        self.on_progress(StageSucceeded(stage, duration, reply["result"]))
        return reply["result"]


def _without_text(structured: Mapping[str, Any]) -> dict[str, Any]:
    return {key: structured.get(key) for key in _STRUCTURED_KEYS}


def _ms_since(moment: float) -> int:
    return round((time.perf_counter() - moment) * 1000)
