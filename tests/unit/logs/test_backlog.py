"""The backlog: bounded, and honest about what it refuses. Time is passed in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.events import Boot, Level, LogLine
from edge.logs.backlog import Backlog, DropCause, LinesDropped, Stamped
from edge.logs.rate import LineRate, RateLimiter

RATE = LineRate(lines=2, seconds=10)


def line(text: str = "x", slug: str = "f") -> LogLine:
    return LogLine(slug, "e", "stdout", Level.INFO, text)


def boot() -> Boot:
    return Boot("f", "e", 1, 20.0)


def limited() -> Backlog:
    return Backlog(RateLimiter(RATE))


def test_events_come_out_in_order_with_their_times() -> None:
    backlog = Backlog()
    backlog.offer(line("a"), 1.0)
    backlog.offer(boot(), 2.0)

    taken = backlog.take(3.0)

    assert [(s.time, s.event) for s in taken] == [(1.0, line("a")), (2.0, boot())]
    assert backlog.take(4.0) == []


def test_when_full_it_drops_lines_counts_them_and_says_so_once() -> None:
    backlog = Backlog(max_chars=2000)
    for _ in range(5):
        backlog.offer(line("x" * 600), 1.0)

    events = [stamped.event for stamped in backlog.take(2.0)]

    assert events == [*[line("x" * 600)] * 2, LinesDropped("f", 3, DropCause.OVERFLOW)]
    assert backlog.dropped_lines() == {"f": 3}
    assert backlog.take(3.0) == []


def test_when_full_of_lines_it_still_takes_the_platforms_events() -> None:
    backlog = Backlog(max_chars=1000)
    backlog.offer(line("x" * 800), 1.0)
    backlog.offer(line(), 1.0)
    backlog.offer(boot(), 1.0)

    assert boot() in [stamped.event for stamped in backlog.take(2.0)]


def test_even_the_platforms_events_are_bounded() -> None:
    backlog = Backlog(max_chars=1000)
    for _ in range(100):
        backlog.offer(boot(), 1.0)

    assert len(backlog.take(2.0)) == 10


def test_there_is_room_again_after_it_was_emptied() -> None:
    backlog = Backlog(max_chars=1000)
    for _ in range(3):
        backlog.offer(line("x" * 800), 1.0)
        backlog.take(1.0)

    assert backlog.dropped_lines() == {}


def test_lines_over_the_rate_are_reported_when_the_window_ends() -> None:
    backlog = limited()
    for _ in range(5):
        backlog.offer(line(), 100.0)

    assert [s.event for s in backlog.take(105.0)] == [line(), line()]
    assert backlog.next_due() == 110.0
    assert [s.event for s in backlog.take(110.0)] == [LinesDropped("f", 3, DropCause.RATE)]
    assert backlog.next_due() is None


def test_the_last_taking_reports_an_open_window() -> None:
    backlog = limited()
    for _ in range(3):
        backlog.offer(line(), 100.0)

    events = [stamped.event for stamped in backlog.take(101.0, is_last=True)]

    assert events[-1] == LinesDropped("f", 1, DropCause.RATE)


def test_each_function_has_its_own_rate() -> None:
    backlog = limited()
    for _ in range(3):
        backlog.offer(line(slug="noisy"), 100.0)
    backlog.offer(line(slug="quiet"), 100.0)

    assert line(slug="quiet") in [stamped.event for stamped in backlog.take(100.0)]
    assert backlog.dropped_lines() == {"noisy": 1}


@pytest.mark.parametrize("later", [110.0, 50.0])
def test_a_new_window_opens_also_when_the_clock_was_set_back(later: float) -> None:
    limiter = RateLimiter(RATE)
    for _ in range(3):
        limiter.admit("f", 100.0)

    assert limiter.admit("f", later)
    assert limiter.collect(later) == {"f": 1}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 5)), max_size=60))
def test_every_line_is_either_kept_or_reported(writes: list[tuple[str, float]]) -> None:
    backlog, now = limited(), 0.0
    taken: list[Stamped] = []
    for slug, pause in writes:
        now += pause
        backlog.offer(line(slug=slug), now)
        taken += backlog.take(now)
    taken += backlog.take(now, is_last=True)

    events = [stamped.event for stamped in taken]
    kept = sum(isinstance(event, LogLine) for event in events)
    reported = sum(event.count for event in events if isinstance(event, LinesDropped))
    assert kept + reported == len(writes)
    assert sum(backlog.dropped_lines().values()) == reported
