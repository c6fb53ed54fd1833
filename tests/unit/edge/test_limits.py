"""What a usage calls for, and how strict each mode is."""

import pytest

from edge.events import ShutdownReason
from edge.project.limits import (
    HOSTED,
    MEGABYTE,
    Limits,
    LimitsMode,
    Measure,
    Usage,
    apply_mode,
    judge,
    notices,
)
from edge.runtime.pool.token_bucket import Bucket

LIMITS = Limits(memory=100, cpu_soft=1.0, cpu_hard=2.0, wall_clock=10.0)
FINE = Usage(memory=0, cpu=0.0, wall_clock=0.0)


@pytest.mark.parametrize(
    ("usage", "measure"),
    [
        (FINE, None),
        (Usage(99, 0.9, 4.9), None),
        (Usage(100, 0, 0), (Measure.KILL, ShutdownReason.MEMORY)),
        (Usage(0, 1.0, 0), (Measure.RETIRE, ShutdownReason.CPU_TIME)),
        (Usage(0, 2.0, 0), (Measure.KILL, ShutdownReason.CPU_TIME)),
        (Usage(0, 0, 5.0), (Measure.RETIRE, ShutdownReason.WALL_CLOCK_TIME)),
        (Usage(0, 0, 10.0), (Measure.KILL, ShutdownReason.WALL_CLOCK_TIME)),
        (Usage(100, 1.0, 5.0), (Measure.KILL, ShutdownReason.MEMORY)),
    ],
)
def test_the_sharpest_measure_wins(
    usage: Usage, measure: tuple[Measure, ShutdownReason] | None
) -> None:
    assert judge(usage, LIMITS) == measure


def test_without_limits_nothing_is_done() -> None:
    usage = Usage(1 << 40, 1e9, 1e9)

    assert judge(usage, Limits()) is None
    assert notices(usage, Limits()) == set()


def test_notice_is_given_at_nine_tenths() -> None:
    assert notices(Usage(90, 1.8, 9.0), LIMITS) == {"memory", "cpu", "wall_clock"}
    assert notices(Usage(89, 1.7, 8.9), LIMITS) == set()


def test_off_suspends_local_obeys_and_hosted_is_never_laxer_than_the_platform() -> None:
    generous = Limits(memory=1024 * MEGABYTE, wall_clock=60.0, first_byte=10.0)

    assert apply_mode(generous, LimitsMode.OFF) == Limits()
    assert apply_mode(generous, LimitsMode.LOCAL) == generous
    hosted = apply_mode(generous, LimitsMode.HOSTED)
    assert (hosted.memory, hosted.cpu_hard) == (HOSTED.memory, HOSTED.cpu_hard)
    assert (hosted.wall_clock, hosted.first_byte, hosted.rate) == (60.0, 10.0, HOSTED.rate)


def test_a_bucket_lets_so_many_through_a_second() -> None:
    now = [0.0]
    bucket = Bucket(2, clock=lambda: now[0])

    burst = [bucket.take() for _ in range(3)]
    now[0] = 0.5

    assert burst == [0.0, 0.0, 0.5]
    assert bucket.take() == 0.0
    assert bucket.take() == 0.5


def test_a_bucket_does_not_save_up() -> None:
    now = [0.0]
    bucket = Bucket(2, clock=lambda: now[0])
    now[0] = 1000.0

    assert [bucket.take() for _ in range(3)] == [0.0, 0.0, 0.5]
