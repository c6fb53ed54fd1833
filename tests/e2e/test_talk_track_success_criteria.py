"""The deployment guide's success criteria, those of the service, one by one.

What the page itself shows (its banner, its toast, its green check) is shown true in the page's own
tests, in a browser.
"""

import json
import re
import time

import httpx
import pytest

from tests.conftest import RunningStack
from tests.support.talk_tracks.faults import delay_responses
from tests.support.talk_tracks.user import User, create_user, fetch_value

pytestmark = pytest.mark.e2e
HOBBY_PLAN_SECONDS = 10


@pytest.fixture
def user(stack: RunningStack) -> User:
    return create_user(stack)


def test_users_can_navigate_away_during_generation(stack: RunningStack, user: User) -> None:
    delay_responses(stack, 0.2, times=6)
    user.create()  # no further request until it is done

    statement = "select status from public.talk_track_jobs where user_id = %s"
    while fetch_value(stack, statement, user.user_id) in {"pending", "processing"}:
        time.sleep(0.05)

    (job,) = user.request("GET", params={"projectId": user.project_id}).json()["jobs"]
    assert job["status"] == "completed"
    assert "## Slide 55" in user.talk_track(job["id"])["content"]


def test_real_time_progress_indicator_from_0_to_100_per_cent(
    stack: RunningStack, user: User
) -> None:
    delay_responses(stack, 0.3, times=6)
    job_id = user.create()

    progress = [
        job["progress"] for job in user.wait_until(job_id, lambda job: job["progress"] == 100)
    ]

    assert progress[0] == 0
    assert progress == sorted(progress)
    assert len(set(progress)) >= 3  # more than 0 and 100
    assert user.job(job_id)["status"] == "completed"


def test_warning_banner_with_estimated_time(stack: RunningStack, user: User) -> None:
    """The banner shows the estimated time left while the job runs."""
    delay_responses(stack, 0.5, times=6)
    job_id = user.create()

    seen = user.wait_until(job_id, lambda job: job["status"] == "completed")

    working = [job["eta_seconds"] for job in seen if job["status"] == "processing"]
    assert working
    assert all(isinstance(seconds, int) and seconds >= 1 for seconds in working)
    assert seen[-1]["eta_seconds"] == 0


def test_toast_notification_on_completion(stack: RunningStack, user: User) -> None:
    """The toast: the end is reported once, with the talk track."""
    delay_responses(stack, 0.2, times=6)
    job_id = user.create()

    text = user.request("GET", f"/{job_id}/events").text

    ends = re.findall(r"^event: (?:completed|failed|cancelled)\ndata: (.+)$", text, re.MULTILINE)
    assert len(ends) == 1
    assert json.loads(ends[0])["talk_track_id"]


def test_works_on_the_vercel_hobby_plan_with_its_10_second_timeout(
    stack: RunningStack, user: User
) -> None:
    """No request waits for the model, even if that takes minutes."""
    delay_responses(stack, 120, times=6)
    headers = {"apikey": stack.anon_key, "authorization": f"Bearer {user.token}"}
    url = f"{stack.url}/functions/v1/talk-track-jobs"
    body = {"projectId": user.project_id, "deckStructureId": user.deck_id}
    with httpx.Client(headers=headers, timeout=HOBBY_PLAN_SECONDS) as client:
        job_id = client.post(url, json=body).json()["jobId"]
        status = client.get(f"{url}/{job_id}").json()["job"]["status"]
        cancelled = client.post(f"{url}/{job_id}/cancel")

    assert status in {"pending", "processing"}
    assert cancelled.json() == {"success": True}


def test_green_check_after_completion(user: User) -> None:
    """The check depends on the deck's talk track, which outlasts the job."""
    job_id = user.create()
    user.wait_for_end(job_id)

    with user.stack.client(user.token) as client:
        client.delete("/rest/v1/talk_track_jobs", params={"id": f"eq.{job_id}"})

    assert user.request("GET", f"/{job_id}").status_code == 404
    (track,) = user.rows("talk_tracks", deck_structure_id=f"eq.{user.deck_id}")
    assert track["content"]
