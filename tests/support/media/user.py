"""A signed-in user of media jobs, as their browser asks."""

from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from tests.conftest import RunningStack
from tests.support.media.worker import PullWorker
from tests.support.waiting import PATIENCE


@dataclass(frozen=True)
class MediaUser:
    """Requests with the user's token."""

    stack: RunningStack
    id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"apikey": self.stack.anon_key, "authorization": f"Bearer {self.token}"}

    def call(self, slug: str, body: object, **headers: str) -> httpx.Response:
        url = f"{self.stack.url}/functions/v1/{slug}"
        return httpx.post(url, json=body, headers={**self.headers, **headers}, timeout=PATIENCE)

    def queue(self, **body: Any) -> httpx.Response:
        return self.call("queue-job", {"job_type": "sdxl_image_fast", "prompt": "a pier", **body})

    def rows(self, table: str, **filters: str) -> list[dict[str, Any]]:
        url = f"{self.stack.url}/rest/v1/{table}"
        answer = httpx.get(url, params=filters, headers=self.headers, timeout=PATIENCE)
        answer.raise_for_status()
        return answer.json()

    def job(self, job_id: str) -> dict[str, Any]:
        (row,) = self.rows("jobs", id=f"eq.{job_id}")
        return row

    def upload(self, bucket: str, name: str, content: bytes, media_type: str) -> str:
        path = f"{self.id}/{name}"
        headers = {**self.headers, "content-type": media_type, "x-upsert": "true"}
        url = f"{self.stack.url}/storage/v1/object/{bucket}/{path}"
        httpx.post(url, content=content, headers=headers, timeout=PATIENCE).raise_for_status()
        return f"{bucket}/{path}"


def create_media_user(stack: RunningStack) -> MediaUser:
    user_id, token = stack.create_user()
    return MediaUser(stack, user_id, token)


def create_worker(stack: RunningStack, name: str = "") -> PullWorker:
    return PullWorker(stack.url, stack.service_role_key, name=name)


def empty_queues(stack: RunningStack) -> None:
    """Cancel the jobs of earlier tests, whose messages would come first, and forget pauses."""
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        connection.execute(
            "update public.jobs set status = 'cancelled' where status in ('queued', 'processing')"
        )
        connection.execute("delete from pgmq.q_sdxl_queue")
        connection.execute("delete from pgmq.q_wan_queue")
        connection.execute("delete from media.queue_pauses")
