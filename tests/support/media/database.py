"""Media jobs in a database: what the functions call, as their role does."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg


@dataclass
class MediaDatabase:
    """A connection with the service's rights, and a user."""

    connection: psycopg.Connection
    user_id: str = field(default_factory=lambda: str(uuid4()))

    def ask(self, query: str, *values: object) -> Any:
        """Run a query as service_role and return its one value."""
        with self.connection.transaction():
            self.connection.execute("select set_config('role', 'service_role', true)")
            row = self.connection.execute(query.encode(), values).fetchone()
        return row[0] if row else None

    def add_user(self) -> str:
        user_id = str(uuid4())
        self.connection.execute("insert into auth.users (id) values (%s)", (user_id,))
        return user_id

    def enqueue(self, user_id: str | None = None, **columns: object) -> dict[str, Any]:
        job_id = str(columns.pop("id", uuid4()))
        job = {
            "id": job_id,
            "user_id": user_id or self.user_id,
            "job_type": "sdxl_image_fast",
            "format": "image",
            "quality": "fast",
            "model_type": "sdxl",
            "queue_name": "sdxl_queue",
            "original_prompt": "a lighthouse",
            **columns,
        }
        owner = user_id or self.user_id
        payload = {"job_id": job_id, "id": job_id, "user_id": owner, "prompt": "a lighthouse"}
        call = "select public.enqueue_media_job_v1(%s, %s)"
        return self.ask(call, json.dumps(job), json.dumps(payload))

    def claim(
        self, worker: str = "w1", seconds: int | None = None, queue: str = "sdxl_queue"
    ) -> dict[str, Any] | None:
        """Return the claimed payload."""
        call = "select public.claim_media_job_v1(%s, %s, %s)"
        claimed = self.ask(call, queue, worker, seconds)
        return claimed and claimed["value"]

    def report(self, job_id: str, status: str, **report: object) -> dict[str, Any]:
        call = "select public.apply_media_callback_v1(%s, %s)"
        return self.ask(call, job_id, json.dumps({"status": status, **report}))

    def complete(self, job_id: str, count: int = 1, **report: object) -> dict[str, Any]:
        user_id = str(self.job(job_id)["user_id"])
        assets = [make_asset(user_id, job_id, index) for index in range(count)]
        return self.report(job_id, "completed", assets=assets, **report)

    def job(self, job_id: str) -> dict[str, Any]:
        return self.ask("select to_jsonb(j) from public.jobs j where j.id = %s", job_id)

    def expire(self, job_id: str) -> None:
        """Let the lease of a job run out, and the invisibility of its message."""
        self.connection.execute(
            "update public.jobs set lease_expires_at = now() where id = %s", (job_id,)
        )
        self.connection.execute(
            "update pgmq.q_sdxl_queue set vt = now() where message ->> 'job_id' = %s", (job_id,)
        )

    def messages(self, table: str = "q_sdxl_queue") -> int:
        query = f"select count(*) from pgmq.{table}".encode()
        row = self.connection.execute(query).fetchone()
        assert row
        return row[0]


def make_asset(user_id: str, job_id: str, index: int) -> dict[str, Any]:
    return {
        "asset_type": "image",
        "path": f"{user_id}/{job_id}/{index}.png",
        "file_size_bytes": 10,
        "mime_type": "image/png",
        "asset_index": index,
        "seed": 7,
        "model_used": "sdxl",
    }
