"""enhance-prompt with a cached template and an instant worker; database reads that the cache saves.

A trace of 10,000 requests goes through the whole stack; Postgres itself counts the reads of the
templates and of their revision. Without a cache each request reads its template once. Then the
same number of requests at lower rates, with a clock that is moved on, and templates that change.
"""

import argparse
import asyncio
import json
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import psycopg

from bench.pipeline import stack
from bench.support.load import Load, Plan, Visitor, render_request, run_load
from bench.support.machine import print_machine
from bench.support.statistics import print_at_least, print_at_most
from shared.env import SupabaseEnv
from shared.prompts.cache import PromptCache
from shared.prompts.store import DatabaseStore

_PATH: Final = "/functions/v1/enhance-prompt"
_ANSWER: Final = json.dumps(
    {"success": True, "enhanced_prompt": "a red fox, low sun", "model_info": {"name": "instant"}}
).encode()
_RATES: Final = (20.0, 5.0, 1.0)
_SUBJECTS: Final = ("a fox", "an old pier", "a lighthouse", "two sailors", "a market", "a glacier")


class _Instant(asyncio.Protocol):
    """Answers each POST at once."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        if separator and len(body) >= length:
            self._received = b""
            self._transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
                b"%d\r\n\r\n%b" % (len(_ANSWER), _ANSWER)
            )


@contextmanager
def instant_worker() -> Generator[str]:
    """Serve the worker in a thread; yield its URL."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(_Instant, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass(frozen=True, slots=True)
class _Reads:
    """How often Postgres has read the templates, and their revision."""

    templates: int
    revision: int

    @property
    def total(self) -> int:
        return self.templates + self.revision


def read_counts(dsn: str) -> _Reads:
    """Ask Postgres; its counts are up to a second old."""
    time.sleep(2)
    query = (
        "select sum(seq_scan + coalesce(idx_scan, 0)) from pg_stat_user_tables where relname = %s"
    )
    with psycopg.connect(dsn) as connection:
        found = [
            connection.execute(query, (name,)).fetchone()
            for name in ("prompt_templates", "prompt_revision")
        ]
    return _Reads(*(int(row[0]) if row else 0 for row in found))


def _requests(key: str, count: int) -> list[str]:
    random = Random(7)
    kinds = ("sdxl_image_high", "sdxl_image_fast", "rv51_high", "wan_video_fast")
    bodies = (
        {"prompt": random.choice(_SUBJECTS), "jobType": random.choice(kinds)} for _ in range(count)
    )
    headers = {"authorization": f"Bearer {key}"}
    return [render_request(_PATH, json.dumps(body), headers) for body in bodies]


def _run(port: int, requests: list[str], connections: int) -> Load:
    visitors = [Visitor(port, requests[n::connections], once=True) for n in range(connections)]
    load = run_load(Plan(visitors, 300, warm_up=0))
    assert not load.errors, load.errors[:3]
    return load


def measure_latency(details: Mapping[str, str], port: int) -> None:
    """One request after the other."""
    _run(port, _requests(details["SERVICE_ROLE_KEY"], 400), 4)
    load = _run(port, _requests(details["SERVICE_ROLE_KEY"], 2_000), 1)
    series = load.series("enhance-prompt, cached template, instant worker")
    print(series)
    print_at_most("enhance-prompt, p50", series.p50, 8, "ms")


def measure_reads(details: Mapping[str, str], port: int, count: int) -> None:
    """A trace through the whole stack."""
    before = read_counts(details["DB_URL"])
    load = _run(port, _requests(details["SERVICE_ROLE_KEY"], count), 8)
    after = read_counts(details["DB_URL"])
    reads = after.total - before.total
    print(f"{count:,} requests at {load.rate:,.0f}/s: {reads} reads of templates and revision")
    print_at_least("fewer database reads", (1 - reads / count) * 100, 95, "%")


async def measure_rates(details: Mapping[str, str], count: int) -> None:
    """The cache of one process on random arrivals; a template changes after each fifth of them."""
    env = SupabaseEnv(details["API_URL"], (), (details["SERVICE_ROLE_KEY"],), "")
    change = "update prompt_templates set updated_at = now() where template_name = 'chat_general'"
    with psycopg.connect(details["DB_URL"], autocommit=True) as connection:
        for rate in _RATES:
            random, now = Random(11), 0.0
            cache = PromptCache(lambda: now)  # noqa: B023 - read within the loop only
            for number in range(count):
                now += random.expovariate(rate)
                if number % (count // 5) == 0:
                    connection.execute(change)
                await cache.get(DatabaseStore(env))
            saved = (1 - cache.counters.queries / count) * 100
            print(f"at {rate:g}/s: {cache.describe()}, {saved:.1f} % fewer reads")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    options = parser.parse_args()
    print_machine()
    with stack("enhance_prompt") as details, instant_worker() as url:
        with psycopg.connect(details["DB_URL"]) as connection:
            connection.execute(
                "insert into workers (worker_type, kind, base_url, health, last_seen_at)"
                " values ('chat', 'openai-chat', %s, 'healthy', now())",
                (url,),
            )
        port = int(details["API_URL"].rpartition(":")[2])
        measure_latency(details, port)
        measure_reads(details, port, options.requests)
        asyncio.run(measure_rates(details, options.requests))


if __name__ == "__main__":
    main()
