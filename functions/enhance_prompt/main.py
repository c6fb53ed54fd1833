"""Enhance a prompt for an image or video model, by a template of the database.

POST {prompt, jobType?, format?, quality?, selectedModel? qwen_instruct | qwen_base | none,
contentType? sfw | nsfw, selectedPresets?, metadata?}; original_prompt, job_type and
enhancement_model are read too. 200 {success, original_prompt, enhanced_prompt,
enhancement_strategy, enhancement_metadata {template_name, model_used, token_count,
compression_applied, fallback_level, cache_hit, execution_time_ms, …}}. A healthy chat worker
writes it, else the model of OPENAI_API_KEY, else rules (model_used local-extractive).
400 INVALID_BODY, PROMPT_MISSING.
"""

from typing import Any

from shared.context import Context
from shared.endpoint import endpoint
from shared.errors import BadInputError
from shared.monitoring.monitor import monitored
from shared.prompts.rules import modify_prompt
from shared.prompts.tokens import TOKEN_LIMITS, count_tokens

from .enhancement import Enhancement, enhance, keep
from .request import EnhanceInput


@endpoint(auth=("user", "secret"), body=EnhanceInput)
async def main(ctx: Context, body: EnhanceInput) -> dict[str, Any]:
    """Choose, ask, shorten, answer."""
    with monitored(ctx) as record:
        enhancement = _without_model(body) or await enhance(ctx, body, record)
        record.fallback_level = enhancement.level
        return _render(ctx, body, enhancement)


def _without_model(body: EnhanceInput) -> Enhancement | None:
    """Return what needs no model: an exact copy, or the change of a reference image."""
    limit = TOKEN_LIMITS[body.target_model]
    if body.is_exact_copy:
        return keep(body.base_prompt, "exact_copy", "exact_copy_skip_enhance", limit)
    if body.is_modification and body.prompt:
        text = modify_prompt(body.prompt)
        return keep(text, "reference_modify_with_prompt", "modify_flow", limit)
    if body.is_modification and body.base_prompt:
        return keep(body.base_prompt, "reference_modify_base_only", "modify_flow", limit)
    if not body.prompt:
        raise BadInputError("The prompt is empty: say what to draw.", code="PROMPT_MISSING")
    return None


def _render(ctx: Context, body: EnhanceInput, enhancement: Enhancement) -> dict[str, Any]:
    before, after = len(body.prompt), len(enhancement.text)
    expansion = (after - before) / before * 100 if before else 0.0
    metadata = {
        "original_length": before,
        "enhanced_length": after,
        "expansion_percentage": f"{expansion:.1f}",
        "job_type": body.job_type,
        "format": body.format,
        "quality": body.quality,
        "content_mode": body.content_mode,
        "target_model": body.target_model,
        "template_name": enhancement.template_name,
        "model_used": enhancement.model,
        "token_count": count_tokens(enhancement.text),
        "compression_applied": enhancement.is_cut,
        "fallback_level": enhancement.level,
        "cache_hit": enhancement.is_hit,
        "cache_source": enhancement.source,
        "execution_time_ms": ctx.log.elapsed_ms,
    }
    return {
        "success": True,
        "original_prompt": body.prompt,
        "enhanced_prompt": enhancement.text,
        "enhancement_strategy": enhancement.strategy,
        "enhancement_metadata": metadata,
    }
