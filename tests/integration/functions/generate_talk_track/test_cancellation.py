"""Cancelling at every step, and going on afterwards."""

import time

import pytest

from tests.conftest import RunningStack
from tests.support.talk_tracks.faults import (
    count_calls,
    delay_responses,
    list_chunk_ids,
    run_without_faults,
)
from tests.support.talk_tracks.user import User
from tests.support.talk_tracks.worker import start_worker
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.e2e, pytest.mark.process]


def test_a_pending_job_is_cancelled_for_good(stack: RunningStack, user: User) -> None:
    job_id = user.insert_job()

    assert user.request("POST", f"/{job_id}/cancel").json() == {"success": True}
    answer = stack.call("generate-talk-track", {"jobId": job_id})

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert user.job(job_id)["error_message"] == "Cancelled by user"
    assert count_calls(stack) == 0


@pytest.mark.parametrize("saved", [0, 3, 5])
def test_a_cancelled_job_stays_cancelled_and_calls_nobody(
    stack: RunningStack, user: User, saved: int
) -> None:
    expected = run_without_faults(user)
    delay_responses(stack, 0.15, times=saved)
    delay_responses(stack, 30, times=1)  # the call in flight, which is dropped
    job_id = user.insert_job()
    with start_worker(stack) as worker:
        worker.generate(job_id)
        user.wait_until(
            job_id, lambda job: job["current_chunk"] == saved and count_calls(stack) == saved + 1
        )
        user.request("POST", f"/{job_id}/cancel").raise_for_status()
        # Another job is done to its end meanwhile: if this one still were at work, it would show.
        other = user.insert_job()
        worker.generate(other)
        assert user.wait_for_end(other)["status"] == "completed"
        job = user.job(job_id)

        assert (job["status"], job["current_chunk"]) == ("cancelled", saved)
        assert job["talk_track_id"] is None
        assert count_calls(stack) == saved + 1 + 6

    kept = list_chunk_ids(user, job_id)
    answer = user.request("POST", f"/{job_id}/retry")
    assert (answer.status_code, answer.json()["jobId"]) == (202, job_id)
    assert user.wait_for_end(job_id)["status"] == "completed"
    assert user.talk_track(job_id) == expected
    assert set(kept) <= set(list_chunk_ids(user, job_id))
    assert count_calls(stack) == saved + 1 + 6 + (6 - saved)


def test_the_call_in_flight_is_dropped(stack: RunningStack, user: User) -> None:
    delay_responses(stack, 60, times=6)
    job_id = user.insert_job()
    with start_worker(stack, TALK_TRACK_JOBS_PER_WORKER="1") as worker:
        worker.generate(job_id)
        user.wait_until(job_id, lambda _: count_calls(stack) > 0)
        user.request("POST", f"/{job_id}/cancel").raise_for_status()
        following = user.insert_job()
        ends_at = time.monotonic() + PATIENCE
        while worker.generate(following).status_code == 202:
            if user.job(following)["status"] == "processing":
                break
            assert time.monotonic() < ends_at  # the only place is free long before the call ends
            time.sleep(0.05)
        user.request("POST", f"/{following}/cancel").raise_for_status()


@pytest.mark.parametrize("command", ["cancel", "retry"])
def test_what_is_completed_is_neither_cancelled_nor_retried(user: User, command: str) -> None:
    job_id = user.create()
    user.wait_for_end(job_id)

    answer = user.request("POST", f"/{job_id}/{command}")

    assert (answer.status_code, answer.json()["code"]) == (409, "JOB_FINISHED")
    assert user.job(job_id)["status"] == "completed"


def test_cancelling_again_is_no_error(user: User) -> None:
    job_id = user.insert_job()

    answers = [user.request("POST", f"/{job_id}/cancel") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
