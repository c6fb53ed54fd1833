"""A job's progress as server-sent events, see https://html.spec.whatwg.org/multipage/server-sent-events.html.

Sends `progress` when the job has changed and finally `completed`, `failed` or `cancelled`. A stream
ends after two minutes at the latest; a browser's EventSource then reconnects.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Final

import httpx
from postgrest.exceptions import APIError

from shared.context import Context
from shared.database.clients import translate_database_error
from shared.errors import UnavailableError

from .job import Job
from .store import fetch_job

_POLL_SECONDS: Final = 0.5
_POLLS: Final = 240
_POLLS_PER_COMMENT: Final = 20
_COMMENT: Final = b": keep-alive\n\n"


async def follow(ctx: Context, job: Job) -> AsyncGenerator[bytes]:
    """Yield events from the current state to the final one."""
    yield b"retry: 1000\n\n" + _render(job)
    for poll in range(1, _POLLS):
        if job.is_finished:
            return
        await asyncio.sleep(_POLL_SECONDS)
        try:
            now = await fetch_job(ctx, job.id)
        except (httpx.TransportError, APIError) as exc:
            error = translate_database_error(exc, ctx.env.supabase.url)
            if not isinstance(error, UnavailableError):
                return  # for example, the caller's token has expired
            now = job
        if now is None:
            return
        if now.row != job.row:
            yield _render(now)
        elif poll % _POLLS_PER_COMMENT == 0:
            yield _COMMENT
        job = now


def _render(job: Job) -> bytes:
    event = job.status if job.is_finished else "progress"
    return f"event: {event}\ndata: {json.dumps(job.render())}\n\n".encode()
