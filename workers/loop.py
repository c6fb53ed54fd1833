"""The loop of a worker: take a job, renew its lease, make it, store the files, report."""

import asyncio
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from workers.backends.base import Backend, run
from workers.errors import BadTaskError, NetworkError, WorkError
from workers.message import Message, parse_message
from workers.project import Project
from workers.settings import QUEUES, Settings
from workers.task import Result, Status

_BUSY_PAUSE: Final = 0.2
_BUSY_SECONDS: Final = 30.0
_LONGEST_PAUSE: Final = 30.0
_PROGRESS_SECONDS: Final = 1.0
_OVER: Final = ("cancelled", "completed", "failed")


class _CancelledJobError(Exception):
    """The project has ended the job meanwhile."""


@dataclass(slots=True)
class Statistics:
    """Counts since the start, for /health."""

    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    busy_seconds: float = 0.0


@dataclass(slots=True)
class WorkerLoop:
    """Takes jobs of one queue, one at a time."""

    settings: Settings
    worker_type: str
    backend: Backend
    project: Project
    statistics: Statistics = field(default_factory=Statistics)
    current: str | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _failures: int = 0
    _last_job: float = 0.0

    def stop(self) -> None:
        """Take no more jobs; the current one is finished, or returned after the grace period."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until stopped."""
        while not self._stopping.is_set():
            text = await self._take()
            if text is None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._pause())
                continue
            self._last_job = time.monotonic()
            await self._handle(text)

    async def _take(self) -> str | None:
        try:
            text = await self.project.take(QUEUES[self.worker_type])
        except NetworkError as exc:
            if self._failures % 20 == 0:
                _log(f"{self.worker_type}: {exc}")
            self._failures += 1
            return None
        self._failures = 0
        return text

    def _pause(self) -> float:
        """Look often after a job, seldom when idle, more seldom while the queue fails."""
        if self._failures:
            return min(self.settings.idle_seconds * 2**self._failures, _LONGEST_PAUSE)
        is_busy = time.monotonic() - self._last_job < _BUSY_SECONDS and self._last_job
        return (
            min(_BUSY_PAUSE, self.settings.idle_seconds) if is_busy else self.settings.idle_seconds
        )

    async def _handle(self, text: str) -> None:
        """Do a job; whatever happens is reported, and the loop goes on."""
        try:
            message = parse_message(text)
        except BadTaskError as exc:
            _log(f"{self.worker_type}: A message was dropped: {exc}")
            return
        self.current = message.job_id
        began = time.monotonic()
        try:
            await self._work(message)
        finally:
            self.current = None
            self.statistics.busy_seconds += time.monotonic() - began

    async def _work(self, message: Message) -> None:
        work = asyncio.create_task(_Job(self, message).do())
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await asyncio.wait({work}, timeout=self.settings.grace_seconds)
            if not work.done():
                work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await self._report_end(message, work)
        finally:
            stopped.cancel()

    async def _report_end(self, message: Message, work: "asyncio.Task[None]") -> None:
        """Report a failure, or return the job; a result was reported by the job itself."""
        if work.cancelled():
            await self.report(
                message, _failure("worker_lost", "The worker was stopped.", retryable=True), tries=2
            )
            return
        error = work.exception()
        if error is None:
            self.statistics.completed += 1
            return
        if isinstance(error, _CancelledJobError):
            self.statistics.cancelled += 1
            return
        self.statistics.failed += 1
        if isinstance(error, WorkError):
            failure = _failure(error.error_type, str(error), retryable=error.is_retryable)
        elif isinstance(error, MemoryError):
            failure = _failure("oom", "The worker has too little memory.", retryable=True)
        else:
            _log(f"{message.job_id}: {error!r}")
            failure = _failure("internal", f"The worker failed: {type(error).__name__}.")
        _log(f"{message.job_id}: {failure['error_message']}")
        await self.report(message, failure)

    async def report(self, message: Message, body: dict[str, Any], tries: int = 6) -> str | None:
        """Report to the project; None if that failed: the lease then ends by itself."""
        attempt = {} if message.attempt is None else {"attempt": message.attempt}
        try:
            return await self.project.report(
                {
                    "job_id": message.job_id,
                    "worker_id": self.settings.worker_id,
                    **attempt,
                    **body,
                },
                tries,
            )
        except WorkError as exc:
            _log(f"{message.job_id}: The report was lost: {exc}")
            return None


@dataclass(slots=True)
class _Job:
    """One attempt at a job."""

    loop: WorkerLoop
    message: Message
    _reported: float = field(default_factory=time.monotonic)
    _progress: float | None = None

    async def do(self) -> None:
        """Make the files, store them and report them."""
        heartbeat = asyncio.create_task(self._renew())
        work = asyncio.create_task(self._make())
        try:
            await asyncio.wait({heartbeat, work}, return_when=asyncio.FIRST_COMPLETED)
            if heartbeat.done():
                heartbeat.result()
            await work
        finally:
            for task in (heartbeat, work):
                task.cancel()
            await asyncio.gather(heartbeat, work, return_exceptions=True)

    async def _make(self) -> None:
        settings, message, project = self.loop.settings, self.message, self.loop.project
        began = time.monotonic()
        reference = None
        if message.reference_url:
            reference = await project.download(message.reference_url)
        task = message.to_task(reference)
        result = await run(self.loop.backend, task, settings.job_seconds, self._on_status)
        assets = [
            {
                "type": "video" if message.is_video else "image",
                **await project.upload(message, index, file),
                "metadata": _describe(result, index, task.steps, task.guidance),
            }
            for index, file in enumerate(result.files)
        ]
        metadata = {
            "seed": task.seed,
            "processing_time": round(time.monotonic() - began, 3),
            "reference_mode": message.reference_mode,
            "model_used": result.model,
            "progress": 1,
            **({"frame_num": result.files[0].frames} if message.is_video and result.files else {}),
        }
        report = {
            "status": "completed",
            "assets": assets,
            "metadata": metadata,
            "error_message": None,
        }
        await self.loop.report(message, report)

    async def _on_status(self, status: Status) -> None:
        """Report progress at most once a second."""
        if status.progress in {None, self._progress}:
            return
        if time.monotonic() - self._reported >= _PROGRESS_SECONDS:
            await self._beat({"progress": round(status.progress or 0, 3)})
            self._progress = status.progress

    async def _renew(self) -> None:
        """Renew the lease until cancelled; raises _CancelledJobError when the job has ended."""
        while True:
            await asyncio.sleep(self.loop.settings.heartbeat_seconds)
            await self._beat({})

    async def _beat(self, metadata: dict[str, Any]) -> None:
        self._reported = time.monotonic()
        report = {"status": "processing", "metadata": metadata}
        if await self.loop.report(self.message, report, tries=2) in _OVER:
            raise _CancelledJobError


def _describe(result: Result, index: int, steps: int, guidance: float) -> dict[str, Any]:
    file = result.files[index]
    return {
        "width": file.width,
        "height": file.height,
        "format": file.media_type.partition("/")[2],
        "batch_size": len(result.files),
        "steps": steps,
        "guidance_scale": guidance,
        "seed": file.seed,
        "model_used": result.model,
        **({"duration_seconds": file.duration} if file.duration else {}),
        **result.details,
    }


def _failure(error_type: str, text: str, *, retryable: bool = False) -> dict[str, Any]:
    return {
        "status": "failed",
        "assets": [],
        "error_message": text,
        "metadata": {"error_type": error_type, "retryable": retryable},
    }


def _log(text: str) -> None:
    sys.stderr.write(f"{text}\n")
