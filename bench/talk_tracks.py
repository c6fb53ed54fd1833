"""Talk tracks: a deck of 55 slides as a job and as a sequential loop, the creation of a job, and
200 jobs at once on two workers.

The local models simulate the provider's latency, divided by `--scale`; results are multiplied by
it. Our own time is not divided, so it counts `--scale` times.
"""

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import httpx

from bench.pipeline import stack
from bench.support.machine import print_machine
from bench.support.statistics import Series, print_at_least, print_at_most
from bench.talk_track_workers import two_workers
from tests.support.processes import ROOT
from tests.support.talk_tracks.users import JOBS, User, create_user, delay, vary_delay

DECK: Final[dict[str, Any]] = json.loads((ROOT / "samples/deck_55_slides.json").read_text())
_CALL_SECONDS: Final = 20.0
_PAUSE_SECONDS: Final = 2.0
_CHUNK: Final = 10
_USERS: Final = 20
_JOBS_EACH: Final = 10
_CALLS: Final = _USERS * _JOBS_EACH * 6
_SCHEMA: Final = {
    "type": "object",
    "properties": {
        "slides": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "slideNumber": {"type": "integer"},
                    "script": {"type": "string"},
                    "duration": {"type": "number"},
                    "notes": {"type": "string"},
                },
            },
        }
    },
}


def write_in_sequence(details: Mapping[str, str], scale: float) -> float:
    """Measure the loop that jobs replaced (a chunk, a pause, the next), in seconds."""
    delay(details, _CALL_SECONDS / scale, times=6)
    slides = DECK["slides"]
    url = f"{details['API_URL']}/providers/openai/v1/responses"
    headers = {"Authorization": "Bearer local"}
    began = time.perf_counter()
    with httpx.Client(timeout=120, headers=headers) as client:
        for start in range(0, len(slides), _CHUNK):
            if start:
                time.sleep(_PAUSE_SECONDS / scale)
            chunk = json.dumps(slides[start : start + _CHUNK])
            form = {"type": "json_schema", "name": "chunk", "schema": _SCHEMA}
            body = {
                "model": "m",
                "input": f"<slides>{chunk}</slides>",
                "text": {"format": form},
            }
            client.post(url, json=body).raise_for_status()
    return time.perf_counter() - began


def write_as_job(details: Mapping[str, str], user: User, scale: float) -> float:
    """Measure from creating the job to its completion, in seconds, by polling."""
    delay(details, _CALL_SECONDS / scale, times=6)
    began = time.perf_counter()
    with user.client() as client:
        job_id = user.create(client)
        while (status := user.status(client, job_id)) in {"pending", "processing"}:
            time.sleep(0.02)
    assert status == "completed", status
    return time.perf_counter() - began


def measure_deck(details: Mapping[str, str], runs: int, scale: float) -> None:
    user = create_user(details, DECK)
    write_as_job(details, user, scale=1000.0)  # warms both functions up
    ours = [write_as_job(details, user, scale) * scale for _ in range(runs)]
    loop = [write_in_sequence(details, scale) * scale for _ in range(runs)]
    for name, values in (("55 slides as a job", ours), ("55 slides in sequence", loop)):
        print(Series(name, [seconds * 1000 for seconds in values]))
    worst = max(ours)
    print_at_most("55 slides, each call 20 s", worst, 45, "s")
    print_at_least("55 slides, against the loop", min(loop) / worst, 3, "times as fast")


def measure_creation(details: Mapping[str, str], requests: int) -> None:
    """Measure job creation alone: the provider is delayed until after the measurement."""
    user = create_user(details, DECK)
    delay(details, 600.0, times=1000)
    times: list[float] = []
    with user.client() as client:
        for number in range(requests + 20):
            began = time.perf_counter()
            user.create(client)
            if number >= 20:
                times.append((time.perf_counter() - began) * 1000)
        user.remove_jobs(client)
    series = Series("create a job", times)
    print(series)
    print_at_most("create a job, p50", series.p50, 15, "ms")
    print_at_most("create a job, p99", series.p99, 50, "ms")


async def _poll(user: User, job_id: str, times: list[float], ended: asyncio.Event) -> None:
    async with httpx.AsyncClient(headers=user.headers, timeout=60) as client:
        while not ended.is_set():
            began = time.perf_counter()
            (await client.get(f"{user.url}{JOBS}/{job_id}")).raise_for_status()
            times.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.05)


async def _await_all(users: list[User]) -> list[Counter[str]]:
    """Return the completed jobs by user, sampled until all are done."""
    samples: list[Counter[str]] = []
    async with httpx.AsyncClient(headers=users[0].admin_headers, timeout=60) as client:
        while not samples or samples[-1].total() < len(users) * _JOBS_EACH:
            answer = await client.get(
                f"{users[0].url}/rest/v1/talk_track_jobs",
                params={"select": "user_id", "status": "eq.completed"},
            )
            samples.append(Counter(row["user_id"] for row in answer.json()))
            await asyncio.sleep(2)  # sampling costs CPU time of the measuring process
    return samples


async def _work_off(users: list[User], job_id: str) -> tuple[list[float], list[Counter[str]]]:
    times: list[float] = []
    ended = asyncio.Event()
    polling = asyncio.create_task(_poll(users[0], job_id, times, ended))
    samples = await _await_all(users)
    ended.set()
    await polling
    return times, samples


def measure_many(details: Mapping[str, str]) -> None:
    users = [create_user(details, DECK) for _ in range(_USERS)]
    with two_workers(details) as workers:
        delay(details, 0.0, times=6)
        workers.warm_up(users[0])
        for user in users:
            user.insert_jobs(_JOBS_EACH)
        vary_delay(details, _CALLS)
        memory = workers.memory()
        began = time.perf_counter()
        job_id = users[0].any_job()
        workers.reap()
        times, samples = asyncio.run(_work_off(users, job_id))
        seconds = time.perf_counter() - began
        grown = max(after - before for before, after in zip(memory, workers.memory(), strict=True))
    half = next(sample for sample in samples if sample.total() >= _USERS * _JOBS_EACH / 2)
    share = [half[user.user_id] for user in users]
    print(f"200 jobs of 55 slides, two workers, calls of 1.5 to 2.5 s: {seconds:.1f} s")
    print(f"after half of them, each user has between {min(share)} and {max(share)} of 10")
    polls = Series("status polls meanwhile", times)
    print(polls)
    print_at_most("200 jobs: users apart at half time", max(share) - min(share), 2, "jobs")
    print_at_most("200 jobs: growth of a worker", grown / 1024, 16, "MB")
    print_at_most("200 jobs: status polls, p99", polls.p99, 20, "ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", type=float, default=4.0)
    parser.add_argument("--requests", type=int, default=300)
    options = parser.parse_args()
    print_machine()
    with stack("talk_track_jobs", "generate_talk_track") as details:
        measure_deck(details, options.runs, options.scale)
        measure_creation(details, options.requests)
    with stack("talk_track_jobs") as details:
        measure_many(details)


if __name__ == "__main__":
    main()
