"""A job's states, its lease and its message change together; terminal states are never left."""

from itertools import product

import psycopg
import pytest

from tests.support.media.database import MediaDatabase

pytestmark = pytest.mark.process

TERMINAL = ("completed", "failed", "cancelled")


def end(media: MediaDatabase, status: str) -> str:
    job_id = media.enqueue()["job_id"]
    media.claim()
    if status == "completed":
        media.complete(job_id)
    elif status == "failed":
        media.report(job_id, "failed", error="no such model")
    else:
        media.connection.execute(
            "update public.jobs set status = 'cancelled' where id = %s", (job_id,)
        )
    return job_id


def test_a_job_and_its_message_are_one_transaction(media: MediaDatabase) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        media.enqueue(job_type="sculpture")

    receipt = media.enqueue()

    assert (receipt["status"], receipt["queue_name"], receipt["duplicate"]) == (
        "queued", "sdxl_queue", False,
    )  # fmt: skip
    assert media.messages() == 1


def test_a_claim_leases_the_job_once(media: MediaDatabase) -> None:
    job_id = media.enqueue()["job_id"]

    claimed = media.claim("w1")
    again = media.claim("w2")

    assert claimed
    assert (claimed["job_id"], claimed["attempt"], again) == (job_id, 1, None)
    job = media.job(job_id)
    assert (job["status"], job["worker_id"], job["attempts"]) == ("processing", "w1", 1)
    assert job["lease_expires_at"]


@pytest.mark.parametrize("status", TERMINAL)
def test_the_message_of_an_ended_job_is_archived(media: MediaDatabase, status: str) -> None:
    job_id = end(media, status)

    assert (media.messages(), media.messages("a_sdxl_queue")) == (0, 1)
    assert media.job(job_id)["completed_at"]
    assert media.claim() is None


@pytest.mark.parametrize(
    ("status", "report"), list(product(TERMINAL, ("processing", *TERMINAL[:2])))
)
def test_late_callbacks_change_nothing(media: MediaDatabase, status: str, report: str) -> None:
    job_id = end(media, status)
    before = media.job(job_id)

    if report == "completed":
        answer = media.complete(job_id, 3)
    else:
        answer = media.report(job_id, report, error="oom", retryable=True)

    assert (answer["status"], answer["applied"]) == (status, False)
    assert answer["message"] == "Callback already processed"
    assert media.job(job_id) == before


@pytest.mark.parametrize(
    ("old", "new"), list(product(TERMINAL, ("queued", "processing", *TERMINAL)))
)
def test_terminal_states_are_never_left_by_sql_either(
    media: MediaDatabase, old: str, new: str
) -> None:
    job_id = end(media, old)
    if old == new:
        return

    with pytest.raises(psycopg.Error, match="cannot become"):
        media.connection.execute(
            "update public.jobs set status = %s, lease_expires_at = now() where id = %s",
            (new, job_id),
        )


def test_a_job_is_completed_with_its_assets_or_not_at_all(media: MediaDatabase) -> None:
    job_id = media.enqueue()["job_id"]
    media.claim()

    with pytest.raises(psycopg.Error, match="without an asset"):
        media.connection.execute(
            "update public.jobs set status = 'completed' where id = %s", (job_id,)
        )
    answer = media.report(job_id, "completed", assets=[])

    assert answer["status"] == "failed"
    assert media.job(job_id)["error_message"] == "no assets"


def test_two_callbacks_make_one_row_an_asset(media: MediaDatabase) -> None:
    job_id = media.enqueue()["job_id"]
    media.claim()

    first, second = media.complete(job_id, 3), media.complete(job_id, 3)

    assert (first["applied"], second["applied"]) == (True, False)
    assert media.ask("select count(*) from public.workspace_assets") == 3


def test_a_retryable_failure_is_tried_three_times(media: MediaDatabase) -> None:
    job_id = media.enqueue()["job_id"]
    seen: list[str] = []
    for _ in range(3):
        assert media.claim()
        seen.append(media.report(job_id, "failed", error="oom", retryable=True)["status"])

    assert seen == ["queued", "queued", "failed"]
    assert media.job(job_id)["error_message"] == "oom"
    assert media.claim() is None
    assert media.ask("select public.retry_media_job_v1(%s)", job_id)["status"] == "queued"
    assert media.claim()
    assert media.job(job_id)["attempts"] == 1


@pytest.mark.parametrize("how", ["claim", "reap"])
def test_a_lost_worker_s_job_is_taken_over_and_fails_in_the_end(
    media: MediaDatabase, how: str
) -> None:
    job_id = media.enqueue()["job_id"]
    for attempt in (1, 2, 3):
        claimed = media.claim(f"w{attempt}")
        assert claimed
        assert claimed["attempt"] == attempt
        media.expire(job_id)
        if how == "reap":
            media.ask("select public.reap_media_jobs_v1()")

    assert media.claim() is None
    job = media.job(job_id)
    assert (job["status"], job["error_message"]) == ("failed", "The worker was lost 3 times.")
    assert media.messages() == 0


def test_a_provider_s_job_that_was_never_started_fails_after_ten_minutes(
    media: MediaDatabase,
) -> None:
    insert = """
        insert into public.jobs (user_id, job_type, format, quality, original_prompt, created_at)
        select %s, 'sdxl_image_fast', 'image', 'fast', 'a lighthouse', now() - age
        from unnest(array[interval '9 minutes', interval '11 minutes']) as a (age)
        returning id::text
    """
    young, old = [row[0] for row in media.connection.execute(insert, (media.user_id,))]

    reaped = media.ask("select public.reap_media_jobs_v1()")

    assert (reaped["failed"], reaped["requeued"]) == (1, 0)
    assert media.job(young)["status"] == "queued"
    assert media.job(old)["status"] == "failed"
    assert media.job(old)["error_message"] == "The provider did not answer in time."


def test_a_claim_of_replicate_s_fallback_is_given_back_within_minutes(media: MediaDatabase) -> None:
    job_id = media.enqueue()["job_id"]
    media.connection.execute("update public.jobs set queued_at = now() - interval '2 minutes'")
    claimed = media.ask("select public.claim_replicate_jobs_v2()")
    left = "select lease_expires_at - now() < interval '4 minutes' from public.jobs where id = %s"

    assert claimed["job_id"] == job_id
    assert media.ask(left, job_id) is True
    media.expire(job_id)
    assert media.ask("select public.reap_media_jobs_v1()")["requeued"] == 1
    assert media.claim("w1")


def test_predictions_are_due_after_growing_pauses(media: MediaDatabase) -> None:
    insert = """
        insert into public.jobs (user_id, job_type, format, quality, status, started_at,
            lease_expires_at, metadata)
        select %s, 'rv51_fast', 'image', 'fast', 'processing', now() - age,
            now() + interval '1 hour', jsonb_build_object('prediction_id', n)
        from unnest(array[interval '20 seconds', interval '40 seconds'])
            with ordinality as a (age, n)
    """
    media.connection.execute(insert, (media.user_id,))
    due = "select array_agg(prediction_id) from public.claim_replicate_polls_v1()"
    pauses: list[float] = []
    for _ in range(12):
        assert media.ask(due) == ["2"]
        assert media.ask(due) is None
        pause = "select extract(epoch from next_at - now())::float from media.replicate_polls"
        pauses.append(round(media.ask(pause), -1))
        media.connection.execute("update media.replicate_polls set next_at = now()")

    assert pauses[:4] == [60, 90, 120, 150]
    assert pauses[-1] == 300


def test_an_attempt_begins_without_a_prediction(media: MediaDatabase) -> None:
    job_id = media.enqueue(metadata={"prediction_id": "of a request", "seed": 3})["job_id"]
    media.claim("w1")
    named = media.job(job_id)["metadata"]
    media.report(job_id, "processing", metadata={"prediction_id": "p1"})
    own = media.job(job_id)["metadata"]
    media.expire(job_id)
    assert media.claim("w2")

    assert (named, own) == ({"seed": 3}, {"seed": 3, "prediction_id": "p1"})
    assert media.job(job_id)["metadata"] == {"seed": 3}


def test_a_result_counts_although_the_job_was_taken_over(media: MediaDatabase) -> None:
    job_id = media.enqueue()["job_id"]
    media.claim("w1")
    media.expire(job_id)
    media.claim("w2")

    late_failure = media.report(job_id, "failed", worker_id="w1", error="x", retryable=True)
    late_sign = media.report(job_id, "processing", attempt=1)
    result = media.complete(job_id, worker_id="w1")

    assert late_failure["message"] == late_sign["message"] == "Callback of an earlier attempt"
    assert result["status"] == "completed"
    assert media.complete(job_id, worker_id="w2")["applied"] is False
    assert media.ask("select count(*) from public.workspace_assets") == 1


def test_a_processing_callback_renews_the_lease_and_hides_the_message(
    media: MediaDatabase,
) -> None:
    job_id = media.enqueue()["job_id"]
    media.claim()
    media.expire(job_id)

    media.report(job_id, "processing", metadata={"progress": 0.5})

    assert media.claim("w2") is None
    assert media.ask("select public.reap_media_jobs_v1()")["requeued"] == 0
    assert media.job(job_id)["metadata"] == {"progress": 0.5}


def test_an_idempotency_key_makes_one_job(media: MediaDatabase) -> None:
    one = media.enqueue(idempotency_key="k", request_digest="a")
    two = media.enqueue(idempotency_key="k", request_digest="a")
    other_user = media.enqueue(media.add_user(), idempotency_key="k", request_digest="b")

    assert two == {**one, "duplicate": True}
    assert other_user["duplicate"] is False
    with pytest.raises(psycopg.Error, match="another request"):
        media.enqueue(idempotency_key="k", request_digest="b")
    assert media.messages() == 2


def test_a_lost_message_is_sent_again(media: MediaDatabase) -> None:
    job_id = media.enqueue()["job_id"]
    media.connection.execute("delete from pgmq.q_sdxl_queue")
    media.connection.execute("update public.jobs set queued_at = now() - interval '1 hour'")

    assert media.ask("select public.reap_media_jobs_v1()")["resent"] == 1
    claimed = media.claim()
    assert claimed
    assert claimed["job_id"] == job_id


def test_an_external_queue_s_jobs_are_in_the_outbox(media: MediaDatabase) -> None:
    job_id = media.enqueue(transport="external")["job_id"]

    assert media.messages() == 0
    assert media.ask("select job_id::text from media.outbox") == job_id
    started = media.ask("select public.start_media_job_v1(%s, 'w1', 60)", job_id)
    assert started["started"] is True
    assert media.ask("select public.start_media_job_v1(%s, 'w2', 60)", job_id) == {
        "started": False, "finished": False,
    }  # fmt: skip
