"""Cancelling at every step, and going on afterwards."""

import time

import pytest

from tests.conftest import RunningStack
from tests.functions.talk_track_proofs.disturbance import (
    calls_made,
    chunk_ids,
    slow_down,
    undisturbed,
)
from tests.functions.talk_track_proofs.person import Person
from tests.functions.talk_track_proofs.worker import working

pytestmark = [pytest.mark.e2e, pytest.mark.process]


def test_a_pending_job_is_cancelled_for_good(stack: RunningStack, person: Person) -> None:
    job_id = person.insert_job()

    assert person.request("POST", f"/{job_id}/cancel").json() == {"success": True}
    answer = stack.call("generate-talk-track", {"jobId": job_id})

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert person.job(job_id)["error_message"] == "Cancelled by user"
    assert calls_made(stack) == 0


@pytest.mark.parametrize("saved", range(6))
def test_a_cancelled_job_stays_cancelled_and_calls_nobody(
    stack: RunningStack, person: Person, saved: int
) -> None:
    expected = undisturbed(person)
    slow_down(stack, 0.15, times=saved)
    slow_down(stack, 30, times=1)  # the call in flight, which is dropped
    job_id = person.insert_job()
    with working(stack) as worker:
        worker.generate(job_id)
        person.wait_until(
            job_id, lambda job: job["current_chunk"] == saved and calls_made(stack) == saved + 1
        )
        person.request("POST", f"/{job_id}/cancel").raise_for_status()
        # Another job is done to its end meanwhile: if this one still were at work, it would show.
        other = person.insert_job()
        worker.generate(other)
        assert person.wait_for_end(other)["status"] == "completed"
        job = person.job(job_id)

        assert (job["status"], job["current_chunk"]) == ("cancelled", saved)
        assert job["talk_track_id"] is None
        assert calls_made(stack) == saved + 1 + 6

    kept = chunk_ids(person, job_id)
    answer = person.request("POST", f"/{job_id}/retry")
    assert (answer.status_code, answer.json()["jobId"]) == (202, job_id)
    assert person.wait_for_end(job_id)["status"] == "completed"
    assert person.talk_track(job_id) == expected
    assert set(kept) <= set(chunk_ids(person, job_id))
    assert calls_made(stack) == saved + 1 + 6 + (6 - saved)


def test_the_call_in_flight_is_dropped(stack: RunningStack, person: Person) -> None:
    slow_down(stack, 60, times=6)
    job_id = person.insert_job()
    with working(stack, TALK_TRACK_JOBS_PER_WORKER="1") as worker:
        worker.generate(job_id)
        person.wait_until(job_id, lambda _: calls_made(stack) > 0)
        person.request("POST", f"/{job_id}/cancel").raise_for_status()
        following = person.insert_job()
        ends_at = time.monotonic() + 20
        while worker.generate(following).status_code == 202:
            if person.job(following)["status"] == "processing":
                break
            assert time.monotonic() < ends_at  # the only place is free long before the call ends
            time.sleep(0.05)
        person.request("POST", f"/{following}/cancel").raise_for_status()


@pytest.mark.parametrize("command", ["cancel", "retry"])
def test_what_is_completed_is_neither_cancelled_nor_retried(person: Person, command: str) -> None:
    job_id = person.create()
    person.wait_for_end(job_id)

    answer = person.request("POST", f"/{job_id}/{command}")

    assert (answer.status_code, answer.json()["code"]) == (409, "JOB_FINISHED")
    assert person.job(job_id)["status"] == "completed"


def test_cancelling_again_is_no_error(person: Person) -> None:
    job_id = person.insert_job()

    answers = [person.request("POST", f"/{job_id}/cancel") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
