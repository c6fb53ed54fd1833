"""Reading: the last entries over several files, and following across rotation and removal."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from edge.events import Level
from edge.logs.entry import Entry, Kind, render_entry
from edge.logs.files import RotatingFile, list_files
from edge.logs.query import Query
from edge.logs.reader import LogReader

NOON = datetime(2025, 1, 31, 12, tzinfo=UTC)


def numbered(number: int) -> Entry:
    level = Level.ERROR if number % 10 == 0 else Level.INFO
    return Entry(NOON + timedelta(seconds=number), level, Kind.LOG, str(number), "f")


class Log:
    """Writes entries whose messages are numbers, ten or so to a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = RotatingFile(folder, max_bytes=1000, keep=5)
        self._next = 0

    def write(self, count: int) -> None:
        for number in range(self._next, self._next + count):
            self._file.append([render_entry(numbered(number))])
        self._next += count

    def close(self) -> None:
        self._file.close()


@pytest.fixture
def log(folder: Path) -> Iterator[Log]:
    log = Log(folder)
    yield log
    log.close()


def messages(entries: Iterator[Entry] | list[Entry]) -> list[int]:
    return [int(entry.message) for entry in entries]


def test_the_last_ones_come_oldest_first_from_several_files(log: Log) -> None:
    log.write(40)

    assert len(list_files(log.folder)) > 2
    assert messages(LogReader(log.folder).read_last(25)) == list(range(15, 40))
    assert messages(LogReader(log.folder).read_last()) == list(range(40))


def test_a_limit_counts_what_matches(log: Log) -> None:
    log.write(40)

    assert messages(LogReader(log.folder, Query(level=Level.ERROR)).read_last(3)) == [10, 20, 30]


def test_since_leaves_out_the_older(log: Log) -> None:
    log.write(40)
    since = Query(since=NOON + timedelta(seconds=38))

    assert messages(LogReader(log.folder, since).read_last()) == [38, 39]


def test_files_last_written_before_since_are_not_even_read(log: Log) -> None:
    log.write(40)
    oldest, *_ = list_files(log.folder).values()
    os.utime(oldest, (0, 0))

    found = messages(LogReader(log.folder, Query(since=NOON)).read_last())

    assert found
    assert 0 not in found


@pytest.mark.parametrize("limit", [None, 0, 10])
def test_without_a_log_there_is_nothing(folder: Path, limit: int | None) -> None:
    assert LogReader(folder).read_last(limit) == []


def test_a_line_torn_by_a_crash_is_skipped(log: Log) -> None:
    log.write(1)
    (path,) = list_files(log.folder).values()
    path.write_bytes(b'{"time": "2025\n' + path.read_bytes())

    assert messages(LogReader(log.folder).read_last()) == [0]


def test_what_is_new_starts_where_the_last_reading_ended(log: Log) -> None:
    log.write(15)
    reader = LogReader(log.folder)
    reader.read_last(1)
    log.write(3)

    assert messages(reader.read_new()) == [15, 16, 17]
    assert messages(reader.read_new()) == []


def test_following_misses_nothing_across_rotations(log: Log) -> None:
    log.write(5)
    reader = LogReader(log.folder)
    assert messages(reader.read_last(0)) == []
    steps = iter([1, 7, 30, 2])

    followed = messages(islice(reader.follow(lambda: log.write(next(steps))), 40))

    assert followed == list(range(5, 45))


def test_following_starts_before_there_is_a_log(log: Log) -> None:
    reader = LogReader(log.folder)

    assert messages(islice(reader.follow(lambda: log.write(2)), 4)) == [0, 1, 2, 3]


def test_a_line_is_not_taken_before_its_end_is_there(folder: Path) -> None:
    folder.mkdir()
    line = render_entry(numbered(7))
    path = folder / "functions-00000001.jsonl"
    path.write_bytes(line[:20])
    reader = LogReader(folder)

    assert messages(reader.read_new()) == []
    path.write_bytes(line + b"\n")
    assert messages(reader.read_new()) == [7]


def test_a_follower_that_falls_far_behind_goes_on_with_what_is_kept(log: Log) -> None:
    log.write(5)
    reader = LogReader(log.folder)
    reader.read_last()
    log.write(200)

    assert messages(reader.read_new())[-1] == 204


@pytest.mark.parametrize("written_before", [5, 40])
def test_following_survives_the_logs_removal(log: Log, written_before: int) -> None:
    log.write(written_before)
    reader = LogReader(log.folder)
    reader.read_last()
    shutil.rmtree(log.folder)
    anew = Log(log.folder)
    anew.write(2)
    anew.close()

    assert messages(reader.read_new()) == [0, 1]
