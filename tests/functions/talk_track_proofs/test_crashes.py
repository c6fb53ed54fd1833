"""Workers that are killed, frozen, doubled or told to end: nothing is lost, nothing done twice."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest

from functions.generate_talk_track.job import Claim
from functions.generate_talk_track.run import Run
from functions.generate_talk_track.store import Store
from shared.env import read_env
from tests.conftest import RunningStack
from tests.functions.talk_track_proofs.disturbance import (
    calls_made,
    chunk_ids,
    slow_down,
    undisturbed,
)
from tests.functions.talk_track_proofs.person import Person, ask
from tests.functions.talk_track_proofs.worker import take_over, working

pytestmark = [pytest.mark.e2e, pytest.mark.process]
CHUNKS = 6


@pytest.mark.parametrize("saved", range(CHUNKS))
def test_a_killed_workers_job_is_finished_by_another(
    stack: RunningStack, person: Person, saved: int
) -> None:
    expected = undisturbed(person)
    slow_down(stack, 0.15)
    job_id = person.insert_job()
    with working(stack) as first:
        first.generate(job_id)
        seen = person.wait_until(job_id, lambda job: job["current_chunk"] >= saved)
        first.kill()
    kept = chunk_ids(person, job_id)

    with working(stack) as second:
        take_over(second, job_id)
        seen += person.wait_until(job_id, lambda job: job["status"] == "completed")

    assert person.talk_track(job_id) == expected
    assert set(kept) <= set(chunk_ids(person, job_id))
    assert len(chunk_ids(person, job_id)) == CHUNKS
    assert calls_made(stack) <= CHUNKS + 1  # the one in flight when the worker was killed
    progress = [job["progress"] for job in seen]
    assert progress == sorted(progress)


def test_of_many_invocations_at_once_one_works(stack: RunningStack, person: Person) -> None:
    expected = undisturbed(person)
    slow_down(stack, 0.1)
    job_id = person.insert_job()
    with working(stack) as one, working(stack) as two, ThreadPoolExecutor(8) as threads:
        together = threading.Barrier(8)

        def invoke(number: int) -> int:
            together.wait()
            return (one, two)[number % 2].generate(job_id).status_code

        answers = list(threads.map(invoke, range(8)))
        person.wait_for_end(job_id)

    assert sorted(answers) == [200] * 7 + [202]
    assert calls_made(stack) == CHUNKS
    assert person.talk_track(job_id) == expected
    assert len(person.rows("talk_tracks")) == 2  # with the undisturbed one


def test_a_slow_owner_that_comes_back_changes_nothing(stack: RunningStack, person: Person) -> None:
    expected = undisturbed(person)
    slow_down(stack, 0.3)
    job_id = person.insert_job()
    with working(stack) as slow, working(stack) as quick:
        slow.generate(job_id)
        person.wait_until(job_id, lambda job: job["current_chunk"] == 2)
        slow.freeze()
        take_over(quick, job_id)
        token = ask(stack, "select lease_token from talk_track_jobs where id = %s", job_id)
        slow.thaw()
        person.wait_for_end(job_id)
        now = ask(stack, "select lease_token from talk_track_jobs where id = %s", job_id)
        # It is free again: what it came back for was refused, and it has let go of the job.
        other = person.insert_job()
        assert slow.generate(other, wait=True).json()["status"] == "completed"

    assert now == token
    assert person.talk_track(job_id) == expected
    assert len(chunk_ids(person, job_id)) == CHUNKS
    assert calls_made(stack) <= 2 * CHUNKS + 1


def test_a_worker_whose_end_is_near_hands_its_job_over(stack: RunningStack, person: Person) -> None:
    expected = undisturbed(person)
    slow_down(stack, 1)  # time enough to be told before all is done, on a busy machine too
    job_id = person.insert_job()

    asyncio.run(begin_and_stop(stack, job_id))
    kept = chunk_ids(person, job_id)
    person.wait_for_end(job_id)

    assert 0 < len(kept) < CHUNKS
    assert person.talk_track(job_id) == expected
    assert set(kept) <= set(chunk_ids(person, job_id))
    assert calls_made(stack) == CHUNKS  # what was in flight has been waited for


async def begin_and_stop(stack: RunningStack, job_id: str) -> None:
    """The work as the worker does it, told of its end when a chunk is saved."""
    env = read_env(
        {
            "SUPABASE_URL": stack.url,
            "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
            "OPENAI_BASE_URL": f"{stack.url}/providers/openai/v1",
        }
    )
    env = replace(env, talk_track=replace(env.talk_track, concurrency=2))
    store, stopping = Store(env), asyncio.Event()
    claim = await store.claim(UUID(job_id))
    assert isinstance(claim, Claim)
    run = asyncio.create_task(Run(env, claim, stopping).carry_out())
    while (state := await store.read_state(claim.id)) and not state.fields["current_chunk"]:  # noqa: ASYNC110 - a row tells
        await asyncio.sleep(0.01)
    stopping.set()
    await run


def test_a_restarted_postgres_costs_nothing(stack: RunningStack, person: Person) -> None:
    expected = undisturbed(person)
    slow_down(stack, 0.4)
    job_id = person.insert_job()
    with working(stack, TALK_TRACK_LEASE_SECONDS="20") as worker:
        worker.generate(job_id)
        person.wait_until(job_id, lambda job: job["current_chunk"] == 1)
        stack.cluster.stop()
        stack.cluster.start()
        person.wait_for_end(job_id)

    assert person.talk_track(job_id) == expected
    assert calls_made(stack) == CHUNKS
