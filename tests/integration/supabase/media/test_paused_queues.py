"""A paused queue gives nothing to anybody; what waits in it is taken in its order afterwards."""

from typing import Final

import psycopg
import pytest

from tests.support.media.database import MediaDatabase

pytestmark = pytest.mark.process

_TAKERS: Final = (
    "select public.claim_media_job_v1('sdxl_queue', 'w1')",
    "select public.read_queue_message_v1('sdxl_queue', 60)",
    "select to_jsonb(array_agg(j)) from public.claim_replicate_jobs_v1() j",
    "select to_jsonb(array_agg(j)) from public.claim_replicate_jobs_v2(10, 60, true) j",
)
_PAUSED: Final = "select public.is_media_queue_paused_v1('sdxl_queue')"


def pause(media: MediaDatabase, who: str | None = None, queue: str = "sdxl_queue") -> object:
    return media.ask("select public.pause_media_queue_v1(%s, %s)", queue, who)


def resume(media: MediaDatabase, queue: str = "sdxl_queue") -> bool:
    return media.ask("select public.resume_media_queue_v1(%s)", queue)["resumed"]


def let_wait(media: MediaDatabase) -> None:
    """Let all jobs have waited for so long that Replicate draws them."""
    media.connection.execute("update public.jobs set queued_at = now() - interval '2 minutes'")


@pytest.mark.parametrize("take", _TAKERS)
def test_a_paused_queue_gives_nothing(media: MediaDatabase, take: str) -> None:
    media.enqueue()
    let_wait(media)
    pause(media)

    assert media.ask(take) is None
    assert media.connection.execute("select max(read_ct) from pgmq.q_sdxl_queue").fetchone() == (0,)

    resume(media)
    media.connection.execute(
        "update media.queue_pauses set resumed_at = now() - interval '2 minutes'"
    )
    assert media.ask(take)


def test_jobs_are_taken_in_their_order_after_the_pause(media: MediaDatabase) -> None:
    before = [media.enqueue()["job_id"] for _ in range(2)]
    pause(media)
    sent = before + [media.enqueue()["job_id"] for _ in range(2)]  # enqueueing goes on
    assert media.claim() is None
    assert resume(media) is True

    claimed = [media.claim() for _ in range(5)]

    assert [job and job["job_id"] for job in claimed] == [*sent, None]
    assert {job["attempt"] for job in claimed if job} == {1}


def test_a_job_that_a_worker_has_goes_on(media: MediaDatabase) -> None:
    running, lost = (media.enqueue()["job_id"] for _ in range(2))
    media.claim()
    media.claim()
    pause(media)

    media.complete(running)
    media.expire(lost)
    media.ask("select public.reap_media_jobs_v1()")

    assert (media.job(running)["status"], media.job(lost)["status"]) == ("completed", "queued")
    assert media.claim() is None


def test_other_queues_are_not_paused(media: MediaDatabase) -> None:
    media.enqueue()
    pause(media, queue="wan_queue")

    assert media.claim()


def test_replicate_gives_workers_their_time_after_a_pause(media: MediaDatabase) -> None:
    """Jobs have waited for longer than that, since nobody could take them."""
    media.enqueue()
    let_wait(media)
    pause(media)
    resume(media)

    assert media.ask(_TAKERS[-1]) is None


def test_the_state_tells_who_paused_and_since_when(media: MediaDatabase) -> None:
    state = "select public.get_media_queues_v1() -> 'sdxl_queue'"
    assert media.ask(_PAUSED) is False
    first = pause(media, "ann")
    assert pause(media, "bob") == first  # it was paused already
    queue = media.ask(state)
    assert queue["paused_at"]
    assert (media.ask(_PAUSED), queue["paused_by"], queue["eta_seconds"]) == (True, "ann", None)

    assert [resume(media), resume(media)] == [True, False]

    queue = media.ask(state)
    assert (media.ask(_PAUSED), queue["paused_at"], queue["paused_by"]) == (False, None, None)
    pause(media, "bob")
    assert media.ask(state)["paused_by"] == "bob"


def test_no_end_is_expected_in_a_pause(media: MediaDatabase) -> None:
    done = media.enqueue()["job_id"]
    media.claim()
    media.complete(done)
    message_id = media.job(media.enqueue()["job_id"])["message_id"]
    wait = f"select eta_seconds from media.estimate_waits('sdxl_queue', array[{message_id}])"
    state = "select public.get_media_queues_v1() -> 'sdxl_queue' ->> 'eta_seconds'"
    assert None not in (media.ask(wait), media.ask(state))

    pause(media)

    assert (media.ask(wait), media.ask(state)) == (None, None)


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_clients_are_refused(media: MediaDatabase, role: str) -> None:
    media.connection.execute(f"set role {role}".encode())
    for call in (
        "public.pause_media_queue_v1('sdxl_queue')",
        "public.resume_media_queue_v1('sdxl_queue')",
        "public.is_media_queue_paused_v1('sdxl_queue')",
        "count(*) from media.queue_pauses",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            media.connection.execute(f"select {call}".encode())


def test_a_queue_that_is_unknown_is_refused(media: MediaDatabase) -> None:
    for change in ("pause", "resume"):
        with pytest.raises(psycopg.Error) as refused:
            media.ask(f"select public.{change}_media_queue_v1('sdxl')")
        assert refused.value.diag.message_detail == "QUEUE_NOT_FOUND"
