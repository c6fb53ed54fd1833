"""Emulated Retell behind a real socket, a receiver of its webhooks, and Retell's own SDK."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn
from retell import AsyncRetell, Retell
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.emulator.providers.app import create_app
from tests.support.waiting import wait_for

API_KEY = "key_of_a_test"
FROM = "+14155550123"
DEADLINE = 30.0


@dataclass(slots=True)
class Received:
    """One webhook as it came in."""

    body: bytes
    signature: str

    @property
    def event(self) -> str:
        return self.parsed["event"]

    @property
    def call(self) -> dict[str, Any]:
        return self.parsed["call"]

    @property
    def parsed(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """Takes webhooks; answers with `statuses` in turn, then with 204."""

    url: str
    received: list[Received] = field(default_factory=list[Received])
    statuses: list[int] = field(default_factory=list[int])

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.received.append(Received(body, request.headers["x-retell-signature"]))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 204)

    def of(self, call_id: str) -> list[Received]:
        return [one for one in self.received if one.call["call_id"] == call_id]

    def wait(self, call_id: str, count: int) -> list[Received]:
        """The call's webhooks once there are that many."""
        wait_for(lambda: len(self.of(call_id)) >= count)
        return self.of(call_id)


@pytest.fixture(scope="session")
def servers() -> Iterator[tuple[str, Receiver]]:
    """The emulator's address and the receiver, each on a free port, in one thread."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    urls = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    receiver = Receiver(f"{urls[1]}/hook")
    hook = Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])
    running = [
        uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on"))
        for app in (create_app(), hook)
    ]

    async def serve() -> None:
        await asyncio.gather(*(s.serve([one]) for s, one in zip(running, sockets, strict=True)))

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    wait_for(lambda: all(server.started for server in running))
    yield urls[0], receiver
    for server in running:
        server.should_exit = True
    thread.join(DEADLINE)


class ControlDesk:
    """Where conditions are set, faults ordered and the log read."""

    def __init__(self, client: httpx.Client, webhook_url: str) -> None:
        self._client = client
        self._webhook_url = webhook_url

    def reset(self, **conditions: Any) -> None:
        """Forget all; calls are fast and report to the receiver."""
        self._client.delete("/_faults")
        self._client.delete("/retell/_control")
        fast = {"speed": 1000, "calls_per_second": 1000, "webhook_url": self._webhook_url}
        self.set(**fast | conditions)

    def set(self, **conditions: Any) -> Any:
        answer = self._client.post("/retell/_control", json=conditions)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def order(self, **fault: Any) -> None:
        answer = self._client.post("/_faults", json={"provider": "retell", **fault})
        assert answer.status_code == 201, answer.text

    def request_log(self) -> Any:
        return self._client.get("/retell/_requests").json()


@pytest.fixture
def http(servers: tuple[str, Receiver]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=servers[0], timeout=DEADLINE) as client:
        yield client


@pytest.fixture
def receiver(servers: tuple[str, Receiver]) -> Receiver:
    servers[1].statuses.clear()
    return servers[1]


@pytest.fixture
def control(http: httpx.Client, receiver: Receiver) -> Iterator[ControlDesk]:
    """Everything is forgotten before and after."""
    desk = ControlDesk(http, receiver.url)
    desk.reset()
    yield desk
    desk.reset()


@pytest.fixture
def retell(servers: tuple[str, Receiver], control: ControlDesk) -> Iterator[Retell]:
    with Retell(
        api_key=API_KEY, base_url=f"{servers[0]}/retell", max_retries=0, timeout=DEADLINE
    ) as client:
        yield client


@pytest.fixture
async def async_retell(
    servers: tuple[str, Receiver], control: ControlDesk
) -> AsyncIterator[AsyncRetell]:
    async with AsyncRetell(
        api_key=API_KEY, base_url=f"{servers[0]}/retell", max_retries=0, timeout=DEADLINE
    ) as client:
        yield client
