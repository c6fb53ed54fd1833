"""Talk tracks: a deck of 55 slides against a loop that writes one chunk after the other, how long
it takes to ask for one, and two hundred at once on two workers.

The provider's latency is simulated by the local models, on a clock that runs `--scale` times as
fast; what is ours is not scaled down, so that it counts that many times.
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
from bench.support.processes import ROOT
from bench.support.statistics import Series, print_at_least, print_at_most
from bench.talk_track_people import JOBS, Person, add_person, delay, vary_delay
from bench.talk_track_workers import two_workers

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
    """The loop that this replaces: a chunk, a pause, the next; in seconds."""
    delay(details, _CALL_SECONDS / scale, times=6)
    slides = DECK["slides"]
    url = f"{details['API_URL']}/providers/openai/v1/responses"
    headers = {"Authorization": "Bearer local"}
    began = time.perf_counter()
    with httpx.Client(timeout=120, headers=headers) as client:
        for start in range(0, len(slides), _CHUNK):
            if start:
                time.sleep(_PAUSE_SECONDS / scale)
            asked = json.dumps(slides[start : start + _CHUNK])
            form = {"type": "json_schema", "name": "chunk", "schema": _SCHEMA}
            body = {
                "model": "m",
                "input": f"<slides>{asked}</slides>",
                "text": {"format": form},
            }
            client.post(url, json=body).raise_for_status()
    return time.perf_counter() - began


def write_as_job(details: Mapping[str, str], person: Person, scale: float) -> float:
    """From asking to the script, in seconds, by polling."""
    delay(details, _CALL_SECONDS / scale, times=6)
    began = time.perf_counter()
    with person.client() as client:
        job_id = person.create(client)
        while (status := person.status(client, job_id)) in {"pending", "processing"}:
            time.sleep(0.02)
    assert status == "completed", status
    return time.perf_counter() - began


def measure_deck(details: Mapping[str, str], runs: int, scale: float) -> None:
    person = add_person(details, DECK)
    write_as_job(details, person, scale=1000.0)  # both functions are warm after it
    ours = [write_as_job(details, person, scale) * scale for _ in range(runs)]
    loop = [write_in_sequence(details, scale) * scale for _ in range(runs)]
    for name, values in (("55 slides as a job", ours), ("55 slides in sequence", loop)):
        print(Series(name, [seconds * 1000 for seconds in values]))
    worst = max(ours)
    print_at_most("55 slides, each call 20 s", worst, 45, "s")
    print_at_least("55 slides, against the loop", min(loop) / worst, 3, "times as fast")


def measure_creation(details: Mapping[str, str], requests: int) -> None:
    """The provider does not answer meanwhile, so that only the asking is measured."""
    person = add_person(details, DECK)
    delay(details, 600.0, times=1000)
    times: list[float] = []
    with person.client() as client:
        for number in range(requests + 20):
            began = time.perf_counter()
            person.create(client)
            if number >= 20:
                times.append((time.perf_counter() - began) * 1000)
        person.remove_jobs(client)
    series = Series("create a job", times)
    print(series)
    print_at_most("create a job, p50", series.p50, 15, "ms")
    print_at_most("create a job, p99", series.p99, 50, "ms")


async def _poll(person: Person, job_id: str, times: list[float], ended: asyncio.Event) -> None:
    async with httpx.AsyncClient(headers=person.headers, timeout=60) as client:
        while not ended.is_set():
            began = time.perf_counter()
            (await client.get(f"{person.url}{JOBS}/{job_id}")).raise_for_status()
            times.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.05)


async def _await_all(people: list[Person]) -> list[Counter[str]]:
    """How many jobs each had finished, whenever that was looked at."""
    looks: list[Counter[str]] = []
    async with httpx.AsyncClient(headers=people[0].admin_headers, timeout=60) as client:
        while not looks or looks[-1].total() < len(people) * _JOBS_EACH:
            answer = await client.get(
                f"{people[0].url}/rest/v1/talk_track_jobs",
                params={"select": "user_id", "status": "eq.completed"},
            )
            looks.append(Counter(row["user_id"] for row in answer.json()))
            await asyncio.sleep(2)  # looking takes time of the process that measures
    return looks


async def _work_off(people: list[Person], job_id: str) -> tuple[list[float], list[Counter[str]]]:
    times: list[float] = []
    ended = asyncio.Event()
    polling = asyncio.create_task(_poll(people[0], job_id, times, ended))
    looks = await _await_all(people)
    ended.set()
    await polling
    return times, looks


def measure_many(details: Mapping[str, str]) -> None:
    people = [add_person(details, DECK) for _ in range(_USERS)]
    with two_workers(details) as workers:
        delay(details, 0.0, times=6)
        workers.warm_up(people[0])
        for person in people:
            person.insert_jobs(_JOBS_EACH)
        vary_delay(details, _CALLS)
        memory = workers.memory()
        began = time.perf_counter()
        job_id = people[0].any_job()
        workers.reap()
        times, looks = asyncio.run(_work_off(people, job_id))
        seconds = time.perf_counter() - began
        grown = max(after - before for before, after in zip(memory, workers.memory(), strict=True))
    half = next(look for look in looks if look.total() >= _USERS * _JOBS_EACH / 2)
    share = [half[person.user_id] for person in people]
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
