"""What a back-end is asked for and what it returns, independent of any provider."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

MAX_PROMPT: Final = 20_000
DEFAULT_FRAMES: Final = 48
FRAMES_PER_SECOND: Final = 16


class Pipeline(StrEnum):
    """How a picture comes about."""

    TEXT_TO_IMAGE = "txt2img"
    IMAGE_TO_IMAGE = "img2img"
    COPY = "copy"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class ImageTask:
    """Pictures or a video to make. `reference` holds the bytes of an image."""

    prompt: str
    seed: int
    width: int = 1024
    height: int = 1024
    count: int = 1
    pipeline: Pipeline = Pipeline.TEXT_TO_IMAGE
    negative_prompt: str = ""
    steps: int = 20
    guidance: float = 6.0
    denoise: float = 1.0
    reference: bytes | None = field(default=None, repr=False)
    frames: int = DEFAULT_FRAMES
    model: str = ""


@dataclass(frozen=True, slots=True)
class ChatTask:
    """Messages to answer, each {role, content}; `enhances`: the last one is a prompt to rewrite."""

    messages: tuple[dict[str, str], ...]
    max_tokens: int = 512
    temperature: float = 0.7
    top_p: float = 0.9
    model: str = ""
    enhances: bool = False


Task = ImageTask | ChatTask


@dataclass(frozen=True, slots=True)
class File:
    """A finished picture or video, with its thumbnail as WEBP."""

    content: bytes = field(repr=False)
    media_type: str
    width: int
    height: int
    seed: int
    thumbnail: bytes | None = field(default=None, repr=False)
    duration: float | None = None
    frames: int | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A finished reply."""

    content: str
    tokens: int = 0
    finish: str = "stop"


@dataclass(frozen=True, slots=True)
class Result:
    """What a task has produced, and the model that produced it."""

    model: str
    files: tuple[File, ...] = ()
    text: Text | None = None
    details: dict[str, Any] = field(default_factory=dict[str, Any])


class Phase(StrEnum):
    """State of a submitted task."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Status:
    """Answer of `poll`: the phase and the share that is done, where it is known."""

    phase: Phase
    progress: float | None = None
    error: str = ""

    @property
    def is_over(self) -> bool:
        return self.phase in {Phase.DONE, Phase.FAILED, Phase.CANCELLED}


@dataclass(frozen=True, slots=True)
class Health:
    """Answer of `health`; `error` says what is wrong and what cures it."""

    is_healthy: bool
    error: str = ""
    models: tuple[str, ...] = ()
