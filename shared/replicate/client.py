"""Predictions by Replicate's HTTP API: create, read. A creation is never sent twice."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, cast

import httpx
from pydantic_core import from_json

from shared.database.clients import http_pool
from shared.errors import FunctionError, UnavailableError, UpstreamError, UpstreamTimeoutError
from shared.replicate.env import ReplicateEnv

_SECONDS: Final = 30.0
_MOST_BYTES: Final = 1 << 20
_UNKNOWN_VERSION: Final = "version"


class PredictionError(UpstreamError):
    """Replicate refuses the prediction; `provider_status` is its HTTP status."""

    default_code = "PREDICTION_CREATE_ERROR"

    def __init__(self, message: str, provider_status: int, *, code: str | None = None) -> None:
        super().__init__(message, code=code, metadata={"status": provider_status})
        self.provider_status = provider_status

    @property
    def is_retryable(self) -> bool:
        return self.provider_status == 429 or self.provider_status >= 500


class UnknownOutcomeError(UpstreamTimeoutError):
    """The request was sent and its answer lost: the prediction may run."""

    default_code = "PREDICTION_UNKNOWN"


async def create_prediction(
    env: ReplicateEnv, version: str, given: Mapping[str, Any], webhook: str
) -> dict[str, Any]:
    """Create a prediction whose webhook comes at its start and its end.

    Raises PredictionError, UnknownOutcomeError, UnavailableError.
    """
    body = {
        "version": version,
        "input": dict(given),
        "webhook": webhook,
        "webhook_events_filter": ["start", "completed"],
    }
    try:
        return await _send(env, "POST", "/v1/predictions", body)
    except httpx.ConnectError as exc:
        raise _unreachable() from exc
    except (httpx.TransportError, TimeoutError) as exc:
        raise UnknownOutcomeError(
            "Replicate did not answer; its webhook tells whether the prediction runs."
        ) from exc


async def read_prediction(env: ReplicateEnv, prediction_id: str) -> dict[str, Any]:
    """Return a prediction. Raises PredictionError, UnavailableError."""
    try:
        return await _send(env, "GET", f"/v1/predictions/{prediction_id}", None)
    except (httpx.TransportError, TimeoutError) as exc:
        raise _unreachable() from exc


async def _send(env: ReplicateEnv, method: str, path: str, body: Any) -> dict[str, Any]:
    request = http_pool(env.base_url).stream(
        method,
        f"{env.base_url}{path}",
        json=body,
        headers={"authorization": f"Bearer {env.require_token()}"},
        timeout=_SECONDS,
    )
    async with asyncio.timeout(_SECONDS), request as response:
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > _MOST_BYTES:
                raise PredictionError("Replicate's answer is larger than 1 MB.", 500)
    answer = _read(bytes(content))
    if response.is_success and answer is not None and isinstance(answer.get("id"), str):
        return answer
    detail = str((answer or {}).get("detail") or "It sent no prediction.")[:500]
    code = None
    if response.status_code in (404, 422) and _UNKNOWN_VERSION in detail:
        code = "MODEL_VERSION_NOT_FOUND"
    raise PredictionError(f"Replicate: {detail}", response.status_code, code=code)


def _read(content: bytes) -> dict[str, Any] | None:
    try:
        found = from_json(content)
    except ValueError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _unreachable() -> FunctionError:
    return UnavailableError("Replicate cannot be reached.", code="PROVIDER_UNAVAILABLE")
