"""A connection that has served failures serves the next request as a new one would."""

import asyncio
import random

import httpx
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.rest.app import RestApp
from edge.emulator.rest.config import RestConfig
from edge.tokens import Keys
from tests.support.data_api import SECRET

# Each kind of request that prepares, aborts or rolls back statements; none leaves a change.
REQUESTS = (
    ("GET", "/shows?id=eq.1", None),
    ("GET", "/shows?select=title,channels(name)&id=in.(1,2)&order=id", None),
    ("GET", "/shows?id=eq.none", None),
    ("GET", "/absent", None),
    ("GET", "/shows?select=absent", None),
    ("PATCH", "/shows?id=eq.99", {"title": "new"}),
    ("POST", "/shows", {"id": 1, "title": "a duplicate"}),
    ("POST", "/shows", {"id": "none"}),
    ("POST", "/rpc/absent", {}),
)
MIXES = tuple(random.Random(seed).choices(range(len(REQUESTS)), k=80) for seed in range(3))


def _open(cluster: Cluster, database: str, size: int) -> RestApp:
    dsn = cluster.dsn(database, user="authenticator")
    return RestApp(dsn, keys=Keys(SECRET), config=RestConfig(pool_size=size))


async def _ask(app: RestApp, number: int) -> tuple[int, str]:
    method, url, body = REQUESTS[number]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://rest") as client:
        answer = await client.request(method, url, json=body)
    return answer.status_code, answer.text


async def _ask_anew(cluster: Cluster, database: str, number: int) -> tuple[int, str]:
    app = _open(cluster, database, 1)
    await app.open()
    try:
        return await _ask(app, number)
    finally:
        await app.close()


@pytest.mark.parametrize("mix", MIXES, ids=("a", "b", "c"))
async def test_a_used_connection_answers_as_a_new_one(
    cluster: Cluster, rest_database: str, mix: list[int]
):
    expected = [await _ask_anew(cluster, rest_database, number) for number in range(len(REQUESTS))]
    app = _open(cluster, rest_database, 2)
    await app.open()
    try:
        answers = [
            answer
            for start in range(0, len(mix), 4)
            for answer in await asyncio.gather(
                *(_ask(app, number) for number in mix[start : start + 4])
            )
        ]
    finally:
        await app.close()

    assert answers == [expected[number] for number in mix]
