"""Queue a media job for a worker: images or a video from a prompt, with or without a reference.

POST {job_type, prompt or original_prompt, quality?, model_type?, enhanced_prompt?,
negative_prompt?, num_images?, steps?, guidance_scale?, seed?, reference_image_url?,
reference_strength?, denoise_strength?, compel_enabled?, compel_weights?, project_id?,
priority? (-10 to 0), idempotency_key?, metadata?
{exact_copy_mode, reference_mode, originalEnhancedPrompt, aspect_ratio, user_requested_enhancement,
skip_enhancement, …, kept as they are}}, as a signed-in user. Header Idempotency-Key also.
job_type: sdxl_image_, video_, wan_video_ or rv51_, then fast or high.
200 {jobId, status, queueName, message, duplicate, seed, position?, etaSeconds?}: how many jobs come
first (at most 200), and the seconds until it is done by the last durations, null if none is known.
Numbers out of range are clamped.
400 INVALID_BODY, UNKNOWN_JOB_TYPE, UNKNOWN_MODEL, PROMPT_MISSING, PROMPT_TOO_LONG,
METADATA_TOO_LARGE, INVALID_REFERENCE, URL_NOT_ALLOWED, FETCH_FAILED, FILE_TOO_LARGE · 401 · 404
REFERENCE_NOT_FOUND, PROJECT_NOT_FOUND · 405 · 409 IDEMPOTENCY_CONFLICT, TOO_MANY_JOBS · 503
QUEUE_NOT_CONFIGURED, QUEUE_UNAVAILABLE: nothing was queued.
"""

from typing import Any, Final
from uuid import uuid4

from shared.context import Context
from shared.endpoint import Answer, endpoint
from shared.http.body import read_model
from shared.queue.env import queue_env

from .enhancement import enhance
from .job import render_job, render_payload
from .plan import plan_job
from .reference import find_reference
from .request import Request, read_request
from .store import enqueue

_MAX_BODY: Final = 1 << 20


@endpoint(auth="user", timeout=60)
async def main(ctx: Context) -> Answer:
    """Read, find the reference, plan, enhance, queue."""
    queue = queue_env()  # before anything is stored
    asked = read_request(await read_model(ctx.request, Request, _MAX_BODY), ctx.request.headers)
    job_id = str(uuid4())
    ctx.note(job_id=job_id, job_type=asked.job_type.name)
    reference = None
    if asked.reference_url:
        with ctx.stage("reference"):
            reference = await find_reference(ctx, asked.reference_url, job_id)
    plan = plan_job(asked, reference)
    if plan.needs_enhancement:
        with ctx.stage("enhance"):
            plan = await enhance(ctx, asked, plan)
    payload = render_payload(asked, plan, job_id, str(ctx.user_id))
    row = render_job(asked, plan, job_id, str(ctx.user_id))
    with ctx.stage("enqueue"):
        receipt = await enqueue(ctx, queue, row, payload)
    return _render(receipt, plan.seed)


def _render(receipt: dict[str, Any], seed: int) -> dict[str, Any]:
    is_duplicate: bool = receipt["duplicate"]
    return {
        "jobId": receipt["job_id"],
        "status": receipt["status"],
        "queueName": receipt["queue_name"],
        "message": "Job was queued before" if is_duplicate else "Job successfully queued",
        "duplicate": is_duplicate,
        **({} if is_duplicate else {"seed": seed}),
        **({"position": receipt["position"]} if "position" in receipt else {}),
        **({"etaSeconds": receipt["eta_seconds"]} if "eta_seconds" in receipt else {}),
    }
