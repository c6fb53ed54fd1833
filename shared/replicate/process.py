"""Hands a prediction to replicate-callback, which stores its outputs and ends the job."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from shared.database.clients import http_pool
from shared.env import SupabaseEnv
from shared.errors import UnavailableError

_PROCESSOR: Final = "replicate-callback"
_SECONDS: Final = 100.0


async def process_prediction(
    env: SupabaseEnv, job_id: str, prediction: Mapping[str, Any]
) -> dict[str, Any]:
    """Return {status, message, assetIds}. Raises UnavailableError: nothing was changed."""
    url = env.function_url(_PROCESSOR)
    key = env.secret_key
    try:
        response = await http_pool(url).post(
            url,
            json={"jobId": job_id, "prediction": dict(prediction)},
            headers={"apikey": key, "authorization": f"Bearer {key}"},
            timeout=_SECONDS,
        )
    except httpx.TransportError as exc:
        raise UnavailableError(f"{_PROCESSOR} cannot be reached.", code="PROCESSOR_FAILED") from exc
    if not response.is_success:
        raise UnavailableError(
            f"{_PROCESSOR} answered {response.status_code}: {response.text[:200]}",
            code="PROCESSOR_FAILED",
        )
    return response.json()
