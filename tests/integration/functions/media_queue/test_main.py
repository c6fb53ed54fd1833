"""The queue by Upstash's API: raw requests, and the client from PyPI."""

from base64 import b64decode
from urllib.parse import quote

import httpx
import psycopg
import pytest
from upstash_redis import Redis
from upstash_redis.errors import UpstashError

from tests.conftest import RunningStack
from tests.support.media.user import MediaUser, create_worker
from tests.support.media.worker import PullWorker
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.e2e

QUEUE = "sdxl_queue"


@pytest.fixture
def url(stack: RunningStack, ann: MediaUser) -> str:
    """The URL; the queues are empty."""
    return f"{stack.url}/functions/v1/media-queue"


@pytest.fixture
def headers(stack: RunningStack) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.service_role_key}"}


def test_commands_are_paths_or_bodies(url: str, headers: dict[str, str]) -> None:
    odd = "a/b c?&ü"
    calls = [
        httpx.get(f"{url}/ping", headers=headers, timeout=PATIENCE),
        httpx.get(f"{url}/rpush/{QUEUE}/{quote(odd, safe='')}", headers=headers, timeout=PATIENCE),
        httpx.post(f"{url}/rpush/{QUEUE}", content="two", headers=headers, timeout=PATIENCE),
        httpx.post(url, json=["LPUSH", QUEUE, "three", 4], headers=headers, timeout=PATIENCE),
        httpx.get(f"{url}/llen/{QUEUE}", headers=headers, timeout=PATIENCE),
        httpx.get(f"{url}/lrange/{QUEUE}/0/-1", headers=headers, timeout=PATIENCE),
        httpx.get(f"{url}/rpop/{QUEUE}", headers=headers, timeout=PATIENCE),
        httpx.get(f"{url}/lpop/{QUEUE}", headers=headers, timeout=PATIENCE),
        httpx.post(f"{url}/del/{QUEUE}", headers=headers, timeout=PATIENCE),
        httpx.get(f"{url}/rpop/{QUEUE}", headers=headers, timeout=PATIENCE),
        httpx.get(f"{url}/rpop/no_such_queue", headers=headers, timeout=PATIENCE),
    ]

    assert [call.status_code for call in calls] == [200] * len(calls)
    assert [call.json()["result"] for call in calls] == [
        "PONG", 1, 2, 4, 4, [odd, "two", "three", "4"], odd, "two", 1, None, None,
    ]  # fmt: skip


def test_pipelines_answer_each_command(url: str, headers: dict[str, str]) -> None:
    commands = [["RPUSH", QUEUE, "a"], ["GET", "x"], ["RPOP", QUEUE], [], ["LLEN"]]

    for path in ("pipeline", "multi-exec"):
        answer = httpx.post(f"{url}/{path}", json=commands, headers=headers, timeout=PATIENCE)
        assert answer.status_code == 200
        first, unknown, popped, empty, short = answer.json()
        assert (first, popped) == ({"result": 1}, {"result": "a"})
        assert unknown["error"].startswith("ERR unknown command 'GET'")
        assert empty["error"].startswith("ERR")
        assert short["error"] == "ERR wrong number of arguments for 'llen' command"


def test_errors_are_upstash_s(url: str, headers: dict[str, str]) -> None:
    bad = [
        httpx.get(f"{url}/get/x", headers=headers, timeout=PATIENCE),
        httpx.get(f"{url}/rpush/no_such_queue/x", headers=headers, timeout=PATIENCE),
        httpx.post(url, content="[", headers=headers, timeout=PATIENCE),
        httpx.get(f"{url}/lrange/{QUEUE}/a/b", headers=headers, timeout=PATIENCE),
        httpx.post(url, json=["RPUSH", QUEUE, "a\0b"], headers=headers, timeout=PATIENCE),
    ]
    wrong = {"Authorization": "Bearer x"}

    assert [answer.status_code for answer in bad] == [400] * len(bad)
    assert all(answer.json()["error"].startswith("ERR ") for answer in bad)
    for refused in (
        httpx.get(f"{url}/ping", timeout=PATIENCE),
        httpx.get(f"{url}/ping", headers=wrong, timeout=PATIENCE),
    ):
        assert (refused.status_code, refused.json()) == (401, {"error": "Unauthorized"})


def test_the_token_may_be_in_the_query(url: str, stack: RunningStack) -> None:
    for key in (stack.service_role_key, stack.secret_key):
        answer = httpx.get(f"{url}/ping", params={"_token": key}, timeout=PATIENCE)
        assert answer.json() == {"result": "PONG"}
    for key in (stack.anon_key, "wk_\0", "wk_" + 64 * "0"):
        refused = httpx.get(f"{url}/ping", params={"_token": key}, timeout=PATIENCE)
        assert refused.status_code == 401


def test_strings_are_encoded_on_request(url: str, headers: dict[str, str]) -> None:
    encoded = {**headers, "Upstash-Encoding": "base64"}
    httpx.post(url, json=["RPUSH", QUEUE, "grün"], headers=headers, timeout=PATIENCE)

    answer = httpx.get(f"{url}/rpop/{QUEUE}", headers=encoded, timeout=PATIENCE)

    assert b64decode(answer.json()["result"]).decode() == "grün"


def test_the_client_from_pypi(url: str, stack: RunningStack) -> None:
    with Redis(url=url, token=stack.service_role_key, allow_telemetry=False) as redis:
        assert redis.ping() == "PONG"
        assert redis.rpush(QUEUE, "one", "zwei ü") == 2
        assert redis.lpush(QUEUE, "three") == 3
        assert redis.llen(QUEUE) == 3
        assert redis.lrange(QUEUE, 0, -1) == ["one", "zwei ü", "three"]
        assert redis.lrange(QUEUE, -1, -1) == ["three"]
        assert redis.rpop(QUEUE) == "one"
        assert redis.lpop(QUEUE, 5) == ["zwei ü", "three"]
        assert redis.rpop(QUEUE) is None
        pipeline = redis.pipeline()
        pipeline.rpush(QUEUE, "x")
        pipeline.rpop(QUEUE)
        assert pipeline.exec() == [1, "x"]
        with pytest.raises(UpstashError):
            redis.set("a", "b")


def test_jobs_come_first_in_first_out(ann: MediaUser, worker: PullWorker) -> None:
    sent = [ann.queue(prompt=f"picture {i}").json()["jobId"] for i in range(4)]

    assert [worker.work() for _ in range(5)] == [*sent, None]
    assert {ann.job(job_id)["status"] for job_id in sent} == {"completed"}


def test_a_worker_is_named_in_the_job(ann: MediaUser, stack: RunningStack) -> None:
    job_id = ann.queue().json()["jobId"]

    with create_worker(stack, "gpu-7") as named:
        named.pop()

    job = ann.job(job_id)
    assert (job["worker_id"], job["attempts"]) == ("gpu-7", 1)


def test_a_killed_worker_s_job_is_reaped_on_a_schedule(
    ann: MediaUser, worker: PullWorker, stack: RunningStack, url: str, headers: dict[str, str]
) -> None:
    job_id = ann.queue().json()["jobId"]
    worker.pop()
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        connection.execute(
            "update public.jobs set lease_expires_at = now() where status = 'processing'"
        )

    answer = httpx.post(url, json={"action": "reap"}, headers=headers, timeout=PATIENCE)

    assert answer.json()["requeued"] == 1
    assert worker.work() == job_id
    assert ann.job(job_id)["status"] == "completed"


def test_two_users_take_turns(ann: MediaUser, bob: MediaUser, worker: PullWorker) -> None:
    for _ in range(8):
        ann.queue()
    worker.work()
    late = bob.queue().json()["jobId"]

    assert late in [worker.work(), worker.work()]


@pytest.mark.parametrize("key", ["anon_key", "publishable_key"])
def test_others_cannot_use_the_queue(stack: RunningStack, url: str, key: str) -> None:
    token = getattr(stack, key)
    refused = httpx.get(f"{url}/rpop/{QUEUE}", headers={"apikey": token}, timeout=PATIENCE)
    assert refused.status_code == 401


def test_a_user_cannot_use_the_queue(ann: MediaUser, url: str) -> None:
    assert (
        httpx.get(f"{url}/llen/{QUEUE}", headers=ann.headers, timeout=PATIENCE).status_code == 401
    )
