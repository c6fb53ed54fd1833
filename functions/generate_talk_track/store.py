"""The database's side of the work: each call one SQL function, asked again while it is away."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

import httpx
from postgrest.exceptions import APIError

from shared.database.clients import admin_client, translate_database_error
from shared.env import Env
from shared.errors import UnavailableError
from shared.http.deadline import seconds_left

from .deck import Chunk
from .job import Claim, State
from .script import Script

_PAUSE: Final = 0.25
_PROVIDER: Final = "openai"


@dataclass(frozen=True, slots=True)
class Store:
    """What a step returns says whether the lease still held."""

    env: Env

    async def claim(self, job_id: UUID) -> Claim | State | None:
        """The right to work on it, its state if that is not to be had, None if there is no such."""
        row = await self._ask("claim_talk_track_job_v1", job_id=str(job_id), **self._terms)
        if row is None:
            return None
        return Claim.from_row(row) if row["claimed"] else State.from_row(row["job"])

    async def claim_next(self) -> Claim | None:
        """The job whose turn it is."""
        row = await self._ask("claim_next_talk_track_job_v1", **self._terms)
        return Claim.from_row(row) if row else None

    async def read_state(self, job_id: UUID) -> State | None:
        query = (
            admin_client(self.env.supabase)
            .table("talk_track_jobs")
            .select(
                "id, status, progress, current_chunk, total_chunks, error_message, talk_track_id"
            )
        )
        rows = (await query.eq("id", str(job_id)).execute()).data
        return State.from_row(cast("dict[str, Any]", rows[0])) if rows else None

    async def renew(self, claim: Claim) -> bool:
        lease = self.env.talk_track.lease_seconds
        return await self._ask("renew_talk_track_lease_v1", lease_seconds=lease, **_holder(claim))

    async def release(self, claim: Claim) -> bool:
        return await self._ask("release_talk_track_job_v1", **_holder(claim))

    async def save(self, claim: Claim, chunk: Chunk, script: Script) -> bool:
        return await self._ask(
            "save_talk_track_chunk_v1",
            **_holder(claim),
            chunk_index=chunk.index,
            slides=[slide.render() for slide in script.slides],
            metadata=dict(script.metadata),
        )

    async def finish(self, claim: Claim, talk_track: dict[str, Any]) -> bool:
        return await self._ask("finish_talk_track_job_v1", **_holder(claim), talk_track=talk_track)

    async def fail(self, claim: Claim, message: str) -> bool:
        return await self._ask("fail_talk_track_job_v1", **_holder(claim), message=message)

    async def clean_up(self) -> int:
        days = self.env.talk_track.keep_days
        other = self.env.talk_track.keep_failed_days
        return await self._ask(
            "delete_finished_talk_track_jobs_v1", completed_days=days, other_days=other
        )

    async def reserve_call(self) -> float:
        """How many seconds from now the provider may be called; for all workers together."""
        pace = self.env.talk_track.calls_per_minute
        return await self._ask(
            "reserve_provider_call_v1", provider=_PROVIDER, calls_per_minute=pace
        )

    async def pause_calls(self, seconds: float) -> None:
        await self._ask("pause_provider_calls_v1", provider=_PROVIDER, seconds=seconds)

    @property
    def _terms(self) -> dict[str, Any]:
        settings = self.env.talk_track
        return {"lease_seconds": settings.lease_seconds, "chunk_size": settings.chunk_size}

    async def _ask(self, function: str, **arguments: Any) -> Any:
        """As often as it takes, up to the lease's time: what was paid for should not be lost."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + min(self.env.talk_track.lease_seconds, seconds_left() / 2)
        while True:
            try:
                call = admin_client(self.env.supabase).rpc(function, arguments)
                return (await call.execute()).data
            except (httpx.TransportError, APIError) as exc:
                error = translate_database_error(exc, self.env.supabase.url)
                if not isinstance(error, UnavailableError) or loop.time() >= ends_at:
                    raise
            await asyncio.sleep(_PAUSE)


def _holder(claim: Claim) -> dict[str, str]:
    return {"job_id": str(claim.id), "lease_token": claim.lease_token}
