"""Measured series and their ratios, printed the same way by every benchmark."""

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Series:
    """Durations of one contender, in milliseconds."""

    name: str
    values: Sequence[float]

    @property
    def p50(self) -> float:
        return statistics.median(self.values)

    @property
    def p99(self) -> float:
        return sorted(self.values)[min(len(self.values) - 1, round(0.99 * len(self.values)))]

    def __str__(self) -> str:
        return (
            f"{self.name:<34} p50 {self.p50:8.1f} ms   p99 {self.p99:8.1f} ms"
            f"   min {min(self.values):8.1f} ms   n {len(self.values)}"
        )


def print_machine() -> None:
    """When and on what the figures were taken."""
    now = datetime.now(UTC)
    python = platform.python_version()
    print(f"{now:%Y-%m-%d} · {platform.machine()} · {os.cpu_count()} cores · Python {python}")


def print_ratio(ours: Series, peer: Series) -> None:
    """How many times faster ours is, by the medians."""
    print(f"{ours.name} is {peer.p50 / ours.p50:.1f} times as fast as {peer.name}")
