"""The body of enhance-prompt, under the names that its callers use."""

import re
from typing import Any, Final, Literal

from pydantic import AliasChoices, ConfigDict, Field, field_validator

from shared.http.body import Input
from shared.prompts.content import ContentMode, detect_content_mode
from shared.prompts.template import TemplateKey
from shared.prompts.tokens import count_tokens

MAX_PROMPT: Final = 10_000
_JOB_TYPES: Final = re.compile(
    r"(image|video|sdxl|wan|rv51|flux)(_image|_video|7b)?(_fast|_high)?(_enhanced)?|image7b.*|video7b.*"
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

Enhancer = Literal["qwen_instruct", "qwen_base", "none"]


class EnhanceInput(Input):
    """What to enhance, for what, and by what; other fields are not looked at."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    prompt: str = Field(
        default="",
        max_length=MAX_PROMPT,
        validation_alias=AliasChoices("prompt", "original_prompt", "originalPrompt"),
    )
    job_type: str | None = Field(
        default=None, validation_alias=AliasChoices("jobType", "job_type"), max_length=60
    )
    format: str | None = Field(default=None, max_length=20)
    quality: Literal["fast", "high"] | None = None
    enhancer: Enhancer = Field(
        default="qwen_instruct",
        validation_alias=AliasChoices(
            "selectedModel", "enhancement_model", "enhancementModel", "selected_model"
        ),
    )
    content_type: ContentMode | None = Field(
        default=None, validation_alias=AliasChoices("contentType", "content_type", "content_mode")
    )
    presets: list[str] = Field(
        default_factory=list[str],
        validation_alias=AliasChoices("selectedPresets", "selected_presets"),
        max_length=50,
    )
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])

    @field_validator("prompt")
    @classmethod
    def _clean(cls, prompt: str) -> str:
        """Replace control characters and marks that reverse the direction of text."""
        return _CONTROL.sub(" ", prompt).strip()

    @field_validator("job_type")
    @classmethod
    def _known(cls, job_type: str | None) -> str | None:
        if job_type and not _JOB_TYPES.fullmatch(job_type):
            raise ValueError(
                "Unknown job type; use sdxl_image_fast, sdxl_image_high, rv51_fast, rv51_high, "
                "wan_video_fast, wan_video_high, video_fast, video_high"
            )
        return job_type or None

    @property
    def is_video(self) -> bool:
        kind = self.job_type or self.format or ""
        return "video" in kind or "wan" in kind or kind in {"mp4", "webm"}

    @property
    def target_model(self) -> str:
        return "wan" if self.is_video else "sdxl"

    @property
    def content_mode(self) -> ContentMode:
        """The caller's word, or what the prompt's words say."""
        return self.content_type or detect_content_mode(self.prompt)

    @property
    def is_modification(self) -> bool:
        return self.metadata.get("reference_mode") == "modify"

    @property
    def base_prompt(self) -> str:
        """The prompt of the reference image, if the caller knows it."""
        return _text(self.metadata.get("originalEnhancedPrompt"))

    @property
    def is_exact_copy(self) -> bool:
        return self.metadata.get("exact_copy_mode") is True and not self.prompt

    def key(self) -> TemplateKey:
        """Return the five parts by which the template is found."""
        job_type = "video" if self.is_video else "image"
        return TemplateKey(
            self.target_model, self.enhancer, job_type, "enhancement", self.content_mode
        )

    def reserved_tokens(self) -> int:
        """Count the tokens of what the caller will add to the prompt: presets and camera."""
        chosen = [_text(self.metadata.get(name)) for name in ("shot_type", "camera_angle", "style")]
        return count_tokens(", ".join(filter(None, [*self.presets, *chosen])))


def _text(value: object) -> str:
    return value[:MAX_PROMPT].strip() if isinstance(value, str) else ""
