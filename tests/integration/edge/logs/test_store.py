"""The store: events are in the files a moment later, whatever a function prints."""

import json
import threading
import time
from pathlib import Path

from edge.events import Boot, Level, LogLine
from edge.logs.entry import Entry, Kind
from edge.logs.files import list_files
from edge.logs.rate_limit import LineRate
from edge.logs.reader import LogReader
from edge.logs.store import LogStore
from tests.support.waiting import PATIENCE


def line(text: str, slug: str = "f") -> LogLine:
    return LogLine(slug, "e", "stdout", Level.INFO, text)


def read(folder: Path) -> list[Entry]:
    return LogReader(folder).read_last()


def wait_for(folder: Path, count: int, deadline: float = PATIENCE) -> list[Entry]:
    end = time.monotonic() + deadline
    while len(entries := read(folder)) < count and time.monotonic() < end:
        time.sleep(0.01)
    return entries


def test_an_event_can_be_read_a_moment_later(store: LogStore, folder: Path) -> None:
    before = time.time()
    store(Boot("f", "e", 7, 20.0))

    (entry,) = wait_for(folder, 1)

    assert (entry.kind, entry.function) == (Kind.BOOT, "f")
    assert before - 0.001 <= entry.time.timestamp() <= time.time()


def test_closing_writes_what_is_left(store: LogStore, folder: Path) -> None:
    for number in range(1000):
        store(line(str(number)))
    store.close()

    assert [entry.message for entry in read(folder)] == [str(number) for number in range(1000)]


def test_binary_output_and_half_characters_are_kept_as_json(store: LogStore, folder: Path) -> None:
    nasty = "\x00\x1b[2J\ufffd\ud800\u2028\x85 \\ud800 \"'"
    store(line(nasty))
    store.close()

    (path,) = list_files(folder).values()
    assert json.loads(path.read_text(encoding="utf-8"))["message"] == nasty
    assert read(folder)[0].message == nasty


def test_a_function_over_its_rate_is_reported_in_one_entry(folder: Path) -> None:
    store = LogStore(folder, rate=LineRate(lines=100, seconds=10))
    store.start()
    for number in range(250):
        store(line(str(number), "noisy"))
    store(line("hello", "quiet"))
    store.close()

    kinds = [(entry.function, entry.kind) for entry in read(folder)]
    assert kinds.count(("noisy", Kind.LOG)) == 100
    assert kinds.count(("noisy", Kind.LINES_DROPPED)) == 1
    assert kinds.count(("quiet", Kind.LOG)) == 1
    assert store.dropped_lines() == {"noisy": 150}


def test_the_rate_is_reported_although_nothing_more_is_written(folder: Path) -> None:
    store = LogStore(folder, rate=LineRate(lines=1, seconds=0.2))
    store.start()
    store(line("kept"))
    store(line("dropped"))

    entries = wait_for(folder, 2)
    store.close()

    assert [entry.kind for entry in entries] == [Kind.LOG, Kind.LINES_DROPPED]


def test_in_a_flood_every_line_is_either_kept_or_counted(store: LogStore, folder: Path) -> None:
    text = "x" * 9_000
    for _ in range(4_500):  # 40 MB, less than the files hold
        store(line(text))
    store.close()

    entries = read(folder)
    kept = sum(entry.kind is Kind.LOG for entry in entries)
    reported = sum(e.fields["count"] for e in entries if e.kind is Kind.LINES_DROPPED)
    assert kept + reported == 4_500
    assert store.dropped_lines().get("f", 0) == reported > 0


def test_a_disk_that_refuses_is_survived_and_reported_when_it_recovers(folder: Path) -> None:
    folder.write_text("a file is in the way")
    store = LogStore(folder)
    store.start()
    store(line("lost"))
    end = time.monotonic() + PATIENCE
    while not store.dropped_lines() and time.monotonic() < end:
        time.sleep(0.01)
    folder.unlink()
    store(line("kept"))
    store.close()

    entries = {entry.kind: entry for entry in read(folder)}
    assert entries.keys() == {Kind.LOG, Kind.LINES_DROPPED}
    assert entries[Kind.LINES_DROPPED].fields == {"count": 1, "cause": "storage"}
    assert store.dropped_lines() == {"f": 1}


def test_an_event_costs_its_sender_next_to_nothing_while_others_are_written(
    store: LogStore,
) -> None:
    for _ in range(5_000):
        store(line("x" * 500))

    costs: list[float] = []
    for _ in range(2_000):
        began = time.perf_counter()
        store(line("y"))
        costs.append(time.perf_counter() - began)

    assert sorted(costs)[len(costs) // 2] < 0.0005


def test_it_leaves_no_thread_behind(folder: Path) -> None:
    before = set(threading.enumerate())
    store = LogStore(folder)
    store.start()
    store(line("x"))
    store.close()

    new = set(threading.enumerate()) - before  # others may come and go
    assert not [thread for thread in new if thread.name == "log-queue"]
