"""Limits: the action for a usage, the warnings before it, and the strictness of each mode."""

import pytest

from edge.events import ShutdownReason
from edge.project.limits import (
    HOSTED,
    MEGABYTE,
    Action,
    Limits,
    LimitsMode,
    Usage,
    apply_mode,
    decide,
    warnings,
)

LIMITS = Limits(memory=100, cpu_soft=1.0, cpu_hard=2.0, wall_clock=10.0)
FINE = Usage(memory=0, cpu=0.0, wall_clock=0.0)


@pytest.mark.parametrize(
    ("usage", "action"),
    [
        (FINE, None),
        (Usage(99, 0.9, 4.9), None),
        (Usage(100, 0, 0), (Action.KILL, ShutdownReason.MEMORY)),
        (Usage(0, 1.0, 0), (Action.RETIRE, ShutdownReason.CPU_TIME)),
        (Usage(0, 2.0, 0), (Action.KILL, ShutdownReason.CPU_TIME)),
        (Usage(0, 0, 5.0), (Action.RETIRE, ShutdownReason.WALL_CLOCK_TIME)),
        (Usage(0, 0, 10.0), (Action.KILL, ShutdownReason.WALL_CLOCK_TIME)),
        (Usage(100, 1.0, 5.0), (Action.KILL, ShutdownReason.MEMORY)),
    ],
)
def test_the_strictest_action_wins(
    usage: Usage, action: tuple[Action, ShutdownReason] | None
) -> None:
    assert decide(usage, LIMITS) == action


def test_without_limits_nothing_is_done() -> None:
    usage = Usage(1 << 40, 1e9, 1e9)

    assert decide(usage, Limits()) is None
    assert warnings(usage, Limits()) == set()


def test_a_warning_is_given_at_nine_tenths() -> None:
    assert warnings(Usage(90, 1.8, 9.0), LIMITS) == {"memory", "cpu", "wall_clock"}
    assert warnings(Usage(89, 1.7, 8.9), LIMITS) == set()


def test_off_suspends_local_obeys_and_hosted_is_never_laxer_than_the_platform() -> None:
    generous = Limits(memory=1024 * MEGABYTE, wall_clock=60.0, first_byte=10.0)

    assert apply_mode(generous, LimitsMode.OFF) == Limits()
    assert apply_mode(generous, LimitsMode.LOCAL) == generous
    hosted = apply_mode(generous, LimitsMode.HOSTED)
    assert (hosted.memory, hosted.cpu_hard) == (HOSTED.memory, HOSTED.cpu_hard)
    assert (hosted.wall_clock, hosted.first_byte, hosted.rate) == (60.0, 10.0, HOSTED.rate)
