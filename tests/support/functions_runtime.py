"""The runtime behind the gateway, served over real HTTP in a thread of the test process."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from edge.events import Event
from edge.gateway.app import FUNCTIONS, Gateway
from edge.project.manifest import Function
from edge.runtime.app import FunctionsApp
from edge.runtime.config import RuntimeConfig
from edge.tokens import Keys, mint, mint_api_key
from tests.support.serving import HttpServer, LoopThread
from tests.support.waiting import PATIENCE

SECRET = "a-secret-for-tests-of-at-least-32-characters"
SECRETS = {"WANTED": "for reads_env", "OTHER": "for no function here"}


@dataclass
class Functions:
    """A running runtime: its URL, its events, a valid token."""

    url: str
    app: FunctionsApp
    events: list[Event]
    token: str = field(default_factory=lambda: mint(SECRET, "authenticated"))

    def client(self, *, token: str | None = None) -> httpx.Client:
        headers = {"authorization": f"Bearer {token or self.token}"}
        return httpx.Client(base_url=self.url + FUNCTIONS, headers=headers, timeout=PATIENCE)

    def wait_for(self, wanted: Callable[[Event], bool], deadline: float = PATIENCE) -> Event:
        """The first event for which `wanted` is true; waits for it up to `deadline` seconds."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            if found := next(filter(wanted, list(self.events)), None):
                return found
            time.sleep(0.01)
        raise AssertionError(f"no such event among {self.events}")


def environment(function: Function) -> Mapping[str, str]:
    """The environment of a worker in tests."""
    wanted = {name: SECRETS[name] for name in function.manifest.secrets}
    return {"PATH": os.environ["PATH"], "SUPABASE_FUNCTION_SLUG": function.slug, **wanted}


def serve(root: Path, **options: Any) -> Iterator[Functions]:
    """Serve the project at `root`; `options` are those of RuntimeConfig."""
    events: list[Event] = []
    config = RuntimeConfig(root, Keys(SECRET), environment, dict(os.environ), **options)
    app = FunctionsApp(config, events.append)
    tokens = {"sb_publishable_x": mint_api_key(SECRET, "anon")}
    gateway = Gateway({FUNCTIONS: app}, tokens)
    server = HttpServer(gateway, ws=app.upgrades(gateway))
    thread = LoopThread()

    async def start() -> None:
        app.start()
        await server.start()

    async def close() -> None:
        await server.close()
        await app.close()

    thread.run(start())
    try:
        yield Functions(server.url, app, events)
    finally:
        thread.run(close())
        thread.close()
