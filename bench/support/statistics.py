"""Measured series and their ratios, printed the same way by every benchmark."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

TARGET: Final = "target"
"""The beginning of a line that reports whether a target was met."""


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
            f"{self.name:<34} p50 {self.p50:8.2f} ms   p99 {self.p99:8.2f} ms"
            f"   min {min(self.values):8.2f} ms   n {len(self.values)}"
        )


def print_ratio(ours: Series, peer: Series) -> float:
    """How many times as fast ours is, by the medians."""
    ratio = peer.p50 / ours.p50
    print(f"{ours.name} is {ratio:.1f} times as fast as {peer.name}")
    return ratio


def slope(values: Sequence[float]) -> float:
    """What is added from one value to the next, by least squares."""
    return statistics.linear_regression(range(len(values)), values).slope


def print_at_most(what: str, figure: float, limit: float, unit: str) -> None:
    """Whether a target was met that must not be passed."""
    _print_target(f"{what}: {figure:,.3g} {unit}, at most {limit:g}", is_met=figure <= limit)


def print_at_least(what: str, figure: float, limit: float, unit: str) -> None:
    """Whether a target was met that must be reached."""
    _print_target(f"{what}: {figure:,.3g} {unit}, at least {limit:g}", is_met=figure >= limit)


def _print_target(text: str, *, is_met: bool) -> None:
    print(f"{TARGET} {'met' if is_met else 'MISSED'} · {text}")
