"""A message of the queue, as queue-job writes it, and the task that it asks for."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, cast
from uuid import UUID

from workers.errors import BadTaskError
from workers.task import DEFAULT_FRAMES, MAX_PROMPT, ImageTask, Pipeline

_RESOLUTION: Final = re.compile(r"(\d{1,5})\s*[xX]\s*(\d{1,5})")
_SIZES: Final = (64, 2048)
_MOST_IMAGES: Final = 6
_LARGEST_SEED: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Message:
    """A job to be done; `attempt` counts how often it has been taken."""

    job_id: str
    user_id: str
    job_type: str
    attempt: int | None
    body: Mapping[str, Any]

    @property
    def is_video(self) -> bool:
        return "video" in self.job_type

    @property
    def reference_url(self) -> str | None:
        url = self._metadata.get("reference_image_url")
        return url if isinstance(url, str) and url else None

    @property
    def reference_mode(self) -> Any:
        return self._metadata.get("reference_mode")

    @property
    def _metadata(self) -> Mapping[str, Any]:
        return _table(self.body.get("metadata"))

    def to_task(self, reference: bytes | None) -> ImageTask:
        """Return the task; values out of range are clamped."""
        config = _table(self.body.get("config"))
        width, height = _read_size(config)
        return ImageTask(
            prompt=_text(self.body.get("prompt")),
            negative_prompt=_text(self.body.get("negative_prompt")),
            seed=self._seed(config.get("seed")),
            width=width,
            height=height,
            count=int(_number(config.get("num_images"), 1, 1, _MOST_IMAGES)),
            pipeline=self._pipeline(config, has_reference=reference is not None),
            steps=int(_number(config.get("num_inference_steps"), 20, 1, 100)),
            guidance=_number(config.get("guidance_scale"), 6.0, 0, 30),
            denoise=_number(config.get("denoise_strength"), 0.2 if reference else 1.0, 0, 1),
            reference=reference,
            frames=int(_number(config.get("num_frames"), DEFAULT_FRAMES, 8, 161)),
            model=_text(config.get("model")),
        )

    def _pipeline(self, config: Mapping[str, Any], *, has_reference: bool) -> Pipeline:
        if self.is_video:
            return Pipeline.VIDEO
        is_copy = self._metadata.get("exact_copy_mode") is True
        if is_copy and has_reference and not _text(self.body.get("prompt")).strip():
            return Pipeline.COPY
        wants = config.get("pipeline") == Pipeline.IMAGE_TO_IMAGE
        return Pipeline.IMAGE_TO_IMAGE if has_reference or wants else Pipeline.TEXT_TO_IMAGE

    def _seed(self, given: Any) -> int:
        """Return the given seed, else one of the job's own, the same in each attempt."""
        if isinstance(given, int | float) and math.isfinite(given) and 0 <= given <= _LARGEST_SEED:
            return int(given)
        return int.from_bytes(sha256(self.job_id.encode()).digest()[:4], "big") >> 1


def parse_message(text: str) -> Message:
    """Parse a queue message. Raises BadTaskError if it is no job."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise BadTaskError("The message is not JSON.") from exc
    if not isinstance(body, dict):
        raise BadTaskError("The message is not a JSON object.")
    table = cast("Mapping[str, Any]", body)
    try:
        job_id = str(UUID(str(table.get("job_id") or table.get("id"))))
        user_id = str(UUID(str(table.get("user_id"))))
    except ValueError as exc:
        raise BadTaskError("The message has no job_id or no user_id.") from exc
    job_type = table.get("job_type") or table.get("type")
    if not isinstance(job_type, str):
        raise BadTaskError("The message has no job_type.")
    attempt = table.get("attempt")
    return Message(job_id, user_id, job_type, attempt if isinstance(attempt, int) else None, table)


def _read_size(config: Mapping[str, Any]) -> tuple[int, int]:
    match = _RESOLUTION.fullmatch(str(config.get("resolution") or ""))
    if not match:
        return 1024, 1024
    low, high = _SIZES
    return min(max(int(match[1]), low), high), min(max(int(match[2]), low), high)


def _table(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value[:MAX_PROMPT] if isinstance(value, str) else ""


def _number(value: Any, default: float, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return default
    return min(max(float(value), low), high)
