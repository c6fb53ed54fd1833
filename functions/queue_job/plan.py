"""Decides how a job is drawn: exact copy, modification of a reference, or from text alone."""

import secrets
from dataclasses import dataclass
from typing import Final, Literal

from shared.errors import BadInputError

from .request import JobRequest, clean

Mode = Literal["exact_copy", "modify", "text"]
_COUNTS: Final = (1, 3, 6)
_RESOLUTIONS: Final = {
    "1:1": "1024x1024",
    "16:9": "1024x576",
    "9:16": "576x1024",
    "3:2": "1152x768",
    "2:3": "768x1152",
}
_MOST_SEED: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """`base` is the reference's own prompt, that a modification starts from."""

    mode: Mode
    prompt: str
    base: str
    template: str
    strategy: str
    needs_enhancement: bool
    denoise: float | None
    reference_strength: float | None
    guidance: float
    steps: int
    negative_prompt: str | None
    image_count: int
    resolution: str
    seed: int
    reference_url: str | None
    enhancement_ms: int | None = None

    @property
    def is_exact_copy(self) -> bool:
        return self.mode == "exact_copy"


def plan_job(asked: JobRequest, reference_url: str | None) -> Plan:
    """Raise BadInputError if there is nothing to draw from."""
    base = asked.text("originalEnhancedPrompt")
    mode = _choose_mode(asked, reference_url, base)
    prompt, template, strategy = _choose_prompt(asked, mode, base)
    reference_strength = asked.number("reference_strength", low=0, high=1)
    denoise = asked.number("denoise_strength", "denoising_strength", low=0, high=1)
    if denoise is None and reference_strength is not None:
        denoise = round(1 - reference_strength, 6)
    default_denoise, default_guidance, default_steps = _defaults(asked, mode)
    guidance = asked.number("guidance_scale", low=1, high=20)
    return Plan(
        mode=mode,
        prompt=prompt,
        base=base,
        template=template,
        strategy=strategy,
        needs_enhancement=_needs_enhancement(asked, mode),
        denoise=denoise if denoise is not None else default_denoise,
        reference_strength=reference_strength,
        guidance=1.0 if mode == "exact_copy" else guidance or default_guidance,
        steps=asked.integer("steps", 1, 100) or default_steps,
        negative_prompt=_negative_prompt(asked, mode),
        image_count=_count(asked),
        resolution=_RESOLUTIONS.get(asked.text("aspect_ratio"), _RESOLUTIONS["1:1"]),
        seed=asked.seed if asked.seed is not None else secrets.randbelow(_MOST_SEED),
        reference_url=reference_url,
    )


def _choose_mode(asked: JobRequest, reference_url: str | None, base: str) -> Mode:
    if reference_url is None:
        return "text"
    is_copy = asked.flag("exact_copy_mode") and not base and not asked.prompt
    return "exact_copy" if is_copy else "modify"


def _choose_prompt(asked: JobRequest, mode: Mode, base: str) -> tuple[str, str, str]:
    """Return the prompt before any enhancement, the template's name and the strategy."""
    enhanced = clean(asked.body.enhanced_prompt or "")
    if mode == "exact_copy":
        return "", "exact_copy_skip_enhance", "exact_copy"
    if mode == "modify" and not enhanced:
        if asked.prompt and base:
            return f"{base}, {asked.prompt}", "manual_compose_fallback", "manual_compose"
        if base:
            return base, "original_from_metadata", "original"
    found = enhanced or asked.prompt
    if not found:
        raise BadInputError("Send a prompt, or a reference image to copy.", code="PROMPT_MISSING")
    return (found, "given", "given") if enhanced else (found, "original_prompt", "original")


def _needs_enhancement(asked: JobRequest, mode: Mode) -> bool:
    is_off = asked.flag("skip_enhancement") or asked.metadata.get("enhancement_model") == "none"
    if is_off or not asked.prompt or asked.body.enhanced_prompt or mode == "exact_copy":
        return False
    return mode == "modify" or asked.flag("user_requested_enhancement")


def _defaults(asked: JobRequest, mode: Mode) -> tuple[float | None, float, int]:
    """Return denoise strength, guidance scale and steps."""
    if mode == "exact_copy":
        return 0.05, 1.0, 15
    if mode == "modify":
        return 0.2, 6.0, 20
    return None, 7.5, 25 if asked.quality == "high" else 15


def _negative_prompt(asked: JobRequest, mode: Mode) -> str | None:
    if mode == "exact_copy":
        return None
    return clean(asked.body.negative_prompt or "") or None


def _count(asked: JobRequest) -> int:
    """Round the number of images up to 1, 3 or 6; a video is one."""
    asked_for = asked.integer("num_images", 1, _COUNTS[-1]) or 1
    if asked.job_type.format == "video":
        return 1
    return next(count for count in _COUNTS if count >= asked_for)
