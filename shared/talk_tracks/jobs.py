"""Asking the function that writes talk tracks to work on a job."""

import sys
from typing import Final

import httpx

from shared.database.clients import http_pool
from shared.env import SupabaseEnv

_WRITER: Final = "generate-talk-track"


async def invoke_generation(env: SupabaseEnv, job_id: str) -> None:
    """A failure is logged and no more: the job's row waits, and the reaper looks for such."""
    key = env.secret_key
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    try:
        url = env.function_url(_WRITER)
        reply = await http_pool(url).post(url, json={"jobId": job_id}, headers=headers)
    except httpx.TransportError as exc:
        sys.stderr.write(f"{_WRITER} was not reached: {type(exc).__name__}\n")
        return
    if reply.status_code >= 400:
        sys.stderr.write(f"{_WRITER} answered {reply.status_code} for {job_id}\n")
