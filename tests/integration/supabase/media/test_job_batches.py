"""Several jobs in one transaction: each has its own receipt, and its wait by measured durations."""

import json
from typing import Any
from uuid import uuid4

from tests.support.media.database import MediaDatabase


def entry(user_id: str, **columns: Any) -> dict[str, Any]:
    job_id = str(uuid4())
    job = {
        "id": job_id,
        "user_id": user_id,
        "job_type": "sdxl_image_fast",
        "format": "image",
        "quality": "fast",
        "queue_name": "sdxl_queue",
        "original_prompt": "a lighthouse",
        **columns,
    }
    return {"job": job, "payload": {"job_id": job_id}}


def enqueue(media: MediaDatabase, *entries: dict[str, Any]) -> list[dict[str, Any]]:
    return media.ask("select public.enqueue_media_jobs_v1(%s)", json.dumps(entries))


def test_one_bad_job_does_not_stop_the_others(media: MediaDatabase) -> None:
    key = {"idempotency_key": "k", "request_digest": "a"}
    first = entry(media.user_id, **key)
    again = entry(media.user_id, **key)
    other = entry(media.user_id, idempotency_key="k", request_digest="b")
    stray = entry(media.user_id, project_id=str(uuid4()))
    last = entry(media.user_id)
    receipts = enqueue(media, first, again, other, stray, last)
    assert [each.get("duplicate") for each in receipts] == [False, True, None, None, False]
    assert receipts[1]["job_id"] == receipts[0]["job_id"] == first["job"]["id"]
    assert receipts[2]["error"]["details"] == "IDEMPOTENCY_CONFLICT"
    assert receipts[3]["error"] == {
        "code": "PT404",
        "message": "Project not found",
        "details": "PROJECT_NOT_FOUND",
    }
    assert receipts[4]["job_id"] == last["job"]["id"]
    assert media.ask("select count(*) from public.jobs") == 2
    row = media.connection.execute("select count(*) from pgmq.q_sdxl_queue").fetchone()
    assert row == (2,)


def test_the_wait_is_estimated_by_place_and_durations(media: MediaDatabase) -> None:
    busy, calm = media.add_user(), media.add_user()
    receipts = enqueue(media, *(entry(busy) for _ in range(120)))
    assert [each["position"] for each in receipts[:3]] == [0, 1, 2]
    assert receipts[-1]["position"] == 119
    video = entry(busy, job_type="video_fast", format="video", queue_name="wan_queue")
    assert enqueue(media, video)[0]["position"] == 0  # of its own queue
    assert {each["eta_seconds"] for each in receipts} == {None}
    for _ in range(2):
        job = media.claim()
        assert job
        media.complete(job["job_id"])
    media.connection.execute(
        "update public.jobs set started_at = completed_at - interval '10 s'"
        " where status = 'completed'"
    )
    assert media.claim("w1")
    assert media.claim("w2")
    receipt = enqueue(media, entry(calm))[0]
    assert receipt["position"] == 1  # behind the busy user's next one only
    assert receipt["eta_seconds"] == 10  # two jobs of ten seconds, by two workers


def ranks(media: MediaDatabase) -> dict[str, float]:
    """Return the rank in the queue by job."""
    rows = media.connection.execute(
        "select message ->> 'job_id', (message ->> 'rank')::float from pgmq.q_sdxl_queue"
    ).fetchall()
    return dict(rows)


def test_the_jobs_of_a_batch_are_as_fair_as_single_ones(media: MediaDatabase) -> None:
    busy, calm = media.add_user(), media.add_user()
    media.enqueue(busy)
    batch = [entry(busy), entry(calm), entry(busy, priority=-1), entry(calm)]
    receipts = enqueue(media, *batch)
    found = ranks(media)
    assert [found[each["job"]["id"]] for each in batch] == [1, 0, 2, 1]
    assert [each["position"] for each in receipts] == [2, 1, 4, 3]
    stored = [media.job(each["job_id"]) for each in receipts]
    assert [job["payload"] for job in stored] == [each["payload"] for each in batch]
    claimed = [media.claim() for _ in range(5)]
    assert [job["job_id"] for job in claimed[1:] if job] == [
        batch[index]["job"]["id"] for index in (1, 0, 3, 2)
    ]


def test_batches_reach_each_queue_and_the_outbox(media: MediaDatabase) -> None:
    image, video = entry(media.user_id), entry(media.user_id, queue_name="wan_queue")
    video["job"] |= {"job_type": "video_fast", "format": "video"}
    outside = entry(media.user_id, transport="external")
    receipts = enqueue(media, image, video, outside)
    assert [each["queue_name"] for each in receipts] == ["sdxl_queue", "wan_queue", "sdxl_queue"]
    assert ["position" in each for each in receipts] == [True, True, False]
    assert (media.messages(), media.messages("q_wan_queue")) == (1, 1)
    assert media.ask("select job_id::text from media.outbox") == outside["job"]["id"]
    assert media.claim(queue="wan_queue")


def test_a_user_has_at_most_5000_jobs_in_the_queue(media: MediaDatabase) -> None:
    other = media.add_user()
    media.connection.execute(
        "insert into public.jobs (user_id, job_type, format, quality)"
        " select %s, 'sdxl_image_fast', 'image', 'fast' from generate_series(1, 4999)",
        (media.user_id,),
    )
    receipts = enqueue(media, *(entry(user) for user in (media.user_id, other, media.user_id)))
    details = [each["error"]["details"] if "error" in each else None for each in receipts]
    assert details == [None, None, "TOO_MANY_JOBS"]


def test_a_job_that_the_table_refuses_does_not_stop_the_others(media: MediaDatabase) -> None:
    receipts = enqueue(media, entry(media.user_id), entry(str(uuid4())), entry(media.user_id))
    assert [each.get("error", {}).get("code") for each in receipts] == [None, "23503", None]
    assert media.messages() == 2


def test_a_long_queue_is_not_read(media: MediaDatabase) -> None:
    media.connection.execute(
        "insert into pgmq.q_sdxl_queue (vt, message) select now(), jsonb_build_object('priority',"
        " 0, 'rank', i / 10, 'job_id', gen_random_uuid()) from generate_series(1, 9000) i"
    )
    media.connection.execute(
        "insert into public.jobs (user_id, job_type, format, quality, queue_name, transport,"
        " payload) select %s, 'sdxl_image_fast', 'image', 'fast', 'sdxl_queue', 'pgmq', '{}'"
        " from generate_series(1, 3000)",
        (media.add_user(),),
    )
    media.connection.execute("analyze public.jobs")
    entries = json.dumps([entry(media.user_id), entry(media.user_id)])
    with media.connection.transaction():
        media.connection.execute("set local role service_role")
        media.connection.execute("select public.enqueue_media_jobs_v1(%s)", (entries,))
        read = media.connection.execute(
            "select relname, seq_tup_read + coalesce(idx_tup_fetch, 0) as rows"
            " from pg_stat_xact_user_tables where relname in ('jobs', 'q_sdxl_queue')"
        ).fetchall()
    assert all(rows < 500 for _, rows in read), read
