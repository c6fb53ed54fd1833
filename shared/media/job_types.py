"""The types of media jobs that can be queued: their format, quality, model and queue."""

from dataclasses import dataclass
from typing import Final, Literal

Format = Literal["image", "video"]
Quality = Literal["fast", "high"]
Model = Literal["sdxl", "wan", "rv51"]

SDXL_QUEUE: Final = "sdxl_queue"
WAN_QUEUE: Final = "wan_queue"


@dataclass(frozen=True, slots=True)
class JobType:
    """`wire_name` is the `type` that workers know it by."""

    name: str
    format: Format
    quality: Quality
    model: Model
    queue: str

    @property
    def wire_name(self) -> str:
        return self.name.replace("wan_video_", "video_")


def _job_type(name: str) -> JobType:
    is_image = name.startswith("rv51") or "image" in name
    model: Model = "rv51" if name.startswith("rv51") else "sdxl" if is_image else "wan"
    return JobType(
        name,
        format="image" if is_image else "video",
        quality="high" if name.endswith("_high") else "fast",
        model=model,
        queue=SDXL_QUEUE if is_image else WAN_QUEUE,
    )


JOB_TYPES: Final = {
    name: _job_type(name)
    for name in (
        "sdxl_image_fast",
        "sdxl_image_high",
        "video_fast",
        "video_high",
        "wan_video_fast",
        "wan_video_high",
        "rv51_fast",
        "rv51_high",
    )
}
