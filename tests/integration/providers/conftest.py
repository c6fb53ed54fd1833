"""The emulated providers behind a real socket, and the real SDKs pointed at them."""

import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest
import uvicorn

from edge.emulator.providers.app import create_app


@pytest.fixture(scope="session")
def providers_url() -> Iterator[str]:
    """A server on a free port of the loopback, stopped at the end."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(), log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()


class FaultDesk:
    """Where misbehaviour is ordered and requests are counted."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def order(self, **fault: Any) -> None:
        assert self._client.post("/_faults", json=fault).status_code == 201

    def state(self) -> Any:
        return self._client.get("/_faults").json()

    def clear(self) -> Any:
        return self._client.delete("/_faults").json()


@pytest.fixture
def faults(http: httpx.Client) -> FaultDesk:
    return FaultDesk(http)


@pytest.fixture
def http(providers_url: str) -> Iterator[httpx.Client]:
    """A plain client; the queue of faults and the counts are cleared before and after."""
    with httpx.Client(base_url=providers_url, timeout=10) as client:
        client.delete("/_faults")
        yield client
        client.delete("/_faults")


@pytest.fixture
async def openai_client(
    http: httpx.Client, providers_url: str
) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=f"{providers_url}/openai/v1", api_key="any", max_retries=0, timeout=10
    ) as client:
        yield client


@pytest.fixture
async def anthropic_client(
    http: httpx.Client, providers_url: str
) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(
        base_url=f"{providers_url}/anthropic", api_key="any", max_retries=0, timeout=10
    ) as client:
        yield client
