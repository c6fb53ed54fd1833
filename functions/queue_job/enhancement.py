"""Asks enhance-prompt for a better prompt. A job is queued without it if that fails."""

import time
from dataclasses import replace
from typing import Any, Final

from pydantic_core import from_json

from shared.context import Context
from shared.database.clients import http_pool

from .plan import Plan
from .request import JobRequest

_FUNCTION: Final = "enhance-prompt"
_SECONDS: Final = 30.0


async def enhance(ctx: Context, asked: JobRequest, plan: Plan) -> Plan:
    """Return the plan with the enhanced prompt, or with the reason why it has none."""
    import httpx

    started = time.perf_counter()
    body = {
        "prompt": asked.prompt,
        "jobType": asked.job_type.name,
        "format": asked.job_type.format,
        "quality": asked.quality,
        "selectedModel": asked.text("enhancement_model") or "qwen_instruct",
        "contentType": content_type(asked),
        "metadata": {
            "reference_mode": "modify" if plan.mode == "modify" else None,
            "originalEnhancedPrompt": plan.base or None,
        },
    }
    url = ctx.env.supabase.function_url(_FUNCTION)
    key = ctx.env.supabase.publishable_key
    headers = {"apikey": key, "authorization": f"Bearer {ctx.principal.token}"}
    try:
        response = await http_pool(url).post(url, json=body, headers=headers, timeout=_SECONDS)
        answer: Any = from_json(response.content)
        prompt: Any = answer["enhanced_prompt"] if response.is_success else None
    except (httpx.TransportError, ValueError, KeyError, TypeError):
        return _without(plan, "error", ctx)
    if not isinstance(prompt, str) or not prompt.strip():
        return _without(plan, "failed", ctx)
    metadata: Any = answer.get("enhancement_metadata") or {}
    if plan.mode == "modify" and plan.base and plan.base not in prompt:
        prompt = f"{plan.base}, {prompt}"
    return replace(
        plan,
        prompt=prompt.strip(),
        template=str(metadata.get("template_name") or "enhanced"),
        strategy=str(answer.get("enhancement_strategy") or "enhanced")[:50],
        enhancement_ms=round((time.perf_counter() - started) * 1000),
    )


def content_type(asked: JobRequest) -> str:
    return "nsfw" if asked.metadata.get("contentType") == "nsfw" else "sfw"


def _without(plan: Plan, reason: str, ctx: Context) -> Plan:
    ctx.note(enhancement=reason)
    if plan.template == "manual_compose_fallback":
        is_error = reason == "error"
        return replace(plan, template="manual_compose_error") if is_error else plan
    return replace(plan, template=f"enhancement_{reason}", strategy="original")
