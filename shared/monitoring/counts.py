"""Counts of requests by function and minute, as they are stored."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

BOUNDS_MS: Final = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000)


@dataclass(slots=True)
class Record:
    """What one request was like."""

    duration_ms: float = 0.0
    cache_hit: bool | None = None
    fallback_level: int | None = None
    error_code: str | None = None

    def render(self) -> dict[str, Any]:
        """Render for the request's log line, without what does not apply."""
        known = {
            "cache_hit": self.cache_hit,
            "fallback_level": self.fallback_level,
            "error_code": self.error_code,
        }
        return {name: value for name, value in known.items() if value is not None}


@dataclass(slots=True)
class Counts:
    """The requests of one function in one minute."""

    requests: int = 0
    errors: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    fallbacks: int = 0
    duration_ms_total: float = 0.0
    duration_ms_max: float = 0.0
    durations: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_MS) + 1))
    error_codes: Counter[str] = field(default_factory=Counter[str])
    fallback_levels: Counter[str] = field(default_factory=Counter[str])

    def add(self, record: Record) -> None:
        self.requests += 1
        self.errors += record.error_code is not None
        self.cache_hits += record.cache_hit is True
        self.cache_misses += record.cache_hit is False
        self.fallbacks += bool(record.fallback_level)
        self.duration_ms_total += record.duration_ms
        self.duration_ms_max = max(self.duration_ms_max, record.duration_ms)
        self.durations[bisect_left(BOUNDS_MS, record.duration_ms)] += 1
        if record.error_code is not None:
            self.error_codes[record.error_code] += 1
        if record.fallback_level is not None:
            self.fallback_levels[str(record.fallback_level)] += 1


def percentile(durations: Sequence[int], share: float, longest: float) -> float | None:
    """Return the upper bound in ms of the class that holds this share of the requests."""
    wanted = sum(durations) * share
    if not wanted:
        return None
    reached = 0
    for count, bound in zip(durations, (*BOUNDS_MS, longest), strict=True):
        reached += count
        if reached >= wanted:
            return float(min(bound, longest))
    return float(longest)


def summarize(totals: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a function's stored totals into rates and percentiles."""
    requests = totals["requests"]
    looked_up = totals["cache_hits"] + totals["cache_misses"]
    longest = totals["duration_ms_max"]
    return {
        "requests": requests,
        "errors": totals["errors"],
        "errorRate": round(totals["errors"] / requests, 4) if requests else 0.0,
        "errorCodes": totals["error_codes"],
        "averageMs": round(totals["duration_ms_total"] / requests, 1) if requests else None,
        "p50Ms": percentile(totals["durations"], 0.5, longest),
        "p95Ms": percentile(totals["durations"], 0.95, longest),
        "maxMs": round(longest, 1),
        "cacheHits": totals["cache_hits"],
        "cacheMisses": totals["cache_misses"],
        "cacheHitRate": round(totals["cache_hits"] / looked_up, 4) if looked_up else None,
        "fallbacks": totals["fallbacks"],
        "fallbackLevels": totals["fallback_levels"],
    }
