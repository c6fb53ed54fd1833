"""Follows the rotation of the keys that a project signs its tokens with."""

import asyncio
from collections.abc import Callable
from typing import Final

import httpx

from edge.errors import EdgeError
from edge.remote import Remote, with_key_set

_INTERVAL: Final = 300.0  # Auth publishes a key well before it signs with it
_ANSWER_SECONDS: Final = 5.0


async def follow_keys(
    remote: Remote,
    adopt: Callable[[Remote], None],
    tell: Callable[[str], None],
    interval: float = _INTERVAL,
) -> None:
    """Ask from time to time; while nobody answers, the known keys stay good."""
    known = remote
    async with httpx.AsyncClient(timeout=_ANSWER_SECONDS) as client:
        while True:
            await asyncio.sleep(interval)
            try:
                reply = (await client.get(remote.jwks_url)).raise_for_status()
                found = with_key_set(remote, reply.text)
            except (httpx.HTTPError, EdgeError) as exc:
                tell(f"The project's keys cannot be fetched, the known ones stay: {exc}")
                continue
            if found != known:
                known = found
                adopt(found)
