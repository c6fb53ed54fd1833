"""What callers send: one request under the names that their versions use."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from shared.errors import BadInputError
from shared.media.job_types import JOB_TYPES, JobType, Quality

_MAX_PROMPT: Final = 10_000
_MAX_METADATA: Final = 32_768
_MAX_KEY: Final = 255
_MAX_SEED: Final = 2**31 - 1
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]+")
_MODELS: Final = ("sdxl", "wan", "rv51", "flux")
_HEADER: Final = "idempotency-key"

Number = int | float


def _either(*names: str) -> Any:
    return Field(default=None, validation_alias=AliasChoices(*names))


class Request(BaseModel):
    """The body. Unknown fields are ignored: versions of callers differ."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    job_type: str = Field(validation_alias=AliasChoices("job_type", "jobType"))
    prompt: str | None = None
    original_prompt: str | None = _either("original_prompt", "originalPrompt")
    enhanced_prompt: str | None = _either("enhanced_prompt", "enhancedPrompt")
    negative_prompt: str | None = _either("negative_prompt", "negativePrompt")
    quality: Quality | None = None
    model_type: str | None = _either("model_type", "modelType")
    reference_image_url: str | None = _either("reference_image_url", "referenceImageUrl")
    reference_strength: Number | None = _either("reference_strength", "referenceStrength")
    denoise_strength: Number | None = _either("denoise_strength", "denoising_strength")
    seed: int | None = None
    num_images: int | None = _either("num_images", "numImages")
    steps: int | None = _either("steps", "num_inference_steps")
    guidance_scale: Number | None = None
    compel_enabled: bool | None = None
    compel_weights: Any = None
    project_id: str | None = _either("project_id", "projectId")
    priority: int | None = None
    idempotency_key: str | None = _either("idempotency_key", "idempotencyKey")
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A request whose parts are known to be usable."""

    job_type: JobType
    quality: Quality
    model: str
    prompt: str
    body: Request
    metadata: Mapping[str, Any]
    reference_url: str
    idempotency_key: str | None
    project_id: str | None
    digest: str

    def number(self, name: str, *others: str, low: float, high: float) -> float | None:
        """Return a number of the body, else of the metadata, within its range."""
        given: Any = getattr(self.body, name)
        for key in (name, *others):
            given = self.metadata.get(key) if given is None else given
        if isinstance(given, bool) or not isinstance(given, int | float):
            if given is None:
                return None
            raise BadInputError(f"{name} must be a number.", code="INVALID_BODY")
        return min(max(given, low), high)

    def integer(self, name: str, low: int, high: int) -> int | None:
        """Return a whole number of the body, else of the metadata, within its range."""
        given = self.number(name, low=low, high=high)
        return None if given is None else round(given)

    @property
    def seed(self) -> int | None:
        """The seed; a negative one means: any."""
        seed = self.integer("seed", -1, _MAX_SEED)
        return None if seed is None or seed < 0 else seed

    def text(self, name: str) -> str:
        """Return a text of the metadata, empty if it is none."""
        given = self.metadata.get(name)
        return clean(given) if isinstance(given, str) else ""

    def flag(self, name: str) -> bool:
        return self.metadata.get(name) is True


def read_request(body: Request, headers: Mapping[str, str]) -> JobRequest:
    """Check the body. Raises BadInputError."""
    job_type = JOB_TYPES.get(body.job_type)
    if job_type is None:
        raise BadInputError(
            f"Invalid job_type: use one of {', '.join(JOB_TYPES)}.", code="UNKNOWN_JOB_TYPE"
        )
    if body.model_type and body.model_type not in _MODELS:
        raise BadInputError(
            f"Unknown model_type: use one of {', '.join(_MODELS)}.", code="UNKNOWN_MODEL"
        )
    metadata = body.metadata or {}
    if len(json.dumps(metadata)) > _MAX_METADATA:
        raise BadInputError("metadata is larger than 32 kB.", code="METADATA_TOO_LARGE")
    prompt = clean(body.prompt or "") or clean(body.original_prompt or "")
    for text in (body.prompt, body.original_prompt, body.enhanced_prompt, body.negative_prompt):
        _check_length(text)
    _check_length(metadata.get("originalEnhancedPrompt"))
    return JobRequest(
        job_type=job_type,
        quality=body.quality or job_type.quality,
        model=body.model_type or job_type.model,
        prompt=prompt,
        body=body,
        metadata=metadata,
        reference_url=_read_reference(body, metadata),
        idempotency_key=_read_key(body.idempotency_key or headers.get(_HEADER)),
        project_id=_read_id(body.project_id),
        digest=hashlib.sha256(body.model_dump_json().encode()).hexdigest(),
    )


def clean(text: str) -> str:
    """Replace control characters, which no model reads and which reorder text where it is shown."""
    return _CONTROL.sub(" ", text).strip()


def _check_length(text: object) -> None:
    if isinstance(text, str) and len(text) > _MAX_PROMPT:
        raise BadInputError(
            f"A prompt has at most {_MAX_PROMPT:,} characters, not {len(text):,}.",
            code="PROMPT_TOO_LONG",
        )


def _read_reference(body: Request, metadata: Mapping[str, Any]) -> str:
    given: Any = metadata.get("reference_image_url") or body.reference_image_url or ""
    if not isinstance(given, str) or len(given) > 2000:
        raise BadInputError(
            "reference_image_url must be a URL or a path in Storage.", code="INVALID_REFERENCE"
        )
    return given.strip()


def _read_key(given: str | None) -> str | None:
    if given is None or given == "":
        return None
    if len(given) > _MAX_KEY or not given.isprintable():
        raise BadInputError("The idempotency key has at most 255 printable characters.")
    return given


def _read_id(given: str | None) -> str | None:
    try:
        return str(UUID(given)) if given else None
    except ValueError:
        raise BadInputError("project_id must be a uuid.", code="INVALID_BODY") from None
