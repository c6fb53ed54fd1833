"""The program that converts CSV starts quickly, however much memory this process has."""

import asyncio
import time

import pytest

from edge.emulator.rest.csv_program import convert_csv
from tests.support.loop_time import longest_step

uvloop = pytest.importorskip("uvloop", reason="the loop of `edge start` where it is installed")
BALLAST = 400 << 20
TRIES = 7


def test_starting_the_program_copies_no_tables_of_memory() -> None:
    ballast = bytearray(BALLAST)
    ballast[::4096] = b"x" * len(ballast[::4096])
    steps: list[float] = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for _ in range(TRIES):
            work = longest_step(convert_csv(b"title,n\na,1\n", 10), time.monotonic)
            found, seconds = runner.run(work)
            steps.append(seconds)

    assert (found.keys, found.raw) == (("title", "n"), b'[["a","1"]]')
    assert min(steps) < 0.012, steps
