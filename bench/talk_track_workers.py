"""Two processes of generate-talk-track, served as in production, and their memory."""

import os
import tempfile
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from edge.testing import serve_process
from tests.support.process_tree import resident_bytes
from tests.support.processes import ROOT
from tests.support.talk_tracks.users import User


@dataclass(frozen=True, slots=True)
class Workers:
    """URLs and process ids of the workers, and the service role key."""

    urls: tuple[str, ...]
    pids: tuple[int, ...]
    key: str

    def reap(self) -> None:
        """Let each worker claim as many jobs as it has free slots."""
        for url in self.urls:
            answer = httpx.post(
                url, json={"action": "reap"}, headers={"apikey": self.key}, timeout=60
            )
            answer.raise_for_status()

    def warm_up(self, user: User) -> None:
        """Run one job on each worker."""
        for url in self.urls:
            user.insert_jobs(1)
            body = {"jobId": user.any_job(), "wait": True}
            httpx.post(url, json=body, timeout=60).raise_for_status()
        with httpx.Client(base_url=user.url, headers=user.headers, timeout=60) as client:
            user.remove_jobs(client)

    def memory(self) -> list[int]:
        """Return the resident memory of each worker, in kilobytes."""
        return [resident_bytes(pid) // 1024 for pid in self.pids]


@contextmanager
def two_workers(details: Mapping[str, str]) -> Generator[Workers]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "SUPABASE_URL": details["API_URL"],
        "SUPABASE_ANON_KEY": details["ANON_KEY"],
        "SUPABASE_SERVICE_ROLE_KEY": details["SERVICE_ROLE_KEY"],
        "OPENAI_BASE_URL": f"{details['API_URL']}/providers/openai/v1",
        "TALK_TRACK_CALLS_PER_MINUTE": "100000",
    }
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory()))
        source = ROOT / "functions/generate_talk_track/main.py"
        served = [
            exits.enter_context(serve_process(source, environment, folder / str(number)))
            for number in range(2)
        ]
        urls = tuple(worker.url for worker in served)
        yield Workers(
            urls, tuple(worker.process.pid for worker in served), details["SERVICE_ROLE_KEY"]
        )
