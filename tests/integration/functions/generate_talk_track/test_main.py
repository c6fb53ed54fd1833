"""A talk track from the request to the script, through HTTP on the whole stack."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import RunningStack
from tests.support.talk_tracks.user import DECK, User, fetch_value
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.e2e


def generate(stack: RunningStack, body: object, key: str | None = None) -> httpx.Response:
    return stack.call("generate-talk-track", body, key)


def test_a_deck_of_55_slides_becomes_one_script(user: User) -> None:
    job_id = user.create()

    seen = user.wait_until(job_id, lambda job: job["status"] == "completed")
    track = user.talk_track(job_id)

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
def test_decks_of_other_sizes_are_written_whole(user: User, slides: int) -> None:
    deck = [{"slideNumber": n, "title": f"Point {n}"} for n in range(1, slides + 1)]
    job_id = user.create(user.add_deck(deck))
    user.wait_for_end(job_id)

    timings = user.talk_track(job_id)["slide_timings"]["slides"]

    assert [each["slideNumber"] for each in timings] == list(range(1, slides + 1))


def test_the_guides_test_call_is_rejected(stack: RunningStack) -> None:
    answer = generate(stack, {"jobId": "test-job-id"}, stack.anon_key)

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_BODY")


def test_the_guides_call_with_the_anon_key_starts_a_job(stack: RunningStack, user: User) -> None:
    job_id = user.insert_job()

    answer = generate(stack, {"jobId": job_id}, stack.anon_key)

    assert answer.status_code == 202
    assert answer.json()["success"] is True
    assert answer.json()["status"] == "processing"
    assert user.wait_for_end(job_id)["status"] == "completed"


def test_waiting_returns_the_final_state(stack: RunningStack, user: User) -> None:
    job_id = user.insert_job()

    answer = generate(stack, {"jobId": job_id, "wait": True})

    assert answer.status_code == 200
    assert answer.json()["status"] == "completed"
    assert answer.json()["talk_track_id"] == user.job(job_id)["talk_track_id"]


def test_an_unknown_job_is_404(stack: RunningStack) -> None:
    answer = generate(stack, {"jobId": str(uuid4())}, stack.anon_key)

    assert (answer.status_code, answer.json()["code"]) == (404, "JOB_NOT_FOUND")


@pytest.mark.parametrize("body", [{}, {"jobId": str(uuid4()), "action": "reap"}, {"action": "x"}])
def test_an_invalid_body_is_400(stack: RunningStack, body: object) -> None:
    assert generate(stack, body).status_code == 400


def test_a_finished_job_is_not_run_again(stack: RunningStack, user: User) -> None:
    job_id = user.insert_job()
    first = generate(stack, {"jobId": job_id, "wait": True}).json()
    calls = requests_made(stack)

    again = generate(stack, {"jobId": job_id}, stack.anon_key)

    assert again.status_code == 200
    assert again.json() == first
    assert requests_made(stack) == calls
    assert len(user.rows("talk_tracks")) == 1


def requests_made(stack: RunningStack) -> int:
    answer = httpx.get(
        f"{stack.url}/providers/_faults", headers=stack.control_headers, timeout=PATIENCE
    ).json()
    return answer["requests"]["openai"].get("responses", 0)


@pytest.mark.parametrize("key", ["anon_key", "publishable_key"])
def test_reap_requires_the_secret_key(stack: RunningStack, key: str) -> None:
    assert generate(stack, {"action": "reap"}, getattr(stack, key)).status_code == 403


def test_reap_starts_queued_jobs(stack: RunningStack, user: User) -> None:
    job_id = user.insert_job()

    answer = generate(stack, {"action": "reap"})

    assert answer.json()["begun"] >= 1
    assert user.wait_for_end(job_id)["status"] == "completed"


def test_reap_deletes_jobs_after_seven_days(stack: RunningStack, user: User) -> None:
    job_id = user.create()
    user.wait_for_end(job_id)
    fetch_value(
        stack,
        "update public.talk_track_jobs set completed_at = now() - interval '8 days'"
        " where id = %s returning 1",
        job_id,
    )

    assert generate(stack, {"action": "reap"}).json()["removed"] >= 1

    assert user.request("GET", f"/{job_id}").status_code == 404
    assert len(user.rows("talk_tracks")) == 1


REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("POST", "", {"json": {"projectId": "x", "deckStructureId": "y"}}, 400),
    ("POST", "", {"json": {}}, 400),
    ("GET", "?projectId=x", {}, 400),
    ("GET", "/not-a-uuid", {}, 404),
    ("GET", "/00000000-0000-4000-8000-000000000001/other", {}, 404),
    ("POST", "/00000000-0000-4000-8000-000000000001", {}, 405),
    ("GET", "/00000000-0000-4000-8000-000000000001/cancel", {}, 405),
]
