"""The talk-track section of the environment: TALK_TRACK_*."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from shared.env import environment, read_number


@dataclass(frozen=True, slots=True)
class TalkTrackEnv:
    """Slides per chunk, concurrent chunks per job, concurrent jobs per worker, and retention."""

    chunk_size: int
    concurrency: int
    jobs_per_worker: int
    lease_seconds: float
    calls_per_minute: float
    keep_days: float
    keep_failed_days: float | None


@cache
def talk_track_env() -> TalkTrackEnv:
    """Return the settings of this process."""
    return read_talk_track_env(environment())


def read_talk_track_env(values: Mapping[str, str]) -> TalkTrackEnv:
    """Parse the settings. Raises ConfigurationError for values that are not positive numbers."""
    keep_failed = "TALK_TRACK_KEEP_FAILED_DAYS"
    return TalkTrackEnv(
        chunk_size=int(read_number(values, "TALK_TRACK_CHUNK_SIZE", 10)),
        concurrency=int(read_number(values, "TALK_TRACK_CONCURRENCY", 4)),
        jobs_per_worker=int(read_number(values, "TALK_TRACK_JOBS_PER_WORKER", 10)),
        lease_seconds=read_number(values, "TALK_TRACK_LEASE_SECONDS", 30),
        calls_per_minute=read_number(values, "TALK_TRACK_CALLS_PER_MINUTE", 500),
        keep_days=read_number(values, "TALK_TRACK_KEEP_DAYS", 7),
        keep_failed_days=read_number(values, keep_failed, 7) if values.get(keep_failed) else None,
    )
