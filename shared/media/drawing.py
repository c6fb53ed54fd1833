"""Has an image drawn as a user: queued by queue-job, drawn by a worker, awaited here."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from shared.context import Context
from shared.database.clients import http_pool
from shared.errors import (
    BadInputError,
    ForbiddenError,
    UnavailableError,
    UpstreamError,
    UpstreamTimeoutError,
)
from shared.http.deadline import seconds_left
from shared.media.workspace import Asset, fetch_assets

_FUNCTION: Final = "queue-job"
_POLL_SECONDS: Final = 0.25
_POLL_MOST: Final = 2.0
_TIME_TO_ANSWER: Final = 5.0


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished image in the user's workspace, and how long it took."""

    job_id: str
    asset: Asset
    model: str | None
    seconds: float


async def draw(
    ctx: Context, prompt: str, metadata: Mapping[str, Any], *, seconds: float, **job: Any
) -> Drawing:
    """Draw one image and wait for it; a job that takes longer goes on in the queue.

    Raises BadInputError for what queue-job refuses, UnavailableError if it cannot queue,
    UpstreamError DRAWING_FAILED and UpstreamTimeoutError DRAWING_SLOW with the job's id.
    """
    if ctx.user_id is None or ctx.principal.token is None:
        raise ForbiddenError("An image is drawn for a signed-in user.", code="USER_REQUIRED")
    began = time.monotonic()
    body = {
        "job_type": "sdxl_image_high",
        "prompt": prompt,
        "num_images": 1,
        "metadata": {**metadata, "destination": "workspace"},
        **job,
    }
    job_id = await _queue(ctx, body)
    row = await _await_end(ctx, job_id, seconds)
    if row["status"] != "completed":
        raise UpstreamError(
            f"The image was not drawn: {row['error_message'] or row['status']}"[:500],
            code="DRAWING_FAILED",
            metadata={"jobId": job_id},
        )
    assets = await fetch_assets(ctx, ctx.user_id, job_id=job_id)
    if not assets:
        raise UpstreamError(
            "The image was deleted before it could be used.",
            code="DRAWING_FAILED",
            metadata={"jobId": job_id},
        )
    elapsed = round(time.monotonic() - began, 3)
    return Drawing(job_id, assets[0], row["model_type"], elapsed)


async def _queue(ctx: Context, body: Mapping[str, Any]) -> str:
    import httpx

    env = ctx.env.supabase
    url = env.function_url(_FUNCTION)
    headers = {
        "apikey": env.publishable_key,
        "authorization": f"Bearer {ctx.principal.token}",
        "x-request-id": ctx.request_id,
    }
    try:
        response = await http_pool(url).post(url, json=dict(body), headers=headers)
        answer: Any = response.json()
    except (httpx.TransportError, ValueError) as exc:
        raise UnavailableError("The job cannot be queued now.", code="QUEUE_UNAVAILABLE") from exc
    if response.is_success:
        return str(answer["jobId"])
    named = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
    message = str(named.get("message") or "")[:300]
    if 400 <= response.status_code < 500:
        raise BadInputError(f"The job was refused: {message}", code="JOB_REFUSED")
    raise UnavailableError(f"The job cannot be queued: {message}", code="QUEUE_UNAVAILABLE")


async def _await_end(ctx: Context, job_id: str, seconds: float) -> dict[str, Any]:
    """Poll the job, ever more slowly, until it has ended."""
    ends_at = time.monotonic() + min(seconds, max(seconds_left() - _TIME_TO_ANSWER, 0))
    pause = _POLL_SECONDS
    columns = "status, error_message, model_type"
    while True:
        query = ctx.admin.table("jobs").select(columns).eq("id", job_id)
        rows = cast("list[dict[str, Any]]", (await query.execute()).data)
        if rows and rows[0]["status"] in {"completed", "failed", "cancelled"}:
            return rows[0]
        if time.monotonic() >= ends_at:
            raise UpstreamTimeoutError(
                f"No worker has drawn the image within {seconds:g} s; the job goes on.",
                code="DRAWING_SLOW",
                metadata={"jobId": job_id},
            )
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, _POLL_MOST)
