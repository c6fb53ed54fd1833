"""Draw an image for administrators, through the whole system: queue, worker, Storage.

POST {prompt, mode?, metadata?, quality? fast | high, seconds? (90)}: 200 {success, image {id, url,
thumbnail_url, prompt, mode, timestamp, metadata {jobId, model, seconds, …}}}; the image is in the
public bucket system_assets.
400 INVALID_BODY, JOB_REFUSED · 403 ADMIN_REQUIRED, USER_REQUIRED · 502 DRAWING_FAILED · 503
QUEUE_UNAVAILABLE · 504 DRAWING_SLOW, with metadata.jobId of the job that goes on.
"""

import time
from datetime import UTC, datetime
from typing import Any, Final, Literal

from pydantic import ConfigDict, Field

from shared.auth.roles import require_admin
from shared.context import Context
from shared.endpoint import endpoint
from shared.http.body import Input
from shared.media.drawing import Drawing, draw
from shared.media.files import WORKSPACE, File, Files
from shared.media.workspace import delete_assets
from shared.monitoring.monitor import monitored

_BUCKET: Final = "system_assets"


class ImageInput(Input):
    """What to draw, and what for."""

    model_config = ConfigDict(extra="ignore")

    prompt: str = Field(min_length=1, max_length=10_000, pattern=r"\S")
    mode: str = Field(default="test", max_length=60)
    quality: Literal["fast", "high"] = "fast"
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])
    seconds: int = Field(default=90, ge=1, le=130)


@endpoint(auth=("user", "secret"), body=ImageInput)
async def main(ctx: Context, body: ImageInput) -> dict[str, Any]:
    """Check, draw, publish, answer."""
    with monitored(ctx):
        await require_admin(ctx)
        with ctx.stage("draw"):
            drawing = await draw(
                ctx,
                body.prompt,
                {**body.metadata, "source": "generate-admin-image", "mode": body.mode},
                seconds=body.seconds,
                job_type=f"sdxl_image_{body.quality}",
            )
        with ctx.stage("publish"):
            url, thumbnail_url = await _publish(ctx, drawing)
        image = {
            "id": f"admin-{int(time.time() * 1000)}",
            "url": url,
            "thumbnail_url": thumbnail_url,
            "prompt": body.prompt,
            "mode": body.mode,
            "timestamp": datetime.now(UTC).isoformat(),
            "metadata": {
                **body.metadata,
                "jobId": drawing.job_id,
                "model": drawing.model,
                "seconds": drawing.seconds,
            },
        }
        return {"success": True, "image": image}


async def _publish(ctx: Context, drawing: Drawing) -> tuple[str, str]:
    """Move the image into the public bucket; its own URL stands for a missing thumbnail."""
    files = Files(ctx.env.supabase)
    asset = drawing.asset
    target = File(_BUCKET, f"admin/{drawing.job_id}.{asset.suffix}")
    await files.copy(File(WORKSPACE, asset.path), target)
    thumbnail = File(_BUCKET, f"admin/{drawing.job_id}.thumb.webp")
    copied = await files.copy_if_there(File(WORKSPACE, asset.thumbnail), thumbnail)
    await delete_assets(ctx, [asset])
    url = files.public_url(target)
    return url, files.public_url(thumbnail) if copied else url
