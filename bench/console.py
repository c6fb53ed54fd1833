"""The console: first page after a cold visit, a failing call's way into the list, long lists.

The first page is measured in Chromium, from opening the link while no process of the console runs
to the first heading. The list is what the API answers for the newest page and for a filtered one,
with the given number of requests stored.
"""

import argparse
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from playwright.sync_api import Page, sync_playwright

from bench.support.machine import print_machine
from bench.support.statistics import Series, print_at_most
from tests.support.recorded_stack import RecordedStack, create_recorded_project, running_stack
from tests.support.waiting import wait_gone

_FILL = """
insert into edge_console.requests
  (id, execution_id, function, method, path, status, failed, started_at, duration_ms, kind,
   role, cold, request_bytes, response_bytes)
select gen_random_uuid(), gen_random_uuid()::text, 'fn-' || mod(n, 20), 'POST',
  '/functions/v1/fn-' || mod(n, 20), case when mod(n, 50) = 0 then 500 else 200 end, mod(n, 50) = 0,
  now() - n * interval '10 milliseconds', mod(n, 300), 'function', 'anon',
  false, 10, 10
from generate_series(1, %s) n"""


def measure_cold(page: Page, recorded: RecordedStack, runs: int) -> Series:
    """Measure from opening the link, without a process, to the first heading."""
    values: list[float] = []
    for _ in range(runs):
        _end_process(recorded)
        began = time.perf_counter()
        page.goto(recorded.stack.settings.console_url or "")
        page.wait_for_url("**/console/")
        page.wait_for_selector("h1")
        values.append((time.perf_counter() - began) * 1000)
    return Series("first page, cold", values)


def _end_process(recorded: RecordedStack) -> None:
    process = recorded.stack.console.process
    pid = process.pid if process else None
    if pid is not None:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        wait_gone(pid)


def measure_live(page: Page, recorded: RecordedStack, runs: int) -> Series:
    """Measure from a failing call's answer to its row on the open page."""
    values: list[float] = []
    page.goto("/console/requests")
    page.wait_for_selector("h1")
    page.mouse.move(5, 5)
    for _ in range(runs):
        request_id = recorded.call("broken", json={}).headers["sb-request-id"]
        began = time.perf_counter()
        page.wait_for_selector(f"[data-key='{request_id}']")
        values.append((time.perf_counter() - began) * 1000)
    return Series("a failing call appears", values)


def measure_list(recorded: RecordedStack, query: dict[str, str], runs: int) -> Series:
    """Measure the API's answer for the first page."""
    values: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        rows = recorded.list(**query)
        values.append((time.perf_counter() - began) * 1000)
        assert len(rows) == 50
    return Series(f"list {query or 'newest'}", values)


def report(series: Series, limit: float) -> None:
    """Print the series, and whether its median meets the target."""
    print(series)
    print_at_most(series.name, series.p50, limit, "ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--requests", type=int, default=100_000)
    args = parser.parse_args()
    print_machine()
    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        project = create_recorded_project(Path(folder))
        with running_stack(project) as recorded:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            url = recorded.stack.settings.api_url
            page = browser.new_context(base_url=url).new_page()
            report(measure_cold(page, recorded, args.runs), 3000)
            report(measure_live(page, recorded, args.runs), 1000)
            with psycopg.connect(recorded.stack.cluster.dsn(), autocommit=True) as connection:
                connection.execute(_FILL, (args.requests,))
                connection.execute("analyze edge_console.requests")
            for query in ({}, {"status": "5xx"}, {"function": "fn-3"}, {"q": "fn-7"}):
                report(measure_list(recorded, query, args.runs * 4), 300)
            browser.close()


if __name__ == "__main__":
    main()
