"""What a worker may use, and what follows when it uses more.

The hosted platform's numbers: 256 MB, 2 s of CPU a request, 150 s to the first byte, 400 s of wall
clock for a worker, which is retired at half of it; 100 invocations a second.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeVar

from edge.events import ShutdownReason

MEGABYTE: Final = 1 << 20
_WARNING_SHARE: Final = 0.9
Number = TypeVar("Number", int, float)


class LimitsMode(StrEnum):
    """How strict to be: not at all, as function.toml says, or never laxer than the platform."""

    OFF = "off"
    LOCAL = "local"
    HOSTED = "hosted"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, seconds and requests a second; None means no limit."""

    memory: int | None = None
    cpu_soft: float | None = None
    cpu_hard: float | None = None
    wall_clock: float | None = None
    first_byte: float | None = None
    body: int | None = None
    rate: float | None = None
    stall: float | None = None


HOSTED: Final = Limits(
    memory=256 * MEGABYTE,
    cpu_soft=1.0,
    cpu_hard=2.0,
    wall_clock=400.0,
    first_byte=150.0,
    body=50 * MEGABYTE,
    rate=100.0,
)


@dataclass(frozen=True, slots=True)
class Usage:
    """A worker's consumption: bytes above the zygote's, CPU seconds of this busy period for each
    of its requests, seconds since it was ready."""

    memory: int
    cpu: float
    wall_clock: float


class Action(StrEnum):
    """What to do with a worker."""

    RETIRE = "retire"
    KILL = "kill"


def apply_mode(limits: Limits, mode: LimitsMode) -> Limits:
    """function.toml's limits under a mode."""
    if mode is LimitsMode.OFF:
        return Limits()
    if mode is LimitsMode.LOCAL:
        return limits
    return replace(
        limits,
        memory=_least(limits.memory, HOSTED.memory),
        cpu_soft=_least(limits.cpu_soft, HOSTED.cpu_soft),
        cpu_hard=_least(limits.cpu_hard, HOSTED.cpu_hard),
        wall_clock=_least(limits.wall_clock, HOSTED.wall_clock),
        first_byte=_least(limits.first_byte, HOSTED.first_byte),
        body=_least(limits.body, HOSTED.body),
        rate=_least(limits.rate, HOSTED.rate),
    )


def decide(usage: Usage, limits: Limits) -> tuple[Action, ShutdownReason] | None:
    """Return the strictest action that the usage calls for."""
    if _reaches(usage.memory, limits.memory):
        return Action.KILL, ShutdownReason.MEMORY
    if _reaches(usage.cpu, limits.cpu_hard):
        return Action.KILL, ShutdownReason.CPU_TIME
    if _reaches(usage.wall_clock, limits.wall_clock):
        return Action.KILL, ShutdownReason.WALL_CLOCK_TIME
    if _reaches(usage.cpu, limits.cpu_soft):
        return Action.RETIRE, ShutdownReason.CPU_TIME
    if _reaches(usage.wall_clock * 2, limits.wall_clock):
        return Action.RETIRE, ShutdownReason.WALL_CLOCK_TIME
    return None


def warnings(usage: Usage, limits: Limits) -> set[str]:
    """Return the limits that are near, by the names that shutdown callbacks receive."""
    near = {
        "memory": _reaches(usage.memory, limits.memory, _WARNING_SHARE),
        "cpu": _reaches(usage.cpu, limits.cpu_hard, _WARNING_SHARE),
        "wall_clock": _reaches(usage.wall_clock, limits.wall_clock, _WARNING_SHARE),
    }
    return {name for name, is_near in near.items() if is_near}


def _reaches(value: float, limit: float | None, share: float = 1.0) -> bool:
    return limit is not None and value >= limit * share


def _least(ours: Number | None, theirs: Number | None) -> Number | None:
    given = [value for value in (ours, theirs) if value is not None]
    return min(given) if given else None
