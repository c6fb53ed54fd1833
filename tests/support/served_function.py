"""Serving a function's folder as production does: its own process, the production loader."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt

from tests.support.forked_function import serve_fork
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

JWT_SECRET = "a-secret-of-at-least-thirty-two-characters"
SECRET_KEY = "sb_secret_test"
PUBLISHABLE_KEY = "sb_publishable_test"


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
    """Serve the function until the block ends; there is no project at SUPABASE_URL."""
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
    with (
        serve_fork(folder, variables, log_file) as served,
        httpx.Client(base_url=served.url, timeout=PATIENCE) as client,
    ):
        yield Served(client, log_file)


def user_token(**claims: Any) -> str:
    base = {"sub": "6f1c3f0e-6a57-4f9b-8f1e-3d2c6c9d7a10", "role": "authenticated"}
    return jwt.encode({**base, "exp": int(time.time()) + 60, **claims}, JWT_SECRET, "HS256")
