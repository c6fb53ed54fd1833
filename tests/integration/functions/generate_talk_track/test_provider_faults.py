"""A provider that misbehaves: the script is the same, or the job says what went wrong."""

from typing import Any

import httpx
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

FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 429, "retry_after": "1"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "cut"},
    {"kind": "malformed_json"},
    {"kind": "truncated"},
    {"kind": "truncated_silently"},
    {"kind": "invalid_schema"},
    {"kind": "refusal"},
    {"kind": "content_filter"},
    {"kind": "empty"},
    {"kind": "failed"},
    {"kind": "missing_item"},
    {"kind": "renumbered_item"},
]


@pytest.mark.parametrize(
    "fault", FAULTS, ids=lambda fault: f"{fault['kind']}{fault.get('status', '')}"
)
def test_a_passing_fault_leaves_no_trace(
    stack: RunningStack, user: User, fault: dict[str, Any]
) -> None:
    expected = run_without_faults(user)
    stack.fault(provider="openai", endpoint="responses", times=2, **fault)
    job_id = user.create()

    assert user.wait_for_end(job_id)["status"] == "completed"

    assert user.talk_track(job_id) == expected
    assert count_calls(stack) == 6 + 2


def test_a_slide_told_twice_is_taken_once(stack: RunningStack, user: User) -> None:
    expected = run_without_faults(user)
    stack.fault(provider="openai", endpoint="responses", kind="repeated_item", times=3)
    job_id = user.create()
    user.wait_for_end(job_id)

    assert user.talk_track(job_id) == expected
    assert count_calls(stack) == 6  # all slides were there: nothing is asked again


def test_a_provider_that_hangs_is_given_up_and_asked_again(stack: RunningStack, user: User) -> None:
    expected = run_without_faults(user)
    delay_responses(stack, 30, times=2)
    job_id = user.insert_job()
    with start_worker(stack, OPENAI_TIMEOUT_SECONDS="1", TALK_TRACK_CONCURRENCY="4") as worker:
        worker.generate(job_id)
        user.wait_for_end(job_id)

    assert user.talk_track(job_id) == expected


def test_a_limited_rate_holds_back_every_worker(stack: RunningStack, user: User) -> None:
    expected = run_without_faults(user)
    stack.fault(provider="openai", endpoint="responses", kind="status", status=429, retry_after="2")
    first, second = user.insert_job(), user.insert_job()
    with start_worker(stack) as one, start_worker(stack) as two:
        one.generate(first)
        user.wait_until(first, lambda _: count_calls(stack) == 1)
        two.generate(second)
        # The rate-limited worker continues first; until then the other has not called either.
        user.wait_until(first, lambda _: count_calls(stack) > 1)
        assert user.job(second)["current_chunk"] == 0
        for job_id in (first, second):
            user.wait_for_end(job_id)
            assert user.talk_track(job_id) == expected


def test_when_the_tries_are_used_up_the_job_says_so_and_a_retry_goes_on(
    stack: RunningStack, user: User
) -> None:
    expected = run_without_faults(user)
    delay_responses(stack, 0.3, times=3)
    stack.fault(provider="openai", endpoint="responses", kind="status", status=500, times=100)
    job_id = user.insert_job()
    with start_worker(stack) as worker:
        worker.generate(job_id)
        job = user.wait_for_end(job_id)

    assert (job["status"], job["current_chunk"], job["progress"]) == ("failed", 3, 50)
    assert job["error_message"] == (
        "OpenAI failed. This was at slides 31 to 40; what is written is kept: retry to go on from"
        " there."
    )
    assert count_calls(stack) == 3 + 5
    kept = list_chunk_ids(user, job_id)
    httpx.delete(f"{stack.url}/providers/_faults", headers=stack.control_headers, timeout=PATIENCE)

    assert user.request("POST", f"/{job_id}/retry").status_code == 202

    assert user.wait_for_end(job_id)["status"] == "completed"
    assert user.talk_track(job_id) == expected
    assert set(kept) <= set(list_chunk_ids(user, job_id))
    assert count_calls(stack) == 3


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 401}, "OpenAI refused the function's credentials."),
        ({"status": 429, "code": "insufficient_quota"}, "no credit left"),
    ],
)
def test_what_another_try_does_not_cure_fails_at_once(
    stack: RunningStack, user: User, fault: dict[str, Any], words: str
) -> None:
    stack.fault(provider="openai", endpoint="responses", kind="status", times=4, **fault)
    job_id = user.create()

    job = user.wait_for_end(job_id)

    assert job["status"] == "failed"
    assert words in job["error_message"]
    assert count_calls(stack) == 4  # those in flight side by side
