"""Emulated Retell behind a real socket, a receiver of its webhooks, and Retell's own SDK."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import uvicorn
from retell import AsyncRetell, Retell
from starlette.applications import Starlette
from starlette.routing import Route

from edge.emulator.providers.app import create_app
from tests.support.emulated_retell import API_KEY, DEADLINE, ControlClient, Receiver
from tests.support.waiting import wait_for


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


@pytest.fixture
def http(servers: tuple[str, Receiver]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=servers[0], timeout=DEADLINE) as client:
        yield client


@pytest.fixture
def receiver(servers: tuple[str, Receiver]) -> Receiver:
    servers[1].statuses.clear()
    return servers[1]


@pytest.fixture
def control(http: httpx.Client, receiver: Receiver) -> Iterator[ControlClient]:
    """Client of a freshly reset emulator, reset again at the end."""
    client = ControlClient(http, receiver.url)
    client.reset()
    yield client
    client.reset()


@pytest.fixture
def retell(servers: tuple[str, Receiver], control: ControlClient) -> Iterator[Retell]:
    with Retell(
        api_key=API_KEY, base_url=f"{servers[0]}/retell", max_retries=0, timeout=DEADLINE
    ) as client:
        yield client


@pytest.fixture
async def async_retell(
    servers: tuple[str, Receiver], control: ControlClient
) -> AsyncIterator[AsyncRetell]:
    async with AsyncRetell(
        api_key=API_KEY, base_url=f"{servers[0]}/retell", max_retries=0, timeout=DEADLINE
    ) as client:
        yield client
