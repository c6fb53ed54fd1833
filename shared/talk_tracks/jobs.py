"""Invokes the function that processes talk-track jobs."""

import sys
from typing import Final

import httpx

from shared.database.clients import http_pool
from shared.env import SupabaseEnv

_FUNCTION: Final = "generate-talk-track"


async def invoke_generation(env: SupabaseEnv, job_id: str) -> None:
    """Start a job. A failure is only logged: the scheduled reap starts queued jobs as well."""
    key = env.secret_key
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    try:
        url = env.function_url(_FUNCTION)
        response = await http_pool(url).post(url, json={"jobId": job_id}, headers=headers)
    except httpx.TransportError as exc:
        sys.stderr.write(f"{_FUNCTION} cannot be reached: {type(exc).__name__}\n")
        return
    if response.status_code >= 400:
        sys.stderr.write(f"{_FUNCTION} returned {response.status_code} for {job_id}\n")
