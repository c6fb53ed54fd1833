"""Jobs in the database: each step is one RPC, retried while the database is unavailable."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from shared.database.clients import admin_client
from shared.env import Env
from shared.http.deadline import seconds_left
from shared.jobs.retry import retry_while_unavailable
from shared.talk_tracks.env import TalkTrackEnv

from .deck import Chunk
from .job import Claim, State
from .script import Script

_PROVIDER: Final = "openai"


@dataclass(frozen=True, slots=True)
class Store:
    """Steps that return bool return False if the lease is not held."""

    env: Env
    settings: TalkTrackEnv

    async def claim(self, job_id: UUID) -> Claim | State | None:
        """Claim the job. Returns its State if it cannot be claimed, None if it does not exist."""
        row = await self._call(
            "claim_talk_track_job_v1", job_id=str(job_id), **self._claim_arguments
        )
        if row is None:
            return None
        if not row["claimed"]:
            return State.from_row(row["job"])
        return await asyncio.to_thread(Claim.from_row, row)

    async def claim_next(self) -> Claim | None:
        """Claim the next queued job, if any."""
        row = await self._call("claim_next_talk_track_job_v1", **self._claim_arguments)
        return await asyncio.to_thread(Claim.from_row, row) if row else None

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
        lease = self.settings.lease_seconds
        return await self._call("renew_talk_track_lease_v1", lease_seconds=lease, **_lease(claim))

    async def release(self, claim: Claim) -> bool:
        return await self._call("release_talk_track_job_v1", **_lease(claim))

    async def save(self, claim: Claim, chunk: Chunk, script: Script) -> bool:
        return await self._call(
            "save_talk_track_chunk_v1",
            **_lease(claim),
            chunk_index=chunk.index,
            slides=[slide.render() for slide in script.slides],
            metadata=dict(script.metadata),
        )

    async def finish(self, claim: Claim, talk_track: dict[str, Any]) -> bool:
        return await self._call("finish_talk_track_job_v1", **_lease(claim), talk_track=talk_track)

    async def fail(self, claim: Claim, message: str) -> bool:
        return await self._call("fail_talk_track_job_v1", **_lease(claim), message=message)

    async def delete_finished(self) -> int:
        days = self.settings.keep_days
        other = self.settings.keep_failed_days
        return await self._call(
            "delete_finished_talk_track_jobs_v1", completed_days=days, other_days=other
        )

    async def reserve_call(self) -> float:
        """Reserve a provider call, shared by all workers; return the seconds until it may start."""
        pace = self.settings.calls_per_minute
        return await self._call(
            "reserve_provider_call_v1", provider=_PROVIDER, calls_per_minute=pace
        )

    async def pause_calls(self, seconds: float) -> None:
        await self._call("pause_provider_calls_v1", provider=_PROVIDER, seconds=seconds)

    @property
    def _claim_arguments(self) -> dict[str, Any]:
        settings = self.settings
        return {"lease_seconds": settings.lease_seconds, "chunk_size": settings.chunk_size}

    async def _call(self, function: str, **arguments: Any) -> Any:
        """Retry for up to the lease's duration, to keep results that were paid for."""

        async def call() -> Any:
            query = admin_client(self.env.supabase).rpc(function, arguments)
            return (await query.execute()).data

        seconds = min(self.settings.lease_seconds, seconds_left() / 2)
        return await retry_while_unavailable(call, self.env.supabase.url, seconds)


def _lease(claim: Claim) -> dict[str, str]:
    return {"job_id": str(claim.id), "lease_token": claim.lease_token}
