"""Jobs from queue-job to the workspace, drawn by a real worker process of the back-end `local`."""

import io
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from PIL import Image
from psycopg.rows import dict_row

from tests.conftest import RunningStack
from tests.support.waiting import PATIENCE
from tests.support.worker_process import RunningWorker, running_worker

pytestmark = pytest.mark.process
SEA = "a lighthouse by the sea at sunset"


@pytest.fixture(scope="module")
def _worker(_stack: RunningStack) -> Iterator[RunningWorker]:
    with psycopg.connect(_stack.dsn) as connection:
        connection.execute("delete from public.workers")
    with running_worker(_stack, "sdxl", "wan", "chat") as started:
        yield started


@pytest.fixture
def worker(_worker: RunningWorker, stack: RunningStack) -> RunningWorker:
    return _worker


def rows(stack: RunningStack, query: str, *values: Any) -> list[dict[str, Any]]:
    with psycopg.connect(stack.dsn, row_factory=dict_row) as connection:
        return connection.execute(query.encode(), values).fetchall()


def queue(stack: RunningStack, token: str, **body: Any) -> str:
    answer = stack.call("queue-job", {"job_type": "sdxl_image_fast", "prompt": SEA, **body}, token)
    assert answer.status_code == 200, answer.text
    return answer.json()["jobId"]


def wait(
    stack: RunningStack, job_id: str, *states: str, seconds: float = PATIENCE
) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = rows(stack, "select * from public.jobs where id = %s", job_id)[0]
        if job["status"] in (states or ("completed", "failed", "cancelled")):
            return job
        time.sleep(0.1)
    raise AssertionError(f"The job is still {job['status']}: {job}")


def assets(stack: RunningStack, job_id: str) -> list[dict[str, Any]]:
    query = "select * from public.workspace_assets where job_id = %s order by asset_index"
    return rows(stack, query, job_id)


def download(stack: RunningStack, path: str, token: str) -> bytes:
    with stack.client(token) as client:
        answer = client.get(f"/storage/v1/object/authenticated/workspace-temp/{path}")
    assert answer.status_code == 200, answer.text
    return answer.content


def test_a_prompt_becomes_pictures_in_the_workspace(
    stack: RunningStack, worker: RunningWorker
) -> None:
    user_id, token = stack.create_user()
    job_id = queue(stack, token, num_images=3, seed=7, metadata={"aspect_ratio": "16:9"})
    job = wait(stack, job_id)
    found = assets(stack, job_id)

    assert (job["status"], job["error_message"]) == ("completed", None)
    assert len(found) == 3
    assert {asset["model_used"] for asset in found} == {"local-procedural"}
    assert {(asset["width"], asset["height"]) for asset in found} == {(1024, 576)}
    assert found[0]["temp_storage_path"] == f"{user_id}/{job_id}/0.png"
    image = Image.open(io.BytesIO(download(stack, found[0]["temp_storage_path"], token)))
    assert image.size == (1024, 576)
    assert "Seed: 7" in image.text["parameters"]  # pyright: ignore[reportAttributeAccessIssue]
    thumbnail = Image.open(io.BytesIO(download(stack, found[0]["thumbnail_path"], token)))
    assert (thumbnail.format, max(thumbnail.size)) == ("WEBP", 256)


def test_a_picture_starts_from_a_reference_of_the_workspace(
    stack: RunningStack, worker: RunningWorker
) -> None:
    _, token = stack.create_user()
    first = queue(stack, token, seed=1, num_images=1)
    wait(stack, first)
    path = assets(stack, first)[0]["temp_storage_path"]
    second = queue(
        stack,
        token,
        prompt="snow",
        reference_image_url=f"workspace-temp/{path}",
        reference_strength=0.9,
        num_images=1,
        metadata={"reference_mode": "modify"},
    )
    job = wait(stack, second)

    assert job["status"] == "completed", job["error_message"]
    before = Image.open(io.BytesIO(download(stack, path, token))).convert("L")
    made = assets(stack, second)[0]["temp_storage_path"]
    after = Image.open(io.BytesIO(download(stack, made, token))).convert("L")
    histogram = [
        abs(a - b)
        for a, b in zip(
            before.resize((32, 32)).tobytes(), after.resize((32, 32)).tobytes(), strict=True
        )
    ]
    assert 0 < sum(histogram) / len(histogram) < 40


def test_a_video_type_makes_a_video(stack: RunningStack, worker: RunningWorker) -> None:
    _, token = stack.create_user()
    job_id = queue(stack, token, job_type="video_fast", format="mp4", model_type="wan")
    job = wait(stack, job_id, seconds=60)

    assert job["status"] == "completed", job["error_message"]
    (asset,) = assets(stack, job_id)
    assert (asset["asset_type"], asset["mime_type"]) == ("video", "video/mp4")
    assert asset["duration_seconds"] > 0
    assert download(stack, asset["temp_storage_path"], token)[4:8] == b"ftyp"


def test_the_workers_are_registered_and_answer(stack: RunningStack, worker: RunningWorker) -> None:
    end = time.monotonic() + PATIENCE
    while len(rows(stack, "select * from public.workers where health = 'healthy'")) < 3:
        assert time.monotonic() < end, "The workers are not registered."
        time.sleep(0.1)
    found = stack.call("get-active-worker-url", {"worker_type": "chat"}).json()
    health = httpx.get(f"{found['worker_url']}/health").json()

    assert found["worker_url"] == f"{worker.url}/chat"
    assert (health["status"], health["worker_type"]) == ("healthy", "chat")
    assert found["supportedEndpoints"] == [
        "/health",
        "/worker/info",
        "/chat",
        "/enhance",
        "/generate",
    ]


def test_messages_are_answered_and_prompts_enhanced(worker: RunningWorker) -> None:
    messages = [
        {"role": "system", "content": "Mira keeps a lighthouse. She fears storms."},
        {"role": "user", "content": "What do you fear about storms?"},
    ]
    chat = httpx.post(f"{worker.url}/chat/chat", json={"messages": messages}).json()
    asked = [{"role": "user", "content": SEA}]
    enhanced = httpx.post(
        f"{worker.url}/chat/enhance", json={"messages": asked, "max_tokens": 75}
    ).json()
    drawn = httpx.post(f"{worker.url}/sdxl/generate", json={"prompt": SEA, "width": 64}).json()

    assert chat["response"] == "She fears storms."
    assert enhanced["enhanced_prompt"].startswith(SEA + ", ")
    assert {chat["model_info"]["model"], enhanced["model_info"]["model"]} == {"local-extractive"}
    assert drawn["model_info"]["model"] == "local-procedural"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("chat/chat", {}),
        ("chat/chat", {"messages": []}),
        ("chat/chat", {"messages": [{"role": "tool", "content": "x"}]}),
        ("chat/chat", {"messages": [{"role": "user", "content": "x"}], "max_tokens": -1}),
        ("chat/enhance", []),
        ("sdxl/generate", {"prompt": 7}),
        ("sdxl/generate", {"prompt": "x", "width": 1_000_000}),
    ],
)
def test_bad_requests_to_a_worker_are_400(worker: RunningWorker, path: str, body: Any) -> None:
    answer = httpx.post(f"{worker.url}/{path}", json=body)

    assert answer.status_code == 400
    assert answer.json()["success"] is False


def test_a_cancelled_job_is_not_drawn(stack: RunningStack) -> None:
    _, token = stack.create_user()
    job_id = queue(stack, token)
    with stack.client(token) as client:
        client.patch(f"/rest/v1/jobs?id=eq.{job_id}", json={"status": "cancelled"})
    with running_worker(stack, "sdxl"):
        later = queue(stack, token)
        wait(stack, later)

    assert wait(stack, job_id)["status"] == "cancelled"
    assert assets(stack, job_id) == []


def test_a_stopped_worker_leaves_no_job_behind(stack: RunningStack) -> None:
    _, token = stack.create_user()
    with running_worker(stack, "sdxl") as first:
        jobs = [queue(stack, token, num_images=6) for _ in range(2)]
        wait(stack, jobs[0], "processing", "completed")
        assert first.stop() == 0
    states = {wait(stack, job, "queued", "completed")["status"] for job in jobs}
    assert states <= {"queued", "completed"}
    assert rows(stack, "select * from public.workers where base_url like %s", f"{first.url}%") == []
    queue_url = f"{stack.url}/functions/v1/media-queue"  # read without asking the data API first
    with running_worker(stack, "sdxl", UPSTASH_REDIS_REST_URL=queue_url):
        assert {wait(stack, job)["status"] for job in jobs} == {"completed"}


def test_a_type_that_does_not_exist_and_a_missing_key_are_named() -> None:
    import subprocess
    import sys

    from tests.support.paths import ROOT

    command = [sys.executable, "-m", "workers", "sdxl"]
    ended = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "SUPABASE_URL is not set" in ended.stderr
