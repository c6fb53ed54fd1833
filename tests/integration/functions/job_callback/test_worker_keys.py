"""A worker with a key of its own: it takes jobs, stores their files, reports them, no others'."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import RunningStack
from tests.support.media.user import MediaUser
from tests.support.media.worker import PullWorker
from workers.errors import ProviderError
from workers.message import parse_message
from workers.project import Project
from workers.settings import read_settings
from workers.task import File

pytestmark = pytest.mark.e2e

QUEUE = "sdxl_queue"
PICTURE = File(b"\x89PNG\r\n\x1a\n" + bytes(100), "image/png", 64, 64, 7)


def create_key(stack: RunningStack, name: str) -> str:
    with stack.client() as client:
        answer = client.post("/rest/v1/rpc/create_worker_key_v1", json={"name": name})
    return answer.json()


def open_project(stack: RunningStack, key: str) -> Project:
    values = {"SUPABASE_URL": stack.url, "WORKER_KEY": key, "WORKER_ID": "somebody else"}
    return Project(read_settings(("sdxl",), "local", values))


@pytest.fixture
async def project(stack: RunningStack) -> AsyncIterator[Project]:
    project = open_project(stack, create_key(stack, "gpu-1"))
    yield project
    await project.close()


async def test_a_worker_draws_with_its_own_key(
    stack: RunningStack, ann: MediaUser, project: Project
) -> None:
    queued = ann.queue(num_images=1).json()
    taken = await project.take(QUEUE)
    assert taken
    message = parse_message(taken)
    assert ann.job(message.job_id)["worker_id"] == "gpu-1"
    report = {"job_id": message.job_id, "status": "completed"}

    other = open_project(stack, create_key(stack, "gpu-2"))
    with pytest.raises(ProviderError, match="does not hold"):
        await other.upload(message, 0, PICTURE)
    assert await other.report({**report, "status": "failed"}) is None
    await other.close()

    await project.register({"worker_type": "sdxl"})
    asset = await project.upload(message, 0, PICTURE)
    await project.upload(message, 0, PICTURE)  # again, after a lost answer
    status = await project.report({**report, "assets": [{"type": "image", **asset}]})
    assert (message.job_id, status) == (queued["jobId"], "completed")
    with pytest.raises(ProviderError, match="has ended"):
        await project.upload(message, 0, PICTURE)


def test_a_key_opens_nothing_else_and_is_revoked(
    stack: RunningStack, ann: MediaUser, worker: PullWorker
) -> None:
    key = create_key(stack, "gpu-1")
    url, headers = f"{stack.url}/functions/v1/media-queue", {"authorization": f"Bearer {key}"}
    for path in ("lrange/sdxl_queue/0/-1", "del/sdxl_queue", "rpush/sdxl_queue/x", "pipeline"):
        refused = httpx.post(f"{url}/{path}", headers=headers, timeout=30)
        assert refused.status_code == 403, path
    for path in ("rest/v1/jobs", "functions/v1/system-metrics"):
        assert httpx.get(f"{stack.url}/{path}", headers=headers, timeout=30).status_code == 401
    ann.queue(num_images=1)
    job = worker.pop(QUEUE)
    assert job
    assert worker.finish(job).status_code == 200  # the service's key reports any job
    with stack.client() as client:
        revoke = client.post("/rest/v1/rpc/revoke_worker_key_v1", json={"name": "gpu-1"})
        assert revoke.json() is True
        stored = client.post("/rest/v1/rpc/list_worker_keys_v1", json={}).text
    assert key not in stored
    assert httpx.get(f"{url}/rpop/{QUEUE}", headers=headers, timeout=30).status_code == 401
    _, token = stack.create_user()
    with stack.client(token) as client:
        hidden = client.post("/rest/v1/rpc/list_worker_keys_v1", json={})
    assert hidden.status_code in (401, 403)
