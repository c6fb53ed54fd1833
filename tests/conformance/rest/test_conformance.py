"""PostgREST's documented behaviour as data: each case is a request and what the answer must be.

Every case is rolled back, so they share one database and have no order.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap
from edge.emulator.rest.app import RestApp
from edge.emulator.rest.config import RestConfig
from edge.tokens import Keys

HERE = Path(__file__).parent
SECRET = "a-secret-of-at-least-thirty-two-characters"


def _cases() -> Iterator[Any]:
    for path in sorted((HERE / "cases").glob("*.json")):
        for case in json.loads(path.read_text()):
            yield pytest.param(case, id=f"{path.stem}: {case['description']}")


@pytest.fixture(scope="session")
def films(cluster: Cluster) -> str:
    """The name of a database with the documentation's films."""
    dsn = cluster.create_database("conformance")
    bootstrap(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute((HERE / "schema.sql").read_bytes())
    return "conformance"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def apps(cluster: Cluster, films: str) -> AsyncIterator[dict[RestConfig, RestApp]]:
    """The APIs that are open, by their settings: each has read the schema, for 50 ms."""
    opened: dict[RestConfig, RestApp] = {}
    yield opened
    for app in opened.values():
        await app.close()


@pytest_asyncio.fixture(loop_scope="session")
async def client(
    cluster: Cluster, films: str, apps: dict[RestConfig, RestApp], case: dict[str, Any]
) -> AsyncIterator[httpx.AsyncClient]:
    config = RestConfig(tx_rollback=True, **_frozen(case.get("settings", {})))
    if config not in apps:
        dsn = cluster.dsn(films, user="authenticator")
        apps[config] = RestApp(dsn, keys=Keys(SECRET), config=config)
        await apps[config].open()
    transport = httpx.ASGITransport(apps[config])
    async with httpx.AsyncClient(transport=transport, base_url="http://rest") as client:
        yield client


def _frozen(settings: dict[str, Any]) -> dict[str, Any]:
    def freeze(value: Any) -> Any:
        return tuple(map(freeze, value)) if isinstance(value, list) else value

    return {name: freeze(value) for name, value in settings.items()}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("case", tuple(_cases()))
async def test_the_answer_is_as_documented(client: httpx.AsyncClient, case: dict[str, Any]):
    request, expected = case["request"], case["expected"]
    # The third answer comes of the shape that the second has prepared.
    answer, *again = [
        await client.request(
            request["method"],
            request["path"],
            headers=request.get("headers"),
            json=request.get("json"),
            content=request.get("text"),
        )
        for _ in range(3)
    ]

    is_json = "json" in answer.headers.get("content-type", "").partition("; for")[0]
    body = answer.json() if answer.content and is_json else answer.text
    headers = {name: answer.headers.get(name) for name in expected.get("headers", {})}
    assert answer.status_code == expected["status"], answer.text
    assert body == expected.get("body", body)
    assert headers == expected.get("headers", {})
    assert [_render(each) for each in again] == [_render(answer)] * 2


def _render(answer: httpx.Response) -> tuple[Any, ...]:
    """The whole answer, without the numbers that a sequence gives."""
    texts = (answer.text, *(f"{name}: {text}" for name, text in answer.headers.items()))
    return answer.status_code, *(re.sub(r"\d\d+", "N", text) for text in texts)
