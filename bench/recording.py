"""The cost of recording requests, and how long the console's lists take.

One stack of one echo function serves 32 connections without a pause, while its recording is
switched on and off each second, in pairs of which the first is on in turn; off is all of its parts
as if it were not enabled. The cost is the CPU time that all processes of the stack take for a
request, its database included; of the pairs' ratios the median is printed, with the interval that
holds it with 95 % confidence. With --control it is always off, and what differs is noise. What the
recording itself takes is added up besides: its thread, its backend of Postgres, and its work on the
event loop, measured alone with requests that are recorded and others that are beyond its rate. Then
100,000 requests are stored, and pages of the list are asked for over HTTP; and failing calls are
made, and the list is asked until it has them.
"""

import argparse
import asyncio
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
from starlette.types import Message, Receive, Scope, Send

from bench.support.load import Load, Plan, Visitor, render_request, run_load
from bench.support.machine import print_machine
from bench.support.serve_switched import SERVED
from bench.support.statistics import Series, print_at_most
from edge.emulator.postgres.cluster import Cluster
from edge.events import RequestServed
from edge.operating_system import cpu_seconds
from edge.project.console_token import read_token
from edge.project.recording import RecordingSettings
from edge.recording.recorder import Recorder
from edge.recording.schema import ensure_partitions
from tests.support.process_tree import family
from tests.support.processes import ROOT, free_port, python, running, wait_answer
from tests.support.waiting import wait_for

_PATH: Final = "/functions/v1/echo"
_BODY: Final = json.dumps({"name": "Ada", "numbers": [1, 2, 3]}, separators=(",", ":"))
_HEADERS: Final = [
    (b"host", b"127.0.0.1"),
    (b"content-type", b"application/json"),
    (b"content-length", str(len(_BODY)).encode()),
]
_SETTLING: Final = 0.35
"""Seconds until what was on its way when recording was switched is over: batches wait 0.2."""
_WARM_UP: Final = 3.0
_STORED: Final = 100_000
_PAGES: Final = (
    "/requests?limit=50",
    "/requests?limit=50&status=5xx",
    "/requests?limit=50&function=function-7",
    "/requests?limit=50&q=there+is+no+such+text&from=1h",
    "/errors",
)
_BACKENDS: Final = "select pid from pg_stat_activity where application_name = 'edge-recording'"
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

    def measure(self, seconds: float) -> "Slice":
        """Look at the load for so long, once what was on its way is over."""
        members = family(self._pid)
        time.sleep(_SETTLING)
        counted, cpu, began = self.served(), _cpu_nanoseconds(members), time.perf_counter()
        time.sleep(seconds)
        served, took = self.served() - counted, time.perf_counter() - began
        return Slice(served, (_cpu_nanoseconds(members) - cpu) / 1000, took)

    def served(self) -> int:
        return struct.unpack("=q", (self.folder / SERVED).read_bytes())[0]

    def cpu_seconds(self) -> float:
        """CPU time of the stack, its workers and its database so far."""
        return sum(map(cpu_seconds, family(self._pid)))

    def own_cpu_seconds(self) -> float:
        """CPU time of the recording's thread and of its backend so far."""
        with self.api() as api:
            thread = float(api.get("/summary").json()["recording"]["cpu_seconds"])
        cluster = Cluster(self.folder / ".edge/postgres", port=self.db_port)
        with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
            rows = connection.execute(_BACKENDS).fetchall()
        return thread + sum(cpu_seconds(int(row[0])) for row in rows)

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
class Slice:
    """Requests that were served, and the microseconds of CPU time and the seconds of it."""

    served: int
    cpu: float
    took: float

    @property
    def cost(self) -> float:
        return self.cpu / self.served

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


def compare(stack: Switched, *, pairs: int, seconds: float, control: bool) -> float:
    """Return the CPU time for a request while recording, by that without, in pairs of slices."""
    costs: list[float] = []
    rates: list[float] = []
    last: dict[bool, Slice] = {}
    with ThreadPoolExecutor(1) as pool:
        pair = 2 * (seconds + _SETTLING + 0.2)
        load = pool.submit(stack.run, _WARM_UP + pairs * pair)
        ends = time.monotonic() + pairs * pair
        time.sleep(_WARM_UP)
        for number in range(pairs):
            if load.done() or time.monotonic() + pair > ends:  # a busy machine: fewer pairs
                break
            for records in (True, False) if number % 2 else (False, True):
                stack.turn(on=records and not control)
                last[records] = stack.measure(seconds)
            if not (last[True].served and last[False].served):  # it had no turn on the cores
                continue
            costs.append(last[True].cost / last[False].cost)
            rates.append(last[True].rate / last[False].rate)
        load.result()
    stack.turn(on=True)
    for what, found in (("CPU time for a request", costs), ("requests a second", rates)):
        low, high = interval(found)
        print(
            f"{what}, recording of not recording, {len(found)} pairs: median"
            f" {statistics.median(found):.2%}, 95 % from {low:.2%} to {high:.2%}"
        )
    return statistics.median(costs)


def interval(values: list[float], draws: int = 4000) -> tuple[float, float]:
    """Return between what the median lies with 95 % confidence, by bootstrap."""
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(draws))
    return medians[round(0.025 * draws)], medians[round(0.975 * draws) - 1]


@dataclass(frozen=True, slots=True)
class OwnCost:
    """Microseconds of CPU time for a request: what recording takes, by where, and all of it."""

    writing: float
    looping: float
    total: float

    @property
    def share(self) -> float:
        return (self.writing + self.looping) / (self.total - self.writing - self.looping)

    def __str__(self) -> str:
        return (
            f"recording itself: {self.writing:.1f} µs by its thread and its backend,"
            f" {self.looping:.1f} µs on the event loop, of {self.total:.0f} µs for a request"
        )


def measure_own_cost(records: Switched, *, rounds: int, seconds: float) -> OwnCost:
    """Add up what recording takes of each request's CPU time."""
    costs: list[OwnCost] = []
    skipped, kept = measure_loop(rate=0), measure_loop(rate=1_000_000)
    for _ in range(rounds):
        records.run(_WARM_UP)
        before = (_stored(records), records.own_cpu_seconds(), records.cpu_seconds())
        requests = len(records.run(seconds).latencies)
        after = (_stored(records), records.own_cpu_seconds(), records.cpu_seconds())
        stored, own, all_ = (b - a for a, b in zip(before, after, strict=True))
        looping = skipped + (kept - skipped) * stored / requests
        costs.append(OwnCost(own / requests * 1e6, looping, all_ / requests * 1e6))
    return sorted(costs, key=lambda cost: cost.share)[len(costs) // 2]


def _stored(stack: Switched) -> float:
    with stack.api() as api:
        return float(api.get("/summary").json()["recording"]["stored"])


def measure_loop(rate: int, requests: int = 5000, rounds: int = 9) -> float:
    """Return the microseconds that recording takes of the event loop for a request."""

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": _BODY.encode()})

    async def receive() -> Message:
        return {"type": "http.request", "body": _BODY.encode(), "more_body": False}

    async def send(_message: Message) -> None:
        return

    served = RequestServed("echo", "e" * 36, "r" * 36, "POST", "/echo", 200, 3.0)
    scope: Scope = {"type": "http", "method": "POST", "raw_path": b"/echo", "query_string": b""}
    scope["headers"] = _HEADERS

    async def run(recorder: Recorder | None) -> float:
        target = recorder.wrap(app, "function", "/functions/v1") if recorder else app
        began = time.thread_time()
        for _ in range(requests):
            await target(scope, receive, send)
            if recorder:
                recorder(served)
        return (time.thread_time() - began) / requests * 1e6

    def create() -> Recorder:
        recorder = Recorder(RecordingSettings(per_second=rate))
        recorder._budget.burst = recorder._budget._left = float(rate)  # pyright: ignore[reportPrivateUsage]
        return recorder

    plain = min(asyncio.run(run(None)) for _ in range(rounds))
    return min(asyncio.run(run(create())) for _ in range(rounds)) - plain


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
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--control", action="store_true", help="never record")
    options = parser.parse_args()
    print_machine()
    with (
        tempfile.TemporaryDirectory() as folder,
        switched_stack(Path(folder)) as records,
    ):
        share = compare(
            records, pairs=options.pairs, seconds=options.seconds, control=options.control
        )
        if options.control:
            return
        own = measure_own_cost(records, rounds=6, seconds=6)
        print(own)
        with records.api() as api:
            print(json.dumps(api.get("/summary").json()["recording"]))
            appearance = measure_appearance(records, api)
            print(appearance)
            fill(records)
            pages = [measure_page(api, path) for path in _PAGES]
    for page in pages:
        print(page)
    print_at_most("CPU time for a request while recording", share * 100, 103, "% of that without")
    print_at_most("what recording itself takes", own.share * 100, 3, "% of a request's CPU time")
    print_at_most(f"first page of {_STORED:,} requests, p50", pages[0].p50, 300, "ms")
    print_at_most("a failing call is listed, p99", appearance.p99, 1000, "ms")


if __name__ == "__main__":
    main()
