"""A worker process of generate-talk-track that a test can kill and freeze."""

import os
import signal
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.conftest import RunningStack
from tests.support.fork_server import ForkedProcess
from tests.support.forked_function import serve_fork
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

LEASE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Worker:
    """Served by the production loader."""

    process: ForkedProcess
    client: httpx.Client

    def generate(self, job_id: str, *, wait: bool = False) -> httpx.Response:
        return self.client.post("/", json={"jobId": job_id, "wait": wait})

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def start_worker(stack: RunningStack, **settings: str) -> Generator[Worker]:
    """Start a worker with a concurrency of one and a short lease, unless overridden."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "SUPABASE_URL": stack.url,
        "SUPABASE_ANON_KEY": stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        "OPENAI_BASE_URL": f"{stack.url}/providers/openai/v1",
        "TALK_TRACK_CONCURRENCY": "1",
        "TALK_TRACK_LEASE_SECONDS": str(LEASE_SECONDS),
        **settings,
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_fork(
            ROOT / "functions/generate_talk_track", environment, Path(folder) / "output"
        ) as served,
        httpx.Client(base_url=served.url, timeout=PATIENCE) as client,
    ):
        yield Worker(served.process, client)


def take_over(worker: Worker, job_id: str) -> None:
    """Invoke the job until the previous lease has expired."""
    ends_at = time.monotonic() + PATIENCE
    while worker.generate(job_id).status_code != 202:
        assert time.monotonic() < ends_at
        time.sleep(0.05)
