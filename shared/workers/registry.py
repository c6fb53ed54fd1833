"""Workers as rows of public.workers: register, choose with fail-over, report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from shared.database.rpc import call_rpc
from shared.env import SupabaseEnv

WorkerType = Literal["sdxl", "wan", "chat"]
TYPES: Final[tuple[WorkerType, ...]] = ("chat", "sdxl", "wan")
_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that is reached at `base_url`."""

    id: str
    worker_type: str
    kind: str
    base_url: str
    health: str
    key_secret: str | None
    registration: Mapping[str, Any]
    updated_at: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check or a call; `releases` ends what `choose` has begun."""

    worker: Worker
    is_healthy: bool
    latency_ms: int | None = None
    error: str | None = None
    checked_at: str = ""
    releases: bool = False
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry of a project."""

    env: SupabaseEnv

    async def register(self, **worker: Any) -> Worker:
        """Add or update a worker by its type and URL."""
        return _read(await self._call("register_media_worker_v1", {"worker": worker}))

    async def choose(self, worker_type: str, tried: Sequence[Worker] = ()) -> Worker | None:
        """Return the worker to use next, None if there is none besides those that were tried."""
        arguments = {"worker_type": worker_type, "tried": [worker.id for worker in tried]}
        row = await self._call("choose_media_worker_v1", arguments)
        return _read(row) if row else None

    async def report(self, reports: Sequence[Report]) -> None:
        """Store results of checks or calls."""
        if not reports:
            return
        rows = [
            {
                "id": report.worker.id,
                "is_healthy": report.is_healthy,
                "latency_ms": report.latency_ms,
                "error": report.error,
                "releases": report.releases,
            }
            for report in reports
        ]
        await self._call("report_media_workers_v1", {"reports": rows})

    async def _call(self, function: str, arguments: Mapping[str, Any]) -> Any:
        return await call_rpc(self.env, None, function, arguments, seconds=_SECONDS)


def read_workers(rows: object) -> list[Worker]:
    """Read rows of public.workers."""
    return [_read(row) for row in cast("list[Any]", rows)]


def _read(row: Any) -> Worker:
    return Worker(
        id=row["id"],
        worker_type=row["worker_type"],
        kind=row["kind"],
        base_url=row["base_url"].rstrip("/"),
        health=row["health"],
        key_secret=row["key_secret"],
        registration=row["registration"] or {},
        updated_at=row["updated_at"],
    )
