"""What a prediction means for its job: the report, with the stored outputs, and the cost."""

import asyncio
from typing import Any, Final

from pydantic import ConfigDict, Field

from shared.context import Context
from shared.http.body import Input

from .cost import compute_credits
from .outputs import OutputError, download, list_urls, store

_LEASE_SECONDS: Final = 3_600
_AT_ONCE: Final = 4


class Prediction(Input):
    """What is read of a prediction."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1, max_length=200)
    status: str = Field(max_length=50)
    output: Any = None
    error: Any = None
    metrics: dict[str, Any] | None = None
    input: dict[str, Any] | None = None


async def judge(
    ctx: Context, job: dict[str, Any], prediction: Prediction
) -> tuple[dict[str, Any], float | None]:
    """Return the report for the job, and the credits that the prediction cost, None before."""
    match prediction.status:
        case "succeeded":
            report = await _collect(ctx, job, prediction)
            count = len(report.get("assets", [])) or 1
            return report, await compute_credits(ctx, job, prediction.metrics or {}, count)
        case "failed":
            error = str(prediction.error or "The prediction failed.")[:2000]
            return {"status": "failed", "error": error, "retryable": False}, 0
        case "canceled" | "aborted":
            return {"status": "failed", "error": "canceled", "retryable": False}, 0
        case _:  # starting, processing, and what may be added
            return {"status": "processing", "lease_seconds": _LEASE_SECONDS}, None


async def _collect(ctx: Context, job: dict[str, Any], prediction: Prediction) -> dict[str, Any]:
    """Store the outputs and return the report with the assets, or of the failure."""
    if job["status"] not in ("queued", "processing"):
        return {"status": "completed", "assets": []}  # it stays as it is
    try:
        urls = list_urls(prediction.output)
        gate = asyncio.Semaphore(_AT_ONCE)
        folder = f"{job['user_id']}/{job['id']}"

        async def keep(index: int, url: str) -> dict[str, Any]:
            async with gate:
                return await store(
                    ctx.env.supabase, folder, index, await download(ctx.env.supabase, url)
                )

        with ctx.stage("outputs"):
            assets = await asyncio.gather(*(keep(index, url) for index, url in enumerate(urls)))
    except OutputError as exc:
        return {"status": "failed", "error": str(exc), "retryable": False}
    return {
        "status": "completed",
        "assets": [_complete(asset, job, prediction) for asset in assets],
    }


def _complete(asset: dict[str, Any], job: dict[str, Any], prediction: Prediction) -> dict[str, Any]:
    given = prediction.input or {}
    seed = given.get("seed")
    metadata: dict[str, Any] = job["metadata"]
    settings = {name: given[name] for name in given if name != "prompt"}
    return {
        **asset,
        "seed": seed if isinstance(seed, int) and not isinstance(seed, bool) else 0,
        "model_used": str(metadata.get("model_key") or job["model_type"] or "replicate")[:200],
        "settings": {**settings, "provider": "replicate", "prediction_id": prediction.id},
    }
