"""Jobs through a queue outside of Postgres: the functions with QUEUE_URL, on a real Valkey."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import redis

from tests.conftest import RunningStack
from tests.support.media.user import MediaUser, create_media_user, empty_queues
from tests.support.media.valkey import run_valkey
from tests.support.media.worker import PullWorker
from tests.support.paths import ROOT
from tests.support.served_function import serve
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.e2e, pytest.mark.process]


@dataclass(frozen=True)
class External:
    """The three functions as processes of their own, and the server behind them."""

    stack: RunningStack
    urls: dict[str, str]
    redis: "redis.Redis"

    def queue(self, user: MediaUser, prompt: str = "a pier") -> httpx.Response:
        body = {"job_type": "sdxl_image_fast", "prompt": prompt}
        return httpx.post(self.urls["queue_job"], json=body, headers=user.headers, timeout=PATIENCE)

    def pop(self) -> dict[str, Any] | None:
        result = self.ask("GET", "media_queue", "/rpop/sdxl_queue")["result"]
        return json.loads(result) if result else None

    def reap(self) -> dict[str, Any]:
        return self.ask("POST", "media_queue", json={"action": "reap"})

    def call_back(self, job_id: str, status: str, **report: Any) -> dict[str, Any]:
        body = {"job_id": job_id, "status": status, **report}
        return self.ask("POST", "job_callback", json=body)

    def finish(self, job: dict[str, Any]) -> dict[str, Any]:
        worker = PullWorker(self.stack.url, self.stack.service_role_key)
        path = f"{job['user_id']}/{job['id']}/0.png"
        with worker:
            worker.upload(path, worker.draw(job, 0))
        return self.call_back(job["id"], "completed", assets=[{"type": "image", "url": path}])

    def ask(self, method: str, function: str, path: str = "", **options: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.stack.service_role_key}"}
        url = f"{self.urls[function]}{path}"
        answer = httpx.request(method, url, headers=headers, timeout=PATIENCE, **options)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def served(_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[External]:
    keys = {
        "SUPABASE_URL": _stack.url,
        "SUPABASE_ANON_KEY": _stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": _stack.service_role_key,
    }
    with ExitStack() as opened:
        url = opened.enter_context(run_valkey())
        urls: dict[str, str] = {}
        for name in ("queue_job", "media_queue", "job_callback"):
            log: Path = tmp_path_factory.mktemp("served") / f"{name}.log"
            slug = name.replace("_", "-")
            environment = {**keys, "QUEUE_URL": url, "SUPABASE_FUNCTION_SLUG": slug}
            function = opened.enter_context(serve(ROOT / "functions" / name, log, environment))
            urls[name] = str(function.client.base_url).rstrip("/")
        client = opened.enter_context(redis.Redis.from_url(url))
        yield External(_stack, urls, client)


@pytest.fixture
def external(served: External) -> External:
    served.redis.flushall()
    empty_queues(served.stack)
    return served


@pytest.fixture
def ann(external: External) -> MediaUser:
    return create_media_user(external.stack)


def test_a_job_goes_through_and_leaves_nothing_behind(external: External, ann: MediaUser) -> None:
    job_id = external.queue(ann).json()["jobId"]

    job = external.pop()

    assert job
    assert (job["id"], job["attempt"], external.pop()) == (job_id, 1, None)
    assert external.finish(job)["status"] == "completed"
    assert ann.job(job_id)["status"] == "completed"
    left = [key for key in external.redis.scan_iter() if b"sequence" not in key]
    assert left == []


def test_a_failed_attempt_is_queued_again(external: External, ann: MediaUser) -> None:
    job_id = external.queue(ann).json()["jobId"]
    seen: list[str] = []
    while job := external.pop():
        assert job["id"] == job_id
        metadata = {"error_type": "oom"}
        seen.append(external.call_back(job_id, "failed", metadata=metadata)["status"])

    assert seen == ["queued", "queued", "failed"]


def test_a_cancelled_job_s_message_is_dropped_by_its_reader(
    external: External, ann: MediaUser
) -> None:
    cancelled = external.queue(ann).json()["jobId"]
    kept = external.queue(ann).json()["jobId"]
    url = f"{ann.stack.url}/rest/v1/jobs?id=eq.{cancelled}"
    httpx.patch(url, json={"status": "cancelled"}, headers=ann.headers, timeout=PATIENCE)

    job = external.pop()

    assert job
    assert job["id"] == kept
    assert external.pop() is None


def test_a_server_that_lost_its_data_gets_the_jobs_again(
    external: External, ann: MediaUser
) -> None:
    job_id = external.queue(ann).json()["jobId"]
    external.redis.flushall()
    assert external.pop() is None
    with psycopg.connect(external.stack.dsn, autocommit=True) as connection:
        connection.execute("alter table public.jobs disable trigger guard_state")
        connection.execute(
            "update public.jobs set queued_at = now() - interval '1 hour' where id = %s", (job_id,)
        )
        connection.execute("alter table public.jobs enable trigger guard_state")

    assert external.reap()["sent"] == 1
    assert external.reap()["sent"] == 1  # what the server holds is not added again

    job = external.pop()
    assert job
    assert (job["id"], external.pop()) == (job_id, None)


def test_a_crash_between_row_and_queue_loses_nothing(external: External, ann: MediaUser) -> None:
    job = {
        "user_id": ann.id, "job_type": "sdxl_image_fast", "format": "image", "quality": "fast",
        "queue_name": "sdxl_queue", "transport": "external",
    }  # fmt: skip
    with external.stack.client() as client:
        body = {"job": job, "payload": {"prompt": "x"}}
        receipt = client.post("/rest/v1/rpc/enqueue_media_job_v1", json=body).json()
    with psycopg.connect(external.stack.dsn, autocommit=True) as connection:
        connection.execute(
            "update public.jobs set payload = payload || jsonb_build_object('job_id', id)"
        )

    assert external.pop() is None
    assert external.reap()["sent"] == 1
    sent = external.pop()
    assert sent
    assert sent["job_id"] == receipt["job_id"]


def test_a_paused_queue_gives_nothing(external: External, ann: MediaUser) -> None:
    """Neither jobs nor other messages, of the server or of Postgres."""
    first, second = (external.queue(ann).json()["jobId"] for _ in range(2))
    ann.queue()  # by the stack's own function: in Postgres
    external.ask("POST", "media_queue", json=["LPUSH", "sdxl_queue", '"a note"'])
    with psycopg.connect(external.stack.dsn, autocommit=True) as connection:
        connection.execute("select public.pause_media_queue_v1('sdxl_queue')")
        try:
            paused = [external.pop(), external.pop()]
        finally:
            connection.execute("delete from media.queue_pauses")

    popped = [external.pop() for _ in range(4)]

    assert paused == [None, None]
    ids = [job["id"] for job in popped if isinstance(job, dict)]
    assert ids[:2] == [first, second]
    assert (len(ids), "a note" in popped) == (3, True)


def test_users_take_turns(external: External, ann: MediaUser) -> None:
    bob = create_media_user(external.stack)
    for _ in range(6):
        external.queue(ann)
    external.pop()
    late = external.queue(bob).json()["jobId"]

    popped = [external.pop(), external.pop()]

    assert late in [job["id"] for job in popped if job]


def test_jobs_of_the_queue_before_are_not_left_behind(
    external: External, ann: MediaUser, stack: RunningStack
) -> None:
    """QUEUE_URL may be set, or taken away, while jobs wait."""
    before = ann.queue().json()["jobId"]  # by the stack's own function: in Postgres
    job = external.pop()
    assert job
    assert job["id"] == before
    assert external.finish(job)["status"] == "completed"

    after = external.queue(ann).json()["jobId"]
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        connection.execute("alter table public.jobs disable trigger guard_state")
        connection.execute(
            "update public.jobs set queued_at = now() - interval '1 hour' where id = %s", (after,)
        )
        connection.execute("alter table public.jobs enable trigger guard_state")
    adopted = stack.call("media-queue", {"action": "reap"}).json()["adopted"]
    with PullWorker(stack.url, stack.service_role_key) as worker:
        popped = worker.pop()

    assert adopted == 1
    assert popped
    assert popped["id"] == after


@pytest.mark.parametrize(
    ("url", "code"),
    [("redis://127.0.0.1:1/0", "QUEUE_UNAVAILABLE"), ("amqp://x", "QUEUE_NOT_CONFIGURED")],
)
def test_nothing_is_queued_where_no_queue_is(
    stack: RunningStack, tmp_path: Path, url: str, code: str
) -> None:
    user = create_media_user(stack)
    environment = {
        "SUPABASE_URL": stack.url,
        "SUPABASE_ANON_KEY": stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        "SUPABASE_FUNCTION_SLUG": "queue-job",
        "QUEUE_URL": url,
    }
    with serve(ROOT / "functions/queue_job", tmp_path / "log", environment) as served:
        body = {"job_type": "sdxl_image_fast", "prompt": "x"}
        answer = served.client.post("/", json=body, headers=user.headers)

    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert user.rows("jobs") == []
