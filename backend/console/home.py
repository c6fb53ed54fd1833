"""What fails in this project, for the console's home page: jobs, workers, campaigns, scripts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from backend.console.data import select
from console import Failing, watch

_DAY: Final = timedelta(hours=24)
_SILENT: Final = timedelta(minutes=5)
"""Workers are asked each minute."""
_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class _Watched:
    """Rows of `table` that need somebody: what one of them is, what several are, their page."""

    table: str
    one: str
    several: str
    url: str

    async def find(self, conditions: Mapping[str, str]) -> list[Failing]:
        rows = await select(self.table, select="id", limit=_MOST, **conditions)
        what = self.one if len(rows) == 1 else self.several
        return [Failing(f"{len(rows):,} {what}", self.url)] if rows else []


_JOBS: Final = _Watched(
    "jobs", "media job has failed", "media jobs have failed", "/console/jobs?status=failed"
)
_WORKERS: Final = _Watched(
    "workers", "worker is not healthy", "workers are not healthy", "/console/workers"
)
_CAMPAIGNS: Final = _Watched(
    "call_campaigns", "campaign has failed", "campaigns have failed", "/console/campaigns"
)
_TRACKS: Final = _Watched(
    "talk_track_jobs", "talk track has failed", "talk tracks have failed", "/console/tracks"
)


@watch
async def find_failing() -> list[Failing]:
    """Return what has failed in the last day, and workers that have long been silent."""
    now = datetime.now(UTC)
    failed = {"status": "eq.failed", "updated_at": f"gt.{(now - _DAY).isoformat()}"}
    silent = f"last_checked_at.lt.{(now - _SILENT).isoformat()}"
    unheard = {"enabled": "is.true", "or": f"(health.eq.unhealthy,{silent})"}
    found: list[Failing] = []
    for watched in (_JOBS, _CAMPAIGNS, _TRACKS):
        found += await watched.find(failed)
    return found + await _WORKERS.find(unheard)
