"""What a prediction costs, by its model's pricing: {per_image, per_second, per_prediction}."""

import math
from collections.abc import Mapping
from typing import Any, cast

from shared.context import Context


async def compute_credits(
    ctx: Context, job: Mapping[str, Any], metrics: Mapping[str, Any], outputs: int
) -> float:
    """Return the credits; 0 for a model without a price."""
    if not job["api_model_id"]:
        query = ctx.admin.table("api_models").select("pricing").eq("is_default", value=True)
        query = query.eq("modality", "image")
    else:
        query = ctx.admin.table("api_models").select("pricing").eq("id", job["api_model_id"])
    rows = cast("list[dict[str, Any]]", (await query.limit(1).execute()).data)
    pricing: dict[str, Any] = rows[0]["pricing"] if rows else {}
    seconds = _number(metrics.get("predict_time"))
    return round(
        _number(pricing.get("per_prediction"))
        + _number(pricing.get("per_image")) * outputs
        + _number(pricing.get("per_second")) * seconds,
        6,
    )


def _number(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) and value >= 0 else 0.0
