"""A talk track from the request to the script, and all that the two functions answer."""

import json
import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import RunningStack
from tests.functions.talk_track_proofs.person import DECK, Person, add_person, ask

pytestmark = pytest.mark.e2e


def generate(stack: RunningStack, body: object, key: str | None = None) -> httpx.Response:
    return stack.call("generate-talk-track", body, key)


def test_a_deck_of_55_slides_becomes_one_script(person: Person) -> None:
    job_id = person.create()

    seen = person.wait_until(job_id, lambda job: job["status"] == "completed")
    track = person.talk_track(job_id)

    last = seen[-1]
    assert (last["progress"], last["current_chunk"], last["total_chunks"]) == (100, 6, 6)
    assert last["eta_seconds"] == 0
    progress = [job["progress"] for job in seen]
    assert progress == sorted(progress)
    assert all(job["progress"] < 100 for job in seen if job["status"] == "processing")
    headings = re.findall(r"^## Slide (\d+): (.+)$", track["content"], re.MULTILINE)
    assert headings == [(str(s["slideNumber"]), s["title"]) for s in DECK["slides"]]
    timings = track["slide_timings"]["slides"]
    assert [each["slideNumber"] for each in timings] == list(range(1, 56))
    assert track["total_duration"] == sum(each["duration"] for each in timings)
    assert track["slide_timings"]["totalDuration"] == track["total_duration"]
    assert all(5 <= each["duration"] <= 120 for each in timings)
    assert all(s["description"].split(".")[0] in track["content"] for s in DECK["slides"])


@pytest.mark.parametrize("slides", [1, 10, 11, 500])
def test_decks_of_other_sizes_are_written_whole(person: Person, slides: int) -> None:
    deck = [{"slideNumber": n, "title": f"Point {n}"} for n in range(1, slides + 1)]
    job_id = person.create(person.add_deck(deck))
    person.wait_for_end(job_id)

    timings = person.talk_track(job_id)["slide_timings"]["slides"]

    assert [each["slideNumber"] for each in timings] == list(range(1, slides + 1))


@pytest.mark.parametrize("slides", [0, 501])
def test_decks_of_no_such_size_are_refused(person: Person, slides: int) -> None:
    deck_id = person.add_deck([{"title": "A"}] * slides)

    answer = person.request(
        "POST", json={"projectId": person.project_id, "deckStructureId": deck_id}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "DECK_SIZE")


def test_the_guides_test_call_is_understood_and_refused(stack: RunningStack) -> None:
    answer = generate(stack, {"jobId": "test-job-id"}, stack.anon_key)

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_BODY")


def test_the_guides_call_with_the_anon_key_starts_a_job(
    stack: RunningStack, person: Person
) -> None:
    job_id = person.insert_job()

    answer = generate(stack, {"jobId": job_id}, stack.anon_key)

    assert answer.status_code == 202
    assert answer.json()["success"] is True
    assert answer.json()["status"] == "processing"
    assert person.wait_for_end(job_id)["status"] == "completed"


def test_waiting_answers_the_end(stack: RunningStack, person: Person) -> None:
    job_id = person.insert_job()

    answer = generate(stack, {"jobId": job_id, "wait": True})

    assert answer.status_code == 200
    assert answer.json()["status"] == "completed"
    assert answer.json()["talk_track_id"] == person.job(job_id)["talk_track_id"]


def test_an_unknown_job_is_404(stack: RunningStack) -> None:
    answer = generate(stack, {"jobId": str(uuid4())}, stack.anon_key)

    assert (answer.status_code, answer.json()["code"]) == (404, "JOB_NOT_FOUND")


@pytest.mark.parametrize("body", [{}, {"jobId": str(uuid4()), "action": "reap"}, {"action": "x"}])
def test_a_body_that_asks_for_nothing_known_is_400(stack: RunningStack, body: object) -> None:
    assert generate(stack, body).status_code == 400


def test_a_finished_job_is_answered_and_not_done_again(stack: RunningStack, person: Person) -> None:
    job_id = person.insert_job()
    first = generate(stack, {"jobId": job_id, "wait": True}).json()
    calls = requests_made(stack)

    again = generate(stack, {"jobId": job_id}, stack.anon_key)

    assert again.status_code == 200
    assert again.json() == first
    assert requests_made(stack) == calls
    assert len(person.rows("talk_tracks")) == 1


def requests_made(stack: RunningStack) -> int:
    answer = httpx.get(f"{stack.url}/providers/_faults", timeout=30).json()
    return answer["requests"]["openai"].get("responses", 0)


@pytest.mark.parametrize("key", ["anon_key", "publishable_key"])
def test_only_the_secret_key_reaps(stack: RunningStack, key: str) -> None:
    assert generate(stack, {"action": "reap"}, getattr(stack, key)).status_code == 403


def test_the_reaper_begins_what_nobody_was_told_of(stack: RunningStack, person: Person) -> None:
    job_id = person.insert_job()

    answer = generate(stack, {"action": "reap"})

    assert answer.json()["begun"] >= 1
    assert person.wait_for_end(job_id)["status"] == "completed"


def test_the_reaper_cleans_up_after_seven_days(stack: RunningStack, person: Person) -> None:
    job_id = person.create()
    person.wait_for_end(job_id)
    ask(
        stack,
        "update public.talk_track_jobs set completed_at = now() - interval '8 days'"
        " where id = %s returning 1",
        job_id,
    )

    assert generate(stack, {"action": "reap"}).json()["removed"] >= 1

    assert person.request("GET", f"/{job_id}").status_code == 404
    assert len(person.rows("talk_tracks")) == 1


def test_another_users_job_is_not_found(stack: RunningStack, person: Person) -> None:
    job_id = person.create()
    person.wait_for_end(job_id)
    other = add_person(stack)

    for method, path in (
        ("GET", ""),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
    ):
        answer = other.request(method, f"/{job_id}{path}")
        assert (answer.status_code, answer.json()["error"]) == (404, "Job not found")
    assert job_id not in [job["id"] for job in other.request("GET").json()["jobs"]]


def test_another_users_deck_is_not_found(stack: RunningStack, person: Person) -> None:
    other = add_person(stack)

    answer = other.request(
        "POST", json={"projectId": other.project_id, "deckStructureId": person.deck_id}
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "DECK_NOT_FOUND")


def test_jobs_of_a_project_are_listed_newest_first(person: Person) -> None:
    ids = [person.create() for _ in range(3)]

    listed = person.request("GET", params={"projectId": person.project_id}).json()["jobs"]
    none = person.request("GET", params={"projectId": str(uuid4())}).json()["jobs"]

    assert [job["id"] for job in listed] == ids[::-1]
    assert listed[0]["deck_structure_id"] == person.deck_id
    assert none == []
    for job_id in ids:
        person.wait_for_end(job_id)


REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("POST", "", {"json": {"projectId": "x", "deckStructureId": "y"}}, 400),
    ("POST", "", {"json": {}}, 400),
    ("GET", "?projectId=x", {}, 400),
    ("GET", "/not-a-uuid", {}, 404),
    ("GET", "/00000000-0000-4000-8000-000000000001/other", {}, 404),
    ("POST", "/00000000-0000-4000-8000-000000000001", {}, 405),
    ("GET", "/00000000-0000-4000-8000-000000000001/cancel", {}, 405),
]


@pytest.mark.parametrize(("method", "path", "options", "status"), REFUSED)
def test_what_cannot_be_understood_is_refused(
    person: Person, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    assert person.request(method, path, **options).status_code == status


def test_nobody_asks_without_signing_in(stack: RunningStack) -> None:
    body = {"projectId": str(uuid4()), "deckStructureId": str(uuid4())}

    assert stack.call("talk-track-jobs", body, stack.anon_key).status_code == 401


def test_events_tell_every_change_until_the_end(stack: RunningStack, person: Person) -> None:
    stack.fault(provider="openai", endpoint="responses", kind="hang", seconds=0.8, times=6)
    job_id = person.create()

    answer = person.request("GET", f"/{job_id}/events")

    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [
        (name, json.loads(text))
        for name, text in re.findall(r"^event: (\w+)\ndata: (.+)$", answer.text, re.MULTILINE)
    ]
    assert [name for name, _ in events[:-1]] == ["progress"] * (len(events) - 1)
    assert len(events) > 2
    progress = [job["progress"] for _, job in events]
    assert progress == sorted(progress)
    assert events[-1] == ("completed", person.job(job_id))
