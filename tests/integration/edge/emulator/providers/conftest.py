"""The emulated providers behind a real socket, and the real SDKs pointed at them."""

import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator

import anthropic
import httpx
import openai
import pytest
import uvicorn

from edge.emulator.providers.app import create_app
from tests.support.fault_client import FaultClient
from tests.support.waiting import PATIENCE


@pytest.fixture(scope="session")
def providers_url() -> Iterator[str]:
    """A server on a free port of the loopback, stopped at the end."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(), log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(PATIENCE)
    listener.close()


@pytest.fixture
def faults(http: httpx.Client) -> FaultClient:
    return FaultClient(http)


@pytest.fixture
def http(providers_url: str) -> Iterator[httpx.Client]:
    """A plain client; the queue of faults and the counts are cleared before and after."""
    with httpx.Client(base_url=providers_url, timeout=PATIENCE) as client:
        client.delete("/_faults")
        yield client
        client.delete("/_faults")


@pytest.fixture
async def openai_client(
    http: httpx.Client, providers_url: str
) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=f"{providers_url}/openai/v1", api_key="any", max_retries=0, timeout=PATIENCE
    ) as client:
        yield client


@pytest.fixture
async def anthropic_client(
    http: httpx.Client, providers_url: str
) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(
        base_url=f"{providers_url}/anthropic", api_key="any", max_retries=0, timeout=PATIENCE
    ) as client:
        yield client
