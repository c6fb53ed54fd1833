"""Media jobs: from queue-job to a worker, jobs a second to the workspace, and workers that die.

`--queue redis` puts the messages into Valkey instead of Postgres.
"""

import argparse
import asyncio
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, Final
from uuid import uuid4

import httpx
import psycopg

from bench.pipeline import stack
from bench.support.machine import print_machine
from bench.support.statistics import Series, print_at_least, print_at_most
from edge.tokens import mint
from tests.support.media.database import MediaDatabase
from tests.support.media.valkey import run_valkey

_WORKERS: Final = 4
_USERS: Final = 100
_LEASE_SECONDS: Final = 5
_PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(2048)
_BODY: Final = {"job_type": "sdxl_image_fast", "prompt": "a lighthouse at dawn"}


class Client:
    """A user and an instant worker of one stack."""

    def __init__(self, details: Mapping[str, str], user_id: str) -> None:
        token = mint(details["JWT_SECRET"], "authenticated", sub=user_id, aud="authenticated")
        self._user = {"apikey": details["ANON_KEY"], "authorization": f"Bearer {token}"}
        self._service = {"authorization": f"Bearer {details['SERVICE_ROLE_KEY']}"}
        self._url = details["API_URL"]
        self._http = httpx.AsyncClient(timeout=60)

    async def queue(self) -> str:
        url = f"{self._url}/functions/v1/queue-job"
        answer = await self._http.post(url, json=_BODY, headers=self._user)
        return answer.raise_for_status().json()["jobId"]

    async def pop(self) -> str | None:
        url = f"{self._url}/functions/v1/media-queue/rpop/sdxl_queue"
        answer = await self._http.get(url, headers=self._service)
        return answer.raise_for_status().json()["result"]

    async def finish(self, job: Mapping[str, Any]) -> None:
        path = f"{job['user_id']}/{job['job_id']}/0.png"
        headers = {**self._service, "content-type": "image/png", "x-upsert": "true"}
        url = f"{self._url}/storage/v1/object/workspace-temp/{path}"
        (await self._http.post(url, content=_PNG, headers=headers)).raise_for_status()
        body = {
            "job_id": job["job_id"],
            "status": "completed",
            "assets": [{"type": "image", "url": path}],
        }
        url = f"{self._url}/functions/v1/job-callback"
        (await self._http.post(url, json=body, headers=self._service)).raise_for_status()

    async def close(self) -> None:
        await self._http.aclose()


async def measure_pick_up(details: Mapping[str, str], user_id: str, count: int) -> list[float]:
    """Milliseconds from a user's request to the answer of a worker that asks all the time."""
    user, worker = Client(details, user_id), Client(details, user_id)
    found: dict[str, float] = {}
    times: list[float] = []

    async def ask() -> None:
        while True:
            if job := await worker.pop():
                found[httpx.Response(200, text=job).json()["job_id"]] = time.perf_counter()

    asking = asyncio.create_task(ask())
    for turn in range(count + 10):
        began = time.perf_counter()
        job_id = await user.queue()
        while job_id not in found:  # noqa: ASYNC110 - the other task must not be slowed
            await asyncio.sleep(0)
        if turn >= 10:
            times.append((found[job_id] - began) * 1000)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await user.close()
    await worker.close()
    return times


async def measure_rate(details: Mapping[str, str], user_id: str, count: int) -> float:
    """Jobs a second, from requests of 16 clients to rows in the workspace by instant workers."""
    clients = [Client(details, user_id) for _ in range(16 + _WORKERS)]
    left = iter(range(count))
    done = 0

    async def ask(client: Client) -> None:
        for _ in left:
            await client.queue()

    async def work(client: Client) -> None:
        nonlocal done
        while done < count:
            if job := await client.pop():
                await client.finish(httpx.Response(200, text=job).json())
                done += 1

    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for client in clients[:16]:
            tasks.create_task(ask(client))
        for client in clients[16:]:
            tasks.create_task(work(client))
    seconds = time.perf_counter() - began
    for client in clients:
        await client.close()
    return count / seconds


def kill_workers(details: Mapping[str, str], jobs: int, pause: float) -> None:
    """Let processes work that are killed at random; count what is lost or stored twice."""
    with psycopg.connect(details["DB_URL"], autocommit=True) as connection:
        media = MediaDatabase(connection)
        connection.execute("delete from public.jobs")
        connection.execute("update media.queues set visibility_seconds = %s", (_LEASE_SECONDS,))
        users = [media.add_user() for _ in range(_USERS)]
        for turn in range(jobs):
            media.enqueue(users[turn % _USERS], max_attempts=20)
        began = time.perf_counter()
        kills = _kill_until_done(details, media, pause)
        seconds = time.perf_counter() - began
        states = media.ask(
            "select jsonb_object_agg(status, n) from"
            " (select status, count(*) n from public.jobs group by 1) s"
        )
        assets = media.ask("select count(*) from public.workspace_assets")
        retried = media.ask("select count(*) from public.jobs where attempts > 1")
        waits = connection.execute(
            "select avg(extract(epoch from completed_at - created_at))::float"
            " from public.jobs group by user_id"
        ).fetchall()
    means = [wait for (wait,) in waits]
    print(f"{jobs:,} jobs of {_USERS} users, {kills} workers killed: {seconds:.0f} s, {states}")
    print(f"{retried} jobs were drawn again after a kill; {assets:,} assets")
    print_at_most("jobs lost or stored twice", abs(assets - jobs), 0, "jobs")
    ratio = max(means) / min(means)
    print_at_most("longest by shortest mean wait of a user", ratio, 2, "times")
    print(f"mean wait {statistics.mean(means):.1f} s")


def _kill_until_done(details: Mapping[str, str], media: MediaDatabase, pause: float) -> int:
    dice = random.Random(7)
    command = [sys.executable, "-m", "bench.media_worker", details["API_URL"]]
    environment = {**os.environ, "SERVICE_ROLE_KEY": details["SERVICE_ROLE_KEY"]}
    workers = [subprocess.Popen(command, env=environment) for _ in range(_WORKERS)]
    kills = 0
    try:
        while media.ask("select count(*) from public.jobs where status <> 'completed'"):
            time.sleep(dice.uniform(0.5, 1.5) * pause)
            victim = dice.randrange(_WORKERS)
            workers[victim].kill()
            workers[victim].wait()
            kills += 1
            workers[victim] = subprocess.Popen(command, env=environment)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    return kills


def _add_user(details: Mapping[str, str]) -> str:
    user_id = str(uuid4())
    with psycopg.connect(details["DB_URL"], autocommit=True) as connection:
        connection.execute("insert into auth.users (id) values (%s)", (user_id,))
    return user_id


@contextmanager
def _queue(kind: str) -> Generator[None]:
    with run_valkey() if kind == "redis" else nullcontext("") as url:
        os.environ["QUEUE_URL"] = url
        yield


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queue", choices=("pgmq", "redis"), default="pgmq")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--pause", type=float, default=4, help="seconds between two kills")
    options = parser.parse_args()
    print_machine()
    with _queue(options.queue), stack("queue_job", "job_callback", "media_queue") as details:
        user_id = _add_user(details)
        times = asyncio.run(measure_pick_up(details, user_id, options.requests))
        print(Series(f"queued to picked up, {options.queue}", times))
        rate = asyncio.run(measure_rate(details, user_id, options.requests))
        print_at_least(f"jobs to the workspace, {options.queue}", rate, 20, "jobs/s")
        if options.queue == "pgmq":
            kill_workers(details, options.jobs, options.pause)


if __name__ == "__main__":
    main()
