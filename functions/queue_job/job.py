"""A planned job as a row of the table and as the message to the worker."""

from typing import Any

from .enhancement import content_type
from .plan import Plan
from .request import JobRequest, clean


def render_job(asked: JobRequest, plan: Plan, job_id: str, user_id: str) -> dict[str, Any]:
    """Render the columns that enqueue_media_jobs_v1 takes."""
    return {
        "id": job_id,
        "user_id": user_id,
        "job_type": asked.job_type.name,
        "format": asked.job_type.format,
        "quality": asked.quality,
        "model_type": asked.model,
        "destination": "workspace",
        "original_prompt": clean(asked.body.original_prompt or "") or asked.prompt,
        "enhanced_prompt": plan.prompt if plan.enhancement_ms is not None else _given(asked),
        "template_name": plan.template,
        "enhancement_strategy": plan.strategy,
        "enhancement_time_ms": plan.enhancement_ms,
        "metadata": {**asked.metadata, **_metadata(plan), "seed": plan.seed},
        "project_id": asked.project_id,
        "idempotency_key": asked.idempotency_key,
        "request_digest": asked.digest,
        "priority": asked.integer("priority", -10, 0) or 0,
        "queue_name": asked.job_type.queue,
    }


def render_payload(asked: JobRequest, plan: Plan, job_id: str, user_id: str) -> dict[str, Any]:
    """Render the message to the worker."""
    is_video = asked.job_type.format == "video"
    pipeline = "video" if is_video else "img2img" if plan.reference_url else "txt2img"
    return {
        "id": job_id,
        "type": asked.job_type.wire_name,
        "prompt": plan.prompt,
        "user_id": user_id,
        "config": {
            "pipeline": pipeline,
            "num_images": plan.image_count,
            "num_inference_steps": plan.steps,
            "guidance_scale": plan.guidance,
            "denoise_strength": plan.denoise,
            "resolution": plan.resolution,
            "seed": plan.seed,
        },
        "metadata": {
            **asked.metadata,
            **_metadata(plan),
            "originalEnhancedPrompt": plan.base or None,
            "originalSeed": asked.metadata.get("originalSeed"),
            "reference_type": asked.text("reference_type") or "style",
            "nsfw_optimization": content_type(asked) == "nsfw",
        },
        "negative_prompt": plan.negative_prompt,
        "compel_enabled": asked.body.compel_enabled is True,
        "compel_weights": asked.body.compel_weights,
        "job_id": job_id,
        "job_type": asked.job_type.name,
        "model_type": asked.model,
        "quality": asked.quality,
        "format": asked.job_type.format,
        "content_type": content_type(asked),
    }


def _metadata(plan: Plan) -> dict[str, Any]:
    mode = {"exact_copy": "copy", "modify": "modify", "text": None}[plan.mode]
    return {
        "denoise_strength": plan.denoise,
        "reference_strength": plan.reference_strength,
        "exact_copy_mode": plan.is_exact_copy,
        "reference_mode": mode,
        "reference_image_url": plan.reference_url,
    }


def _given(asked: JobRequest) -> str | None:
    return clean(asked.body.enhanced_prompt or "") or None
