"""The log queue: bounded, batched on a thread, and every dropped line is counted."""

import threading
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.events import Boot, Event, Level, LogLine
from edge.logs.queue import BatchQueue, DropCause, EventQueue, LinesDropped, TimestampedEvent
from edge.logs.rate_limit import LineRate

RATE = LineRate(lines=2, seconds=10)


def line(text: str = "x", slug: str = "f") -> LogLine:
    return LogLine(slug, "e", "stdout", Level.INFO, text)


def boot() -> Boot:
    return Boot("f", "e", 1, 20.0)


def ignore(_batch: Sequence[TimestampedEvent]) -> None:
    """Discard the batch: for queues that no thread empties."""


def limited() -> EventQueue:
    return EventQueue(ignore, RATE)


def test_events_come_out_in_order_with_their_times() -> None:
    queue = EventQueue(ignore)
    queue.put(line("a"), 1.0)
    queue.put(boot(), 2.0)

    taken = queue.take(3.0)

    assert [(s.time, s.event) for s in taken] == [(1.0, line("a")), (2.0, boot())]
    assert queue.take(4.0) == []


def test_when_full_it_drops_lines_counts_them_and_says_so_once() -> None:
    queue = EventQueue(ignore, max_chars=2000)
    for _ in range(5):
        queue.put(line("x" * 600), 1.0)

    events = [queued.event for queued in queue.take(2.0)]

    assert events == [*[line("x" * 600)] * 2, LinesDropped("f", 3, DropCause.OVERFLOW)]
    assert queue.dropped_lines() == {"f": 3}
    assert queue.take(3.0) == []


def test_when_full_of_lines_it_still_takes_the_platforms_events() -> None:
    queue = EventQueue(ignore, max_chars=1000)
    queue.put(line("x" * 800), 1.0)
    queue.put(line(), 1.0)
    queue.put(boot(), 1.0)

    assert boot() in [queued.event for queued in queue.take(2.0)]


def test_even_the_platforms_events_are_bounded() -> None:
    queue = EventQueue(ignore, max_chars=1000)
    for _ in range(100):
        queue.put(boot(), 1.0)

    assert len(queue.take(2.0)) == 10


def test_there_is_room_again_after_it_was_emptied() -> None:
    queue = EventQueue(ignore, max_chars=1000)
    for _ in range(3):
        queue.put(line("x" * 800), 1.0)
        queue.take(1.0)

    assert queue.dropped_lines() == {}


def test_lines_over_the_rate_are_reported_when_the_window_ends() -> None:
    queue = limited()
    for _ in range(5):
        queue.put(line(), 100.0)

    assert [s.event for s in queue.take(105.0)] == [line(), line()]
    assert queue.next_report_at() == 110.0
    assert [s.event for s in queue.take(110.0)] == [LinesDropped("f", 3, DropCause.RATE)]
    assert queue.next_report_at() is None


def test_the_last_batch_reports_an_open_window() -> None:
    queue = limited()
    for _ in range(3):
        queue.put(line(), 100.0)

    events = [queued.event for queued in queue.take(101.0, is_last=True)]

    assert events[-1] == LinesDropped("f", 1, DropCause.RATE)


def test_each_function_has_its_own_rate() -> None:
    queue = limited()
    for _ in range(3):
        queue.put(line(slug="noisy"), 100.0)
    queue.put(line(slug="quiet"), 100.0)

    assert line(slug="quiet") in [queued.event for queued in queue.take(100.0)]
    assert queue.dropped_lines() == {"noisy": 1}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 5)), max_size=60))
def test_every_line_is_either_kept_or_reported(writes: list[tuple[str, float]]) -> None:
    queue, now = limited(), 0.0
    taken: list[TimestampedEvent] = []
    for slug, pause in writes:
        now += pause
        queue.put(line(slug=slug), now)
        taken += queue.take(now)
    taken += queue.take(now, is_last=True)

    events = [queued.event for queued in taken]
    kept = sum(isinstance(event, LogLine) for event in events)
    reported = sum(event.count for event in events if isinstance(event, LinesDropped))
    assert kept + reported == len(writes)
    assert sum(queue.dropped_lines().values()) == reported


class Writer:
    """Collects events while its gate is open."""

    def __init__(self) -> None:
        self.written: list[Event | LinesDropped] = []
        self.threads: set[int] = set()
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, batch: Sequence[TimestampedEvent]) -> None:
        self.gate.wait()
        self.threads.add(threading.get_ident())
        self.written += [queued.event for queued in batch]


def test_events_arrive_in_order_on_another_thread() -> None:
    writer = Writer()
    queue = EventQueue(writer)
    queue.start()
    for number in range(200):
        queue(line(str(number)))
    queue.close()

    assert writer.written == [line(str(number)) for number in range(200)]
    assert writer.threads.isdisjoint({threading.get_ident()})


def test_a_writer_that_hangs_does_not_block_and_overflow_is_reported() -> None:
    writer = Writer()
    writer.gate.clear()
    queue = EventQueue(writer, max_chars=2000)
    queue.start()
    for number in range(1000):
        queue(line(str(number)))
    queue(Boot("f", "e", 1, 1.0))
    writer.gate.set()
    queue.close()

    dropped = [event.count for event in writer.written if isinstance(event, LinesDropped)]
    kept = sum(isinstance(event, LogLine) for event in writer.written)
    assert Boot("f", "e", 1, 1.0) in writer.written
    assert kept + sum(dropped) == 1000


def test_closing_one_that_was_never_started_is_harmless() -> None:
    writer = Writer()
    queue = EventQueue(writer)
    queue(line("1"))
    queue.close()

    assert writer.written == []


def test_a_batch_that_cannot_be_written_does_not_end_the_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    written: list[str] = []
    failed = threading.Event()

    def write(batch: Sequence[str]) -> None:
        if not failed.is_set():
            failed.set()
            raise TypeError("unsupported operand")
        written.extend(batch)

    def report(_dropped: Mapping[str, int], _is_last: bool) -> Sequence[str]:
        return ()

    queue = BatchQueue(
        "recording", write, report, max_size=9, batch_size=9, batch_seconds=0, close_seconds=90
    )
    queue.start()
    queue.put("first")
    assert failed.wait(90)
    queue.put("second")
    queue.close()

    assert written == ["second"]
    assert "recording: what happened is not written" in caplog.text
