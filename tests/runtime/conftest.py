"""The runtime behind the gateway, serving this folder's functions over real HTTP."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge.events import Event
from edge.gateway.app import FUNCTIONS, Gateway
from edge.project.manifest import Function
from edge.runtime.app import FunctionsApp
from edge.runtime.config import RuntimeConfig
from edge.runtime.proxy.tunnel import tunnel_factory
from edge.tokens import Keys, mint, mint_api_key
from tests.support.serving import HttpServer, LoopThread

SECRET = "a-secret-for-tests-of-at-least-32-characters"
SECRETS = {"WANTED": "for reads_env", "OTHER": "for nobody here"}


@dataclass
class Functions:
    """What a test sees of the running runtime."""

    url: str
    app: FunctionsApp
    events: list[Event]
    token: str = field(default_factory=lambda: mint(SECRET, "authenticated"))

    def client(self, *, token: str | None = None) -> httpx.Client:
        headers = {"authorization": f"Bearer {token or self.token}"}
        return httpx.Client(base_url=self.url + FUNCTIONS, headers=headers, timeout=20)

    def wait_for(self, wanted: Callable[[Event], bool], deadline: float = 10) -> Event:
        """The first event that is wanted, waiting for it if need be."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            if found := next(filter(wanted, list(self.events)), None):
                return found
            time.sleep(0.01)
        raise AssertionError(f"no such event among {self.events}")


def environment(function: Function) -> Mapping[str, str]:
    wanted = {name: SECRETS[name] for name in function.manifest.secrets}
    return {"PATH": os.environ["PATH"], "SUPABASE_FUNCTION_SLUG": function.slug, **wanted}


def serve(root: Path, **options: Any) -> Iterator[Functions]:
    events: list[Event] = []
    config = RuntimeConfig(root, Keys(SECRET), **options)
    app = FunctionsApp(config, events.append, environment, dict(os.environ))
    tokens = {"sb_publishable_x": mint_api_key(SECRET, "anon")}
    gateway = Gateway({FUNCTIONS: app}, tokens)
    tunnel = tunnel_factory(lambda scope: app.admit_upgrade(gateway.enter(scope)))
    server = HttpServer(gateway, ws=tunnel)
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


@pytest.fixture(scope="session")
def functions() -> Iterator[Functions]:
    """This folder's functions."""
    yield from serve(Path(__file__).parent)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Functions]:
    """A project without functions yet, into which a test writes its own."""
    root = tmp_path_factory.mktemp("project")
    (root / "functions").mkdir()
    (root / "shared").mkdir()
    yield from serve(root)
