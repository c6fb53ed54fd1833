"""Creating, listing and following jobs through HTTP, on the whole stack."""

import json
import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import RunningStack
from tests.support.talk_tracks.user import User, create_user
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("slides", [0, 501])
def test_decks_of_invalid_size_are_rejected(user: User, slides: int) -> None:
    deck_id = user.add_deck([{"title": "A"}] * slides)

    answer = user.request("POST", json={"projectId": user.project_id, "deckStructureId": deck_id})

    assert (answer.status_code, answer.json()["code"]) == (400, "DECK_SIZE")


def test_a_deck_without_words_is_refused_and_so_is_its_job(user: User) -> None:
    deck_id = user.add_deck([{"image": "a.png"}, {"slideNumber": 2}])

    answer = user.request("POST", json={"projectId": user.project_id, "deckStructureId": deck_id})
    job = user.insert_job(deck_id)
    invoke = f"{user.stack.url}/functions/v1/generate-talk-track"
    httpx.post(invoke, json={"jobId": job, "wait": True}, timeout=PATIENCE)

    assert (answer.status_code, answer.json()["code"]) == (400, "DECK_WITHOUT_WORDS")
    assert user.job(job)["error_message"].startswith("No slide of the deck has words")


def test_words_are_spoken_wherever_they_stand_and_markdown_is_not(user: User) -> None:
    slides = [
        {"slideNumber": 30, "headline": "**Why**", "bullets": ["Time is _money_", "It adds up"]},
        {"slideNumber": 10, "image": "a.png"},
        {"slideNumber": 20, "content": {"left": "Grow `fast`"}, "notes": "Smile"},
    ]
    job = user.create(user.add_deck(slides))
    user.wait_for_end(job)

    track = user.talk_track(job)

    assert [slide["slideNumber"] for slide in track["slide_timings"]["slides"]] == [30, 10, 20]
    content = track["content"]
    assert "## Slide 30: Why" in content
    assert "Time is money. It adds up." in content
    assert "Grow fast." in content
    assert "Smile" in content
    assert "Slide 10." not in content


def test_a_deck_is_added_from_a_file_and_spoken(user: User) -> None:
    outline = b"# Launch\n## Why\n- Time\n- Money\n## How\nSimply.\n"
    kind = {"Content-Type": "text/markdown"}
    headers = {
        "apikey": user.stack.anon_key, "authorization": f"Bearer {user.token}", **kind,
    }  # fmt: skip
    url = f"{user.stack.url}/functions/v1/talk-track-jobs/decks"

    shown = httpx.post(f"{url}?dry_run=true", content=outline, headers=headers, timeout=PATIENCE)
    made = httpx.post(url, content=outline, headers=headers, timeout=PATIENCE)
    refused = httpx.post(
        f"{url}?projectId={uuid4()}", content=outline, headers=headers, timeout=PATIENCE
    )

    assert (shown.status_code, shown.json()["totalSlides"], shown.json()["title"]) == (
        200,
        2,
        "Launch",
    )
    assert (refused.status_code, refused.json()["code"]) == (404, "PROJECT_NOT_FOUND")
    assert made.status_code == 201, made.text
    (deck,) = user.rows("deck_structures", id=f"eq.{made.json()['deckStructureId']}")
    assert (deck["total_slides"], deck["metadata"]["title"]) == (2, "Launch")
    body = {"projectId": made.json()["projectId"], "deckStructureId": deck["id"]}
    job = user.request("POST", json=body).json()["jobId"]
    user.wait_for_end(job)
    assert "Time. Money." in user.talk_track(job)["content"]
    assert len(user.rows("funnel_projects", name="eq.Launch", select="id")) == 2


def test_another_users_job_is_not_found(stack: RunningStack, user: User) -> None:
    job_id = user.create()
    user.wait_for_end(job_id)
    other = create_user(stack)

    for method, path in (
        ("GET", ""),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
    ):
        answer = other.request(method, f"/{job_id}{path}")
        assert (answer.status_code, answer.json()["error"]) == (404, "Job not found")
    assert job_id not in [job["id"] for job in other.request("GET").json()["jobs"]]


def test_another_users_deck_is_not_found(stack: RunningStack, user: User) -> None:
    other = create_user(stack)

    answer = other.request(
        "POST", json={"projectId": other.project_id, "deckStructureId": user.deck_id}
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "DECK_NOT_FOUND")


def test_jobs_of_a_project_are_listed_newest_first(user: User) -> None:
    ids = [user.create() for _ in range(3)]

    listed = user.request("GET", params={"projectId": user.project_id}).json()["jobs"]
    none = user.request("GET", params={"projectId": str(uuid4())}).json()["jobs"]

    assert [job["id"] for job in listed] == ids[::-1]
    assert listed[0]["deck_structure_id"] == user.deck_id
    assert none == []
    for job_id in ids:
        user.wait_for_end(job_id)


INVALID: list[tuple[str, str, dict[str, Any], int]] = [
    ("POST", "", {"json": {"projectId": "x", "deckStructureId": "y"}}, 400),
    ("POST", "", {"json": {}}, 400),
    ("GET", "?projectId=x", {}, 400),
    ("GET", "/not-a-uuid", {}, 404),
    ("GET", "/00000000-0000-4000-8000-000000000001/other", {}, 404),
    ("POST", "/00000000-0000-4000-8000-000000000001", {}, 405),
    ("GET", "/00000000-0000-4000-8000-000000000001/cancel", {}, 405),
]


@pytest.mark.parametrize(("method", "path", "options", "status"), INVALID)
def test_an_invalid_request_is_rejected(
    user: User, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    assert user.request(method, path, **options).status_code == status


def test_a_user_token_is_required(stack: RunningStack) -> None:
    body = {"projectId": str(uuid4()), "deckStructureId": str(uuid4())}

    assert stack.call("talk-track-jobs", body, stack.anon_key).status_code == 401


def test_events_report_each_change_until_the_end(stack: RunningStack, user: User) -> None:
    stack.fault(provider="openai", endpoint="responses", kind="hang", seconds=0.8, times=6)
    job_id = user.create()

    answer = user.request("GET", f"/{job_id}/events")

    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [
        (name, json.loads(text))
        for name, text in re.findall(r"^event: (\w+)\ndata: (.+)$", answer.text, re.MULTILINE)
    ]
    assert [name for name, _ in events[:-1]] == ["progress"] * (len(events) - 1)
    assert len(events) > 2
    progress = [job["progress"] for _, job in events]
    assert progress == sorted(progress)
    assert events[-1] == ("completed", user.job(job_id))
