"""Killed, frozen, duplicated and stopping workers: nothing is lost or done twice."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest

from functions.generate_talk_track.job import Claim
from functions.generate_talk_track.job_runner import JobRunner
from functions.generate_talk_track.store import Store
from shared.database.clients import close_http_pools
from shared.env import read_env
from shared.llm.env import read_openai_env
from shared.llm.openai import openai_client
from shared.talk_tracks.env import read_talk_track_env
from tests.conftest import RunningStack
from tests.support.talk_tracks.faults import (
    count_calls,
    delay_responses,
    list_chunk_ids,
    run_without_faults,
)
from tests.support.talk_tracks.user import User, fetch_value
from tests.support.talk_tracks.worker import start_worker, take_over

pytestmark = [pytest.mark.e2e, pytest.mark.process]
CHUNKS = 6


@pytest.mark.parametrize("saved", [0, CHUNKS // 2, CHUNKS - 1])
def test_the_job_of_a_killed_worker_is_finished_by_another(
    stack: RunningStack, user: User, saved: int
) -> None:
    expected = run_without_faults(user)
    delay_responses(stack, 0.15)
    job_id = user.insert_job()
    with start_worker(stack) as first:
        first.generate(job_id)
        seen = user.wait_until(job_id, lambda job: job["current_chunk"] >= saved)
        first.kill()
    kept = list_chunk_ids(user, job_id)

    with start_worker(stack) as second:
        take_over(second, job_id)
        seen += user.wait_until(job_id, lambda job: job["status"] == "completed")

    assert user.talk_track(job_id) == expected
    assert set(kept) <= set(list_chunk_ids(user, job_id))
    assert len(list_chunk_ids(user, job_id)) == CHUNKS
    assert count_calls(stack) <= CHUNKS + 1  # the one in flight when the worker was killed
    progress = [job["progress"] for job in seen]
    assert progress == sorted(progress)


def test_concurrent_invocations_run_a_job_once(stack: RunningStack, user: User) -> None:
    expected = run_without_faults(user)
    delay_responses(stack, 0.1)
    job_id = user.insert_job()
    with start_worker(stack) as one, start_worker(stack) as two, ThreadPoolExecutor(8) as threads:
        together = threading.Barrier(8)

        def invoke(number: int) -> int:
            together.wait()
            return (one, two)[number % 2].generate(job_id).status_code

        answers = list(threads.map(invoke, range(8)))
        user.wait_for_end(job_id)

    assert sorted(answers) == [200] * 7 + [202]
    assert count_calls(stack) == CHUNKS
    assert user.talk_track(job_id) == expected
    assert len(user.rows("talk_tracks")) == 2  # with the run_without_faults one


def test_a_resumed_worker_without_lease_changes_nothing(stack: RunningStack, user: User) -> None:
    expected = run_without_faults(user)
    delay_responses(stack, 0.3)
    job_id = user.insert_job()
    with start_worker(stack) as slow, start_worker(stack) as quick:
        slow.generate(job_id)
        user.wait_until(job_id, lambda job: job["current_chunk"] == 2)
        slow.freeze()
        take_over(quick, job_id)
        token = fetch_value(stack, "select lease_token from talk_track_jobs where id = %s", job_id)
        slow.thaw()
        user.wait_for_end(job_id)
        now = fetch_value(stack, "select lease_token from talk_track_jobs where id = %s", job_id)
        # It is free again: what it came back for was refused, and it has let go of the job.
        other = user.insert_job()
        assert slow.generate(other, wait=True).json()["status"] == "completed"

    assert now == token
    assert user.talk_track(job_id) == expected
    assert len(list_chunk_ids(user, job_id)) == CHUNKS
    assert count_calls(stack) <= 2 * CHUNKS + 1


def test_a_stopping_worker_hands_its_job_over(stack: RunningStack, user: User) -> None:
    expected = run_without_faults(user)
    delay_responses(stack, 1)  # slow enough to be stopped before the end, on a busy machine too
    job_id = user.insert_job()

    asyncio.run(begin_and_stop(stack, job_id))
    kept = list_chunk_ids(user, job_id)
    user.wait_for_end(job_id)

    assert 0 < len(kept) < CHUNKS
    assert user.talk_track(job_id) == expected
    assert set(kept) <= set(list_chunk_ids(user, job_id))
    assert count_calls(stack) == CHUNKS  # what was in flight has been waited for


async def begin_and_stop(stack: RunningStack, job_id: str) -> None:
    """Run the job as a worker does, and stop it when a chunk is saved."""
    env = read_env({"SUPABASE_URL": stack.url, "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key})
    openai = read_openai_env({"OPENAI_BASE_URL": f"{stack.url}/providers/openai/v1"})
    settings = replace(read_talk_track_env({}), concurrency=2)
    store, stopping = Store(env, settings), asyncio.Event()
    claim = await store.claim(UUID(job_id))
    assert isinstance(claim, Claim)
    run = asyncio.create_task(JobRunner(env, openai, settings, claim, stopping).run())
    while (state := await store.read_state(claim.id)) and not state.fields["current_chunk"]:  # noqa: ASYNC110 - a row is polled
        await asyncio.sleep(0.01)
    stopping.set()
    await run
    await openai_client(openai.provider).close()
    openai_client.cache_clear()
    await close_http_pools()


def test_a_restart_of_postgres_repeats_no_call(stack: RunningStack, user: User) -> None:
    expected = run_without_faults(user)
    delay_responses(stack, 0.4)
    job_id = user.insert_job()
    with start_worker(stack, TALK_TRACK_LEASE_SECONDS="20") as worker:
        worker.generate(job_id)
        user.wait_until(job_id, lambda job: job["current_chunk"] == 1)
        stack.cluster.stop()
        stack.cluster.start()
        user.wait_for_end(job_id)

    assert user.talk_track(job_id) == expected
    assert count_calls(stack) == CHUNKS
