"""Return what a picture of a model should not show.

POST {modelType? sdxl | wan | rv51 | flux, contentMode? sfw | nsfw, userNegativePrompt?}, all
optional, also without a body: 200 {baseNegativePrompt, negativePrompt, modelType, contentMode};
negativePrompt is the user's own followed by the base. 400 INVALID_BODY · 404 MODEL_UNKNOWN.
"""

from typing import Any

from pydantic import AliasChoices, ConfigDict, Field

from shared.context import Context
from shared.endpoint import endpoint
from shared.errors import NotFoundError
from shared.http.body import Input, read_optional_model
from shared.monitoring.monitor import monitored
from shared.prompts.content import ContentMode
from shared.prompts.store import get_templates

_MAX_BODY = 1 << 20


class NegativePromptInput(Input):
    """For which model, and whether for adults."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    model_type: str = Field(
        default="sdxl",
        min_length=1,
        max_length=60,
        validation_alias=AliasChoices("modelType", "model_type"),
    )
    content_mode: ContentMode = Field(
        default="sfw", validation_alias=AliasChoices("contentMode", "content_mode", "contentType")
    )
    user_negative: str = Field(
        default="",
        max_length=10_000,
        validation_alias=AliasChoices("userNegativePrompt", "negative_prompt"),
    )


@endpoint(auth=("user", "secret"))
async def main(ctx: Context) -> dict[str, Any]:
    """Look the model up in the cached prompts."""
    with monitored(ctx) as record:
        body = await read_optional_model(ctx.request, NegativePromptInput, _MAX_BODY)
        cached = await get_templates(ctx)
        record.cache_hit = cached.is_hit
        known = cached.snapshot.negatives
        if body.model_type not in known:
            raise NotFoundError(
                f"No negative prompts for this model; there are some for {', '.join(known)}.",
                code="MODEL_UNKNOWN",
                metadata={"models": list(known)},
            )
        # What is safe for work is avoided for adults too, unless they have a list of their own.
        base = cached.snapshot.negative_prompt(body.model_type, body.content_mode) or (
            cached.snapshot.negative_prompt(body.model_type, "sfw")
        )
        return {
            "baseNegativePrompt": base,
            "negativePrompt": ", ".join(filter(None, (body.user_negative.strip(), base))),
            "modelType": body.model_type,
            "contentMode": body.content_mode,
        }
