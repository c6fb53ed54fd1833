"""The relay: events arrive in order on another thread, and a slow writer holds nobody up."""

import threading
from collections.abc import Sequence

from edge.events import Boot, Event, Level, LogLine
from edge.logs.backlog import Backlog, LinesDropped, Stamped
from edge.logs.relay import Relay


class Writer:
    """Collects what it is given, once it is let."""

    def __init__(self) -> None:
        self.written: list[Event | LinesDropped] = []
        self.threads: set[int] = set()
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, batch: Sequence[Stamped]) -> None:
        self.gate.wait()
        self.threads.add(threading.get_ident())
        self.written += [stamped.event for stamped in batch]


def line(number: int) -> LogLine:
    return LogLine("f", "e", "stdout", Level.INFO, str(number))


def test_events_arrive_in_order_on_another_thread() -> None:
    writer = Writer()
    relay = Relay(writer)
    relay.start()
    for number in range(200):
        relay(line(number))
    relay.close()

    assert writer.written == [line(number) for number in range(200)]
    assert writer.threads.isdisjoint({threading.get_ident()})


def test_a_writer_that_hangs_holds_nobody_up_and_what_overflows_is_told() -> None:
    writer = Writer()
    writer.gate.clear()
    relay = Relay(writer, Backlog(max_chars=2000))
    relay.start()
    for number in range(1000):
        relay(line(number))
    relay(Boot("f", "e", 1, 1.0))
    writer.gate.set()
    relay.close()

    dropped = [event.count for event in writer.written if isinstance(event, LinesDropped)]
    kept = sum(isinstance(event, LogLine) for event in writer.written)
    assert Boot("f", "e", 1, 1.0) in writer.written
    assert kept + sum(dropped) == 1000


def test_closing_one_that_was_never_started_is_harmless() -> None:
    writer = Writer()
    relay = Relay(writer)
    relay(line(1))
    relay.close()

    assert writer.written == []
