"""Asks workers how they are: GET {base_url}/health, and /worker/info for what they can do."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, cast

from pydantic_core import from_json

from shared.env import SupabaseEnv
from shared.http.fetch import Fetched, FetchError, fetch
from shared.workers.env import call_policy, key_headers
from shared.workers.registry import Report, Worker

_HEALTH_SECONDS: Final = 5.0
_INFO_SECONDS: Final = 3.0
_AT_ONCE: Final = 20
_GOOD: Final = ("healthy", "ok", "ready", "up")


async def check_worker(env: SupabaseEnv, worker: Worker) -> Report:
    """Ask a worker for its health; never raises for a worker that fails."""
    began = time.monotonic()
    answer: Fetched | None = None
    try:
        answer = await fetch(
            f"{worker.base_url}/health",
            call_policy(env, seconds=_HEALTH_SECONDS),
            headers=key_headers(worker.key_secret),
        )
        error = _find_problem(answer)
    except FetchError as exc:
        error = str(exc)
    elapsed = round((time.monotonic() - began) * 1000)
    body = _read_object(answer.content) if answer else None
    now = datetime.now(UTC).isoformat()
    return Report(worker, error is None, elapsed, error, now, body=body or {})


async def check_workers(env: SupabaseEnv, workers: Sequence[Worker]) -> list[Report]:
    """Ask all workers, at most twenty at once."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def check(worker: Worker) -> Report:
        async with gate:
            return await check_worker(env, worker)

    return list(await asyncio.gather(*(check(worker) for worker in workers)))


async def read_info(env: SupabaseEnv, worker: Worker) -> Mapping[str, Any]:
    """Return the worker's description of itself; empty if it gives none."""
    try:
        answer = await fetch(
            f"{worker.base_url}/worker/info",
            call_policy(env, seconds=_INFO_SECONDS),
            headers=key_headers(worker.key_secret),
        )
    except FetchError:
        return {}
    return (_read_object(answer.content) or {}) if answer.is_success else {}


def released(report: Report) -> Report:
    """Return the report as one that also ends the use of a chosen worker."""
    return replace(report, releases=True)


def _find_problem(answer: Fetched) -> str | None:
    """Return what is wrong with the answer of /health, None if nothing is."""
    if not answer.is_success:
        return f"/health answers {answer.status}."
    body = _read_object(answer.content)
    if body is None:
        return "/health does not answer with a JSON object."
    status = body.get("status", "healthy")
    if not isinstance(status, str) or status.lower() not in _GOOD:
        return f"/health reports: {str(status)[:100]}."
    return None


def _read_object(content: bytes) -> Mapping[str, Any] | None:
    try:
        found = from_json(content)
    except ValueError:
        return None
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else None
