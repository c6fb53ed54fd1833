"""Serving a function's folder as production does: its own process, the production loader."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt

from tests.support.paths import ROOT

JWT_SECRET = "a-secret-of-at-least-thirty-two-characters"
SECRET_KEY = "sb_secret_test"
PUBLISHABLE_KEY = "sb_publishable_test"
_SERVE = """
import sys, uvicorn
from functions_framework.aio import create_asgi_app
app = create_asgi_app("main", sys.argv[1])
uvicorn.run(app, fd=int(sys.argv[2]), log_level="critical", lifespan="off")
"""


@dataclass(frozen=True)
class Served:
    """A running function: a client for it, and what it has logged."""

    client: httpx.Client
    log_file: Path

    def log(self) -> dict[str, Any]:
        """The line of the latest request."""
        return json.loads(self.log_file.read_text().splitlines()[-1])


@contextmanager
def serve(folder: Path, log_file: Path, environment: Mapping[str, str]) -> Iterator[Served]:
    """Run the function until the block ends; nothing answers where its project should be."""
    with socket.socket() as listener, log_file.open("wb") as log:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(folder / "main.py"), str(listener.fileno())],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
            pass_fds=[listener.fileno()],
            stdout=log,
        )
        try:
            with httpx.Client(base_url=url, timeout=30) as client:
                _wait_until_ready(client, process)
                yield Served(client, log_file)
        finally:
            process.kill()
            process.wait()


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.options("/", timeout=10)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the function did not start; exit status {process.poll()}")


def user_token(**claims: Any) -> str:
    base = {"sub": "6f1c3f0e-6a57-4f9b-8f1e-3d2c6c9d7a10", "role": "authenticated"}
    return jwt.encode({**base, "exp": int(time.time()) + 60, **claims}, JWT_SECRET, "HS256")
