"""`edge serve --production` as a process of its own, for tests."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.cli_process import shell
from tests.support.edge_process import EdgeProcess
from tests.support.process_tree import children_of
from tests.support.waiting import PATIENCE

DEADLINE = PATIENCE
SECRET = "a-secret-of-at-least-thirty-two-characters"


@dataclass
class Instance:
    """One that runs, and what it has written."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        port = self.wait_for(lambda line: re.search(r"serve port (\d+)", line["message"]))
        return f"http://127.0.0.1:{port[1]}"

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{"]

    def wait_for(self, find: Callable[[dict[str, Any]], Any]) -> Any:
        """What `find` makes of the first line for which that is true."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            for line in self.lines():
                if found := find(line):
                    return found
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())

    def wait_until_ready(self) -> str:
        end = time.monotonic() + DEADLINE
        url = self.url
        while httpx.get(f"{url}/_internal/health", timeout=PATIENCE).status_code != 200:
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)
        return url

    def children(self) -> set[int]:
        return children_of(self.process.pid)


def variables(project: str = "http://127.0.0.1:9") -> dict[str, str]:
    return {
        "SUPABASE_URL": project,
        "SUPABASE_ANON_KEY": "anon",
        "SUPABASE_SERVICE_ROLE_KEY": "service",
        "SUPABASE_JWT_SECRET": SECRET,
        "SUPABASE_JWKS": '{"keys": []}',
    }


@contextmanager
def production(
    root: Path, log: Path, environment: dict[str, str], *options: str
) -> Generator[Instance]:
    command = ["serve", "--production", "--workdir", str(root)]
    with log.open("wb") as out:
        process = EdgeProcess(
            [*command, "--port", "0", "--host", "127.0.0.1", *options],
            env=shell(**environment),
            stdout=out,
            stderr=out,
        )
    try:
        yield Instance(process, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE)
