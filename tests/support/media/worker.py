"""The loop of an existing GPU worker: pops from Upstash's API, uploads to Storage, calls back.

It knows a URL and a token of the queue, the project's URL and its service key, and no more.
"""

import io
import json
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from PIL import Image

from tests.support.waiting import PATIENCE


@dataclass
class PullWorker:
    """One turn of the loop is `work()`."""

    project_url: str
    service_key: str
    queue_url: str = ""
    name: str = ""
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=PATIENCE))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def pop(self, queue: str = "sdxl_queue") -> dict[str, Any] | None:
        url = self.queue_url or f"{self.project_url}/functions/v1/media-queue"
        headers = {"Authorization": f"Bearer {self.service_key}"}
        if self.name:
            headers["X-Worker-Id"] = self.name
        answer = self.client.get(f"{url}/rpop/{queue}", headers=headers, timeout=PATIENCE)
        answer.raise_for_status()
        result = answer.json()["result"]
        return json.loads(result) if result else None

    def draw(self, job: dict[str, Any], index: int) -> bytes:
        width, _, height = job["config"]["resolution"].partition("x")
        picture = Image.new("RGB", (int(width) // 32, int(height) // 32), (index * 40, 90, 160))
        file = io.BytesIO()
        picture.save(file, "PNG")
        return file.getvalue()

    def upload(self, path: str, content: bytes, media_type: str = "image/png") -> None:
        self.client.post(
            f"{self.project_url}/storage/v1/object/workspace-temp/{path}",
            headers={
                "Authorization": f"Bearer {self.service_key}",
                "Content-Type": media_type,
                "x-upsert": "true",
            },
            content=content,
        ).raise_for_status()

    def call_back(self, job_id: str, status: str, **report: Any) -> httpx.Response:
        body = {"job_id": job_id, "status": status, "assets": [], "error_message": None, **report}
        headers = {"Authorization": f"Bearer {self.service_key}"}
        url = f"{self.project_url}/functions/v1/job-callback"
        return self.client.post(url, json=body, headers=headers, timeout=PATIENCE)

    def finish(self, job: dict[str, Any]) -> httpx.Response:
        """Upload the job's images and report them."""
        paths = [
            f"{job['user_id']}/{job['id']}/{index}.png"
            for index in range(job["config"]["num_images"])
        ]
        for index, path in enumerate(paths):
            self.upload(path, self.draw(job, index))
        metadata = {"seed": job["config"]["seed"], "width": 1024, "height": 1024}
        assets = [{"type": "image", "url": path, "metadata": metadata} for path in paths]
        return self.call_back(job["id"], "completed", assets=assets, metadata={"seed": 7})

    def work(self, queue: str = "sdxl_queue") -> str | None:
        """Do one job and return its id."""
        job = self.pop(queue)
        if job is None:
            return None
        self.finish(job).raise_for_status()
        return job["id"]
