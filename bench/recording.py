"""The cost of recording requests, and how long the console's lists take.

One stack of one echo function serves 32 connections without a pause. All that recording takes of a
request's CPU time is added up:

- What is written: the recording's thread and every process of Postgres, which nothing else uses
  here, by their clocks, while recording is on for some seconds at a time; less what they take in
  the same load while it is off.
- What it adds to all else (event loop, workers): recording is switched on and off every tenth of a
  second, in blocks of one slice on and two off in random order; off is all of its parts as if it
  were not enabled. What a slice begins with is left out, and so is what is written, which comes
  later. The machine's own changes are slower than a block, so that pairs of slices of 0.1 s tell
  four times as much as the same time in pairs of slices of 1 s.

The two slices off, compared in the same way, show what the method finds where nothing differs.
What is printed is the mean of the middle half of all blocks, with the interval that holds it with
95 % confidence, by bootstrap. Then 100,000 requests are stored, and
pages of the list are asked for over HTTP; and failing calls are made, and the list is asked until
it has them.
"""

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import struct
import tempfile
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

from bench.support.load import Load, Plan, Visitor, render_request, run_load
from bench.support.machine import print_machine
from bench.support.serve_switched import SERVED
from bench.support.statistics import Series, print_at_most
from edge.emulator.postgres.cluster import Cluster
from edge.project.console_token import read_token
from edge.recording.schema import ensure_partitions
from tests.support.process_tree import family, name_of
from tests.support.processes import ROOT, free_port, python, running, wait_answer
from tests.support.waiting import wait_for

_PATH: Final = "/functions/v1/echo"
_BODY: Final = json.dumps({"name": "Ada", "numbers": [1, 2, 3]}, separators=(",", ":"))
_HEADERS: Final = [
    (b"host", b"127.0.0.1"),
    (b"content-type", b"application/json"),
    (b"content-length", str(len(_BODY)).encode()),
]
_SETTLING: Final = 0.03
"""Seconds until the requests that were on their way when recording was switched are over."""
_SLICE: Final = 0.1
_WARM_UP: Final = 3.0
_STORED: Final = 100_000
_PAGES: Final = (
    "/requests?limit=50",
    "/requests?limit=50&status=5xx",
    "/requests?limit=50&function=function-7",
    "/requests?limit=50&q=there+is+no+such+text&from=1h",
    "/errors",
)
_FILL: Final = """
insert into edge_console.requests (id, kind, function, method, path, status, failed, code, error,
  fingerprint, started_at, duration_ms, cold, request_bytes, response_bytes)
select gen_random_uuid(), 'function', 'function-' || n %% 20, 'POST', '/functions/v1/f' || n %% 20,
  case when n %% 50 = 0 then 500 else 200 end, n %% 50 = 0,
  case when n %% 50 = 0 then 'INTERNAL_ERROR' end, case when n %% 50 = 0 then 'failed ' || n end,
  case when n %% 50 = 0 then 'f' || n %% 20 end,
  now() - n * interval '1.5 s', random() * 100, n %% 1000 = 0, 100, 100
from generate_series(1, %s) n"""


@dataclass(frozen=True, slots=True)
class Switched:
    """A stack with one function, whose recording can be switched off."""

    folder: Path
    port: int
    db_port: int

    def turn(self, *, on: bool) -> None:
        os.kill(self._pid, signal.SIGUSR1 if on else signal.SIGUSR2)

    def run(self, seconds: float) -> Load:
        visitor = Visitor(self.port, [render_request(_PATH, _BODY)])
        load = run_load(Plan([visitor] * 32, seconds, warm_up=0))
        assert not load.errors, load.errors[:3]
        return load

    def processes(self) -> "Processes":
        """The processes of the stack, all of which a warm load has started."""
        members = family(self._pid)
        postgres = [pid for pid in members if name_of(pid).startswith("postgres")]
        return Processes(self, postgres, [pid for pid in members if pid not in postgres])

    def served(self) -> tuple[int, int]:
        """Return the requests so far, and the nanoseconds of CPU of the recording's thread."""
        count, cpu = struct.unpack("=qq", (self.folder / SERVED).read_bytes())
        return count, cpu

    def api(self) -> httpx.Client:
        """A client of the console's API."""
        token = read_token(self.folder / ".edge")
        headers = {"authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{self.port}/console/api"
        return httpx.Client(base_url=url, headers=headers, timeout=60)

    @property
    def _pid(self) -> int:
        return int(json.loads((self.folder / ".edge/lock").read_text())["PID"])


@dataclass(frozen=True, slots=True)
class Processes:
    """Those of Postgres, and all others of the stack."""

    stack: Switched
    postgres: list[int]
    others: list[int]

    def measure(self, seconds: float) -> "Slice":
        """Look at the load for so long."""
        before, began = self._read(), time.perf_counter()
        time.sleep(seconds)
        served, thread, postgres, others = (
            b - a for a, b in zip(before, self._read(), strict=True)
        )
        took = time.perf_counter() - began
        return Slice(served, (others - thread) / 1000, (postgres + thread) / 1000, took)

    def _read(self) -> tuple[int, int, int, int]:
        cpu = _cpu_nanoseconds(self.postgres), _cpu_nanoseconds(self.others)
        return (*self.stack.served(), *cpu)


@dataclass(frozen=True, slots=True)
class Slice:
    """Requests that were served, the seconds that it took, and microseconds of CPU time.

    `writing` is that of the recording's thread and of Postgres, `serving` all other.
    """

    served: int
    serving: float
    writing: float
    took: float

    @property
    def cost(self) -> float:
        return self.serving / self.served

    @property
    def rate(self) -> float:
        return self.served / self.took


@contextmanager
def switched_stack(folder: Path) -> Generator[Switched]:
    """A warm stack that records."""
    shutil.copytree(ROOT / "bench/functions/echo", folder / "functions/echo")
    (folder / "edge.toml").write_text("[recording]\nenabled = true\n")
    found = Switched(folder, free_port(), free_port())
    ports = (str(found.port), str(found.db_port))
    with running(python("-m", "bench.support.serve_switched", str(folder), *ports)):
        answer = wait_answer(found.port, _PATH, _BODY.encode())
        assert json.loads(answer) == json.loads(_BODY), answer
        wait_answer(found.port, "/rest/v1/")
        yield found


def _cpu_nanoseconds(pids: list[int]) -> int:
    """Return the CPU time of processes by their clocks, see clock_getcpuclockid(3)."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            total += time.clock_gettime_ns((~pid << 3) | 2)
    return total


@dataclass(frozen=True, slots=True)
class Blocks:
    """Ratios of slices by block, of CPU time for a request without what is written."""

    recording: list[float]
    """While recording, by the mean of both that do not."""
    nothing: list[float]
    """The one that does not record, by the other."""
    off: list[float]
    """Microseconds without recording."""


def alternate(stack: Switched, *, blocks: int, seconds: float = _SLICE) -> Blocks:
    """Switch recording on for one slice in three, in random order, while the load goes on."""
    chance = random.Random(1)
    found = Blocks([], [], [])
    block = 3 * (seconds + _SETTLING + 0.01)
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(stack.run, _WARM_UP + blocks * block)
        ends = time.monotonic() + _WARM_UP + blocks * block
        time.sleep(_WARM_UP)
        processes = stack.processes()
        while not load.done() and time.monotonic() + block < ends:
            slices: dict[str, Slice] = {}
            for name in chance.sample(("on", "off", "also off"), 3):
                stack.turn(on=name == "on")
                time.sleep(_SETTLING)
                slices[name] = processes.measure(seconds)
            if all(each.served for each in slices.values()):  # else it had no turn on the cores
                off = statistics.fmean((slices["off"].cost, slices["also off"].cost))
                found.recording.append(slices["on"].cost / off)
                found.nothing.append(slices["off"].cost / slices["also off"].cost)
                found.off.append(off)
        load.result()
    stack.turn(on=True)
    return found


def middle(values: list[float]) -> float:
    """Return the mean of the middle half: steadier than the median, and as deaf to outliers."""
    quarter = len(values) // 4
    return statistics.fmean(sorted(values)[quarter : len(values) - quarter])


def interval(values: list[float], draws: int = 4000) -> tuple[float, float]:
    """Return between what their middle lies with 95 % confidence, by bootstrap."""
    chance = random.Random(1)
    found = sorted(middle(chance.choices(values, k=len(values))) for _ in range(draws))
    return found[round(0.025 * draws)], found[round(0.975 * draws) - 1]


def measure_writing(stack: Switched, *, rounds: int, seconds: float) -> list[float]:
    """Return the microseconds that writing takes of a request, by all that is served, by round.

    What Postgres and the thread take without recording, for themselves, is taken off.
    """
    found: list[float] = []
    for _ in range(rounds):
        taken: dict[bool, float] = {}
        for records in (False, True):
            stack.turn(on=records)
            with ThreadPoolExecutor(1) as pool:
                load = pool.submit(stack.run, _WARM_UP + seconds + 1)
                time.sleep(_WARM_UP)
                slice_ = stack.processes().measure(seconds)
                load.result()
            taken[records] = slice_.writing / slice_.served
        found.append(taken[True] - taken[False])
    return found


def print_cost(blocks: Blocks, writing: list[float]) -> float:
    """Print what recording takes of a request's CPU time; return it by that without."""
    off, written = middle(blocks.off), middle(writing)
    print(f"CPU time of a request without recording: {off:.0f} µs, {len(blocks.off)} blocks")
    for what, ratios in (("not recording, twice", blocks.nothing), ("recording", blocks.recording)):
        low, high = interval(ratios)
        print(
            f"{what}, without what is written: {middle(ratios):.2%},"
            f" 95 % from {low:.2%} to {high:.2%}"
        )
    low, high = interval(writing)
    print(
        f"what is written, thread and Postgres: {written:.1f} µs a request,"
        f" 95 % from {low:.1f} to {high:.1f} ({len(writing)} rounds)"
    )
    share = middle(blocks.recording) + written / off
    low, high = (a + b / off for a, b in zip(interval(blocks.recording), (low, high), strict=True))
    print(f"all of it: {share:.2%}, 95 % from {low:.2%} to {high:.2%}")
    return share


def fill(stack: Switched) -> None:
    """Store many requests, of the last two days."""
    cluster = Cluster(stack.folder / ".edge/postgres", port=stack.db_port)
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        today = datetime.now(UTC).date()
        for days in range(3):
            ensure_partitions(connection, today - timedelta(days))
        connection.execute(_FILL, (_STORED,))
        connection.execute("analyze edge_console.requests")


def measure_page(api: httpx.Client, path: str, times: int = 20) -> Series:
    """Ask for a page some times."""
    latencies: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        answer = api.get(path)
        latencies.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.text
    return Series(path, latencies)


def measure_appearance(stack: Switched, api: httpx.Client, times: int = 10) -> Series:
    """Milliseconds from a failing call's answer until the list has it."""
    latencies: list[float] = []
    for _ in range(times):
        failed = httpx.get(f"http://127.0.0.1:{stack.port}/functions/v1/missing")
        request_id = failed.headers["sb-request-id"]
        began = time.perf_counter()

        def is_listed(request_id: str = request_id) -> bool:
            found: list[dict[str, Any]] = api.get("/requests?status=error&limit=5").json()["data"]
            return request_id in {each["id"] for each in found}

        wait_for(is_listed)
        latencies.append((time.perf_counter() - began) * 1000)
    return Series("a failing call is listed", latencies)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_args()
    print_machine()
    with (
        tempfile.TemporaryDirectory() as folder,
        switched_stack(Path(folder)) as records,
    ):
        blocks = alternate(records, blocks=options.blocks)
        share = print_cost(blocks, measure_writing(records, rounds=options.rounds, seconds=6))
        with records.api() as api:
            print(json.dumps(api.get("/summary").json()["recording"]))
            appearance = measure_appearance(records, api)
            print(appearance)
            fill(records)
            pages = [measure_page(api, path) for path in _PAGES]
    for page in pages:
        print(page)
    print_at_most("CPU time for a request while recording", share * 100, 103, "% of that without")
    print_at_most(f"first page of {_STORED:,} requests, p50", pages[0].p50, 300, "ms")
    print_at_most("a failing call is listed, p99", appearance.p99, 1000, "ms")


if __name__ == "__main__":
    main()
