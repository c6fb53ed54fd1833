"""Callbacks through HTTP: files checked in Storage, monotonic states, nothing applied twice."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import RunningStack
from tests.support.media.user import MediaUser
from tests.support.media.worker import PullWorker
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.e2e

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(100)


def start(ann: MediaUser, worker: PullWorker, **body: Any) -> dict[str, Any]:
    receipt = ann.queue(**body).json()
    job = worker.pop(receipt["queueName"])
    assert job
    return job


def test_a_job_goes_from_the_prompt_to_the_workspace(ann: MediaUser, worker: PullWorker) -> None:
    job = start(ann, worker, num_images=3)
    assert ann.job(job["id"])["status"] == "processing"

    answer = worker.finish(job)

    assert answer.json() == {
        "success": True,
        "jobId": job["id"],
        "status": "completed",
        "message": "Callback processed successfully",
    }
    rows = ann.rows("workspace_assets", job_id=f"eq.{job['id']}", order="asset_index")
    assert [row["asset_index"] for row in rows] == [0, 1, 2]
    for row in rows:
        url = f"{ann.stack.url}/storage/v1/object/workspace-temp/{row['temp_storage_path']}"
        content = httpx.get(url, headers=ann.headers, timeout=PATIENCE).content
        assert (row["file_size_bytes"], row["mime_type"]) == (len(content), "image/png")
        assert (row["original_prompt"], row["generation_seed"]) == (
            "a pier",
            job["config"]["seed"],
        )


def test_types_are_read_from_the_files(ann: MediaUser, worker: PullWorker) -> None:
    job = start(ann, worker, job_type="video_fast")
    folder = f"{job['user_id']}/{job['id']}"
    worker.upload(f"{folder}/0.png", MP4)
    worker.upload(f"{folder}/1.mp4", b"no video", "video/mp4")
    assets = [{"type": "image", "url": f"workspace-temp/{folder}/{name}"} for name in ("0.png",)]
    assets.append({"type": "video", "url": f"{folder}/1.mp4"})

    answer = worker.call_back(
        job["id"], "completed", assets=assets, metadata={"frame_num": 81, "seed": 9}
    )

    assert answer.json()["missing"] == [f"{folder}/1.mp4"]
    (row,) = ann.rows("workspace_assets", job_id=f"eq.{job['id']}")
    assert (row["asset_type"], row["mime_type"], row["duration_seconds"]) == (
        "video", "video/mp4", 6,
    )  # fmt: skip


def test_older_workers_send_results(ann: MediaUser, worker: PullWorker) -> None:
    job = start(ann, worker)
    path = f"{job['user_id']}/{job['id']}/0.png"
    worker.upload(path, PNG)
    results = {"assets": [{"assetType": "image", "tempStoragePath": path, "assetIndex": 0}]}
    body = {"jobId": job["id"], "status": "completed", "results": results}
    headers = {"Authorization": f"Bearer {worker.service_key}"}
    url = f"{ann.stack.url}/functions/v1/job-callback"

    answer = httpx.post(url, json=body, headers=headers, timeout=PATIENCE)

    assert answer.json()["status"] == "completed", answer.text


def test_two_callbacks_at_once_are_one(ann: MediaUser, worker: PullWorker) -> None:
    job = start(ann, worker, num_images=6)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: worker.finish(job).json(), range(4)))

    assert {answer["status"] for answer in answers} == {"completed"}
    messages = sorted(answer["message"] for answer in answers)
    assert messages.count("Callback processed successfully") == 1
    assert len(ann.rows("workspace_assets", job_id=f"eq.{job['id']}")) == 6


def test_a_status_never_goes_back(ann: MediaUser, worker: PullWorker) -> None:
    job = start(ann, worker)
    worker.finish(job)
    before = ann.job(job["id"])

    for status in ("processing", "failed", "completed"):
        answer = worker.call_back(job["id"], status, error_message="late")
        assert (answer.status_code, answer.json()["message"]) == (
            200, "Callback already processed",
        )  # fmt: skip

    assert ann.job(job["id"]) == before


def test_a_job_cancelled_while_it_is_drawn_stays_so(ann: MediaUser, worker: PullWorker) -> None:
    job = start(ann, worker)
    url = f"{ann.stack.url}/rest/v1/jobs?id=eq.{job['id']}"
    httpx.patch(url, json={"status": "cancelled"}, headers=ann.headers, timeout=PATIENCE)

    answer = worker.finish(job)

    assert answer.json()["status"] == "cancelled"
    assert ann.rows("workspace_assets", job_id=f"eq.{job['id']}") == []


def test_what_may_pass_is_tried_again(ann: MediaUser, worker: PullWorker) -> None:
    job = start(ann, worker)
    seen: list[str] = []
    for _ in range(3):
        answer = worker.call_back(
            job["id"], "failed", error_message="CUDA", metadata={"error_type": "oom"}
        )
        seen.append(answer.json()["status"])
        again = worker.pop()
        assert (again is None) == (seen[-1] == "failed")

    assert seen == ["queued", "queued", "failed"]
    assert ann.job(job["id"])["error_message"] == "CUDA"


def test_what_will_not_pass_fails_at_once(ann: MediaUser, worker: PullWorker) -> None:
    job = start(ann, worker)

    worker.call_back(job["id"], "failed", error_message=None, metadata={"error_type": "model"})

    row = ann.job(job["id"])
    assert (row["status"], row["error_message"]) == ("failed", "model: the worker failed")


@pytest.mark.parametrize("count", [0, 1])
def test_a_result_without_files_is_a_failure(
    ann: MediaUser, worker: PullWorker, count: int
) -> None:
    job = start(ann, worker)
    assets = [{"type": "image", "url": f"{job['user_id']}/{job['id']}/0.png"}] * count

    answer = worker.call_back(job["id"], "completed", assets=assets)

    assert answer.json()["status"] == "failed"
    assert ann.job(job["id"])["error_message"] == "no assets"


@pytest.mark.parametrize(
    "path",
    [
        "{other}/{job}/0.png",
        "{user}/{other}/0.png",
        "{user}/{job}/../../x.png",
        "{user}/{job}",
        "{user}/{job}/",
        "{user}/{job}//0.png",
        "/etc/passwd",
        "https://example.com/0.png",
        "user-library/{user}/{job}/0.png",
        "",
        None,
        7,
    ],
)
def test_paths_outside_of_the_job_s_folder_are_refused(
    ann: MediaUser, worker: PullWorker, path: Any
) -> None:
    job = start(ann, worker)
    if isinstance(path, str):
        path = path.format(user=job["user_id"], job=job["id"], other=uuid4())

    answer = worker.call_back(job["id"], "completed", assets=[{"type": "image", "url": path}])

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ASSET")
    assert ann.job(job["id"])["status"] == "processing"


def test_a_thousand_assets_are_refused(ann: MediaUser, worker: PullWorker) -> None:
    job = start(ann, worker)
    folder = f"{job['user_id']}/{job['id']}"
    assets = [{"type": "image", "url": f"{folder}/{i}.png"} for i in range(1000)]

    answer = worker.call_back(job["id"], "completed", assets=assets)

    assert (answer.status_code, answer.json()["code"]) == (400, "TOO_MANY_ASSETS")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "MISSING_FIELDS"),
        ({"job_id": str(uuid4())}, 400, "MISSING_FIELDS"),
        ({"status": "completed"}, 400, "MISSING_FIELDS"),
        ({"job_id": str(uuid4()), "status": "done"}, 400, "INVALID_BODY"),
        ({"job_id": "x", "status": "failed"}, 400, "INVALID_BODY"),
        ({"job_id": str(uuid4()), "status": ["failed"]}, 400, "INVALID_BODY"),
        ({"job_id": str(uuid4()), "status": "failed"}, 404, "JOB_NOT_FOUND"),
        ({"job_id": str(uuid4()), "status": "completed"}, 404, "JOB_NOT_FOUND"),
        ({"job_id": str(uuid4()), "status": "failed", "assets": "x"}, 400, "INVALID_BODY"),
        ({"job_id": str(uuid4()), "status": "failed", "metadata": []}, 400, "INVALID_BODY"),
    ],
)
def test_bad_callbacks(stack: RunningStack, body: dict[str, Any], status: int, code: str) -> None:
    answer = stack.call("job-callback", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_only_the_service_calls_back(ann: MediaUser, worker: PullWorker) -> None:
    job = start(ann, worker)
    body = {"job_id": job["id"], "status": "failed"}
    headers = {"apikey": ann.stack.anon_key, "authorization": f"Bearer {ann.stack.anon_key}"}
    url = f"{ann.stack.url}/functions/v1/job-callback"

    assert ann.call("job-callback", body).status_code == 401
    assert httpx.post(url, json=body, headers=headers, timeout=PATIENCE).status_code == 401
    assert httpx.post(url, json=body, timeout=PATIENCE).status_code == 401
    with ann.stack.client() as client:
        assert client.get("/functions/v1/job-callback").status_code == 405
    assert ann.job(job["id"])["status"] == "processing"
