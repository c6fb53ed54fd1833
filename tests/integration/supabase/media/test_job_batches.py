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
