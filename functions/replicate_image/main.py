"""Draw a picture with a model of Replicate; also what no worker of our own takes.

POST by a user: {prompt, apiModelId, jobType | job_type, quality?, input? {steps, guidance_scale,
width, height, seed, scheduler, num_outputs, negative_prompt}, metadata?}: 200 {jobId,
predictionId, status: queued}; the webhook ends the job. {predictionId}: 200 the provider's
prediction object; one that has ended also ends its job, should the webhook have been lost.
POST {action: maintain} with the secret key, each half minute by its schedule: poll and fallback.
{action: poll}: predictions whose webhook did not come are read, 30 s after their start and then
after growing pauses; those that are over end their jobs: 200 {polled, ended}.
{action: fallback}: picture jobs that wait for a minute while no worker is healthy are drawn by the
default model: 200 {claimed, started}.
400 PROMPT_MISSING, MODEL_NOT_FOUND, WRONG_PROVIDER, MODEL_VERSION_INVALID, JOB_TYPE_UNKNOWN · 404
PREDICTION_NOT_FOUND · 502 PREDICTION_CREATE_ERROR, MODEL_VERSION_NOT_FOUND · 503
PROVIDER_NOT_CONFIGURED, PROVIDER_UNAVAILABLE · 504 PREDICTION_UNKNOWN.
"""

from typing import Any, Final, cast
from uuid import UUID

from shared.context import Context
from shared.endpoint import endpoint
from shared.errors import BadInputError, ForbiddenError, NotFoundError
from shared.http.body import read_model
from shared.replicate.client import read_prediction
from shared.replicate.env import ReplicateEnv, replicate_env
from shared.replicate.process import process_prediction

from .fallback import fall_back
from .inputs import map_inputs
from .models import find_model
from .poll import OVER, poll
from .predict import predict
from .request import ImageInput
from .side_by_side import run_all

_MAX_BODY: Final = 1 << 18
_MAX_PROMPT: Final = 10_000
_ACTIONS: Final = ("maintain", "poll", "fallback")
_TYPES: Final = tuple(
    f"{name}_{quality}" for name in ("rv51", "sdxl_image", "image") for quality in ("fast", "high")
)


@endpoint(auth=("user", "secret"), timeout=120)
async def main(ctx: Context) -> dict[str, Any]:
    """Draw, read, or do what the schedule asks for."""
    body = await read_model(ctx.request, ImageInput, _MAX_BODY)
    env = replicate_env()
    if body.action in _ACTIONS:
        return await _maintain(ctx, env, body.action)
    if ctx.user_id is None:
        raise ForbiddenError("Pictures are drawn for a signed-in user.", code="USER_NEEDED")
    if body.prediction_id:
        return await _read(ctx, env, body.prediction_id)
    return await _draw(ctx, env, body)


async def _maintain(ctx: Context, env: ReplicateEnv, action: str) -> dict[str, Any]:
    if ctx.auth_mode != "secret":
        raise ForbiddenError(f"{action} requires the secret key.", code="SECRET_KEY_NEEDED")
    runs = {"poll": (poll,), "fallback": (fall_back,)}.get(action, (poll, fall_back))
    # Side by side: predictions that are slow to read hold no job that waits to be drawn.
    done: dict[str, Any] = {}
    for result in await run_all(*(run(ctx, env) for run in runs)):
        done |= result
    return done


async def _draw(ctx: Context, env: ReplicateEnv, body: ImageInput) -> dict[str, Any]:
    prompt = (body.prompt or "").strip()
    if not prompt or len(prompt) > _MAX_PROMPT:
        raise BadInputError(
            f"prompt is required, up to {_MAX_PROMPT} characters.", code="PROMPT_MISSING"
        )
    job_type = body.job_type or body.jobType
    if job_type not in _TYPES:
        raise BadInputError(f"jobType must be one of {', '.join(_TYPES)}.", code="JOB_TYPE_UNKNOWN")
    try:
        model_id = str(UUID(body.api_model_id or ""))
    except ValueError:
        raise BadInputError("apiModelId must be a uuid.", code="MODEL_NOT_FOUND") from None
    model = await find_model(ctx, model_id)
    env.require_token()
    inputs = map_inputs(model.defaults, body.input, prompt)
    quality = "high" if "high" in (body.quality or "", job_type.rpartition("_")[2]) else "fast"
    row = {
        "user_id": ctx.user_id,
        "job_type": job_type,
        "format": "image",
        "quality": quality,
        "model_type": model.family,
        "api_model_id": model.id,
        "original_prompt": prompt,
        "destination": "workspace",
        "metadata": {**body.metadata, "seed": inputs.get("seed")},
    }
    inserted = await cast("Any", ctx.admin.table("jobs")).insert(row).execute()
    job_id: str = inserted.data[0]["id"]
    ctx.note(job_id=job_id)
    prediction_id = await predict(ctx, env, job_id, model, inputs)
    return {"jobId": job_id, "predictionId": prediction_id, "status": "queued"}


async def _read(ctx: Context, env: ReplicateEnv, prediction_id: str) -> dict[str, Any]:
    """Return a prediction of the caller's own jobs; one that is over ends its job."""
    query = (
        ctx.admin.table("jobs")
        .select("id, status")
        .eq("metadata->>prediction_id", prediction_id)
        .eq("user_id", str(ctx.user_id))
        .limit(1)
    )
    rows = cast("list[dict[str, Any]]", (await query.execute()).data)
    if not rows:
        raise NotFoundError("There is no such prediction.", code="PREDICTION_NOT_FOUND")
    prediction = await read_prediction(env, prediction_id)
    if prediction.get("status") in OVER and rows[0]["status"] in ("queued", "processing"):
        await process_prediction(ctx.env.supabase, rows[0]["id"], prediction)
    return prediction
