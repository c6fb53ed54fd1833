"""PostgREST's documented behaviour as data: each case is a request and what the answer must be.

Every case is rolled back, so they share one database and have no order.
"""

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
from edge.tokens import Keys, mint
from tests.conformance.features import find_cases, find_gaps
from tests.support.conformance_target import Target, find_target

SCHEMA = Path(__file__).with_name("schema.sql").read_text()
SECRET = "a-secret-of-at-least-thirty-two-characters"


def _cases() -> Iterator[Any]:
    gaps = find_gaps("rest")
    for case_id, case in find_cases("rest"):
        reason = gaps.get(case_id)
        mark = pytest.mark.xfail(reason=reason, strict=True)
        yield pytest.param(case, id=case_id, marks=[mark] if reason else [])


@pytest.fixture(scope="session")
def films(cluster: Cluster) -> str:
    """The name of a database with the documentation's films."""
    dsn = cluster.create_database("conformance")
    bootstrap(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
    return "conformance"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def apps() -> AsyncIterator[dict[RestConfig, RestApp]]:
    """The APIs that are open, by their settings: each has read the schema, for 50 ms."""
    opened: dict[RestConfig, RestApp] = {}
    yield opened
    for app in opened.values():
        await app.close()


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target | None:
    """The project of --target, with the documentation's films."""
    target = find_target(request.config)
    if target:
        target.make_tables(SCHEMA, _keys_of(target), "/rest/v1/films")
    return target


@pytest_asyncio.fixture(loop_scope="session")
async def client(
    request: pytest.FixtureRequest,
    apps: dict[RestConfig, RestApp],
    target: Target | None,
    case: dict[str, Any],
) -> AsyncIterator[httpx.AsyncClient]:
    if target is None:
        app = await _open_app(request, apps, case)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://rest") as client:
            yield client
        return
    if "settings" in case:
        pytest.skip("the case needs settings of its own")
    target.restore_rows(SCHEMA)
    async with httpx.AsyncClient(
        base_url=f"{target.url}/rest/v1", headers=_keys_of(target)
    ) as client:
        yield client


async def _open_app(
    request: pytest.FixtureRequest, apps: dict[RestConfig, RestApp], case: dict[str, Any]
) -> RestApp:
    cluster: Cluster = request.getfixturevalue("cluster")
    films: str = request.getfixturevalue("films")
    config = RestConfig(tx_rollback=True, **_frozen(case.get("settings", {})))
    if config not in apps:
        dsn = cluster.dsn(films, user="authenticator")
        apps[config] = RestApp(dsn, keys=Keys(SECRET), config=config)
        await apps[config].open()
    return apps[config]


def _keys_of(target: Target) -> dict[str, str]:
    key = mint(target.jwt_secret, "anon")
    return {"apikey": key, "authorization": f"Bearer {key}"}


def _frozen(settings: dict[str, Any]) -> dict[str, Any]:
    def freeze(value: Any) -> Any:
        return tuple(map(freeze, value)) if isinstance(value, list) else value

    return {name: freeze(value) for name, value in settings.items()}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("case", tuple(_cases()))
async def test_the_answer_is_as_documented(
    client: httpx.AsyncClient, target: Target | None, case: dict[str, Any]
) -> None:
    request, expected = case["request"], case["expected"]
    # The third answer comes of the shape that the second has prepared. A project keeps what it
    # was sent, and is asked once.
    answer, *again = [
        await client.request(
            request["method"],
            request["path"],
            headers=request.get("headers"),
            json=request.get("json"),
            content=request.get("text"),
        )
        for _ in range(1 if target else 3)
    ]

    is_json = "json" in answer.headers.get("content-type", "").partition("; for")[0]
    body = answer.json() if answer.content and is_json else answer.text
    headers = {name: answer.headers.get(name) for name in expected.get("headers", {})}
    assert answer.status_code == expected["status"], answer.text
    assert body == expected.get("body", body)
    assert headers == expected.get("headers", {})
    assert [_render(each) for each in again] == [_render(answer)] * len(again)


def _render(answer: httpx.Response) -> tuple[Any, ...]:
    """The whole answer, without the numbers that a sequence gives."""
    texts = (answer.text, *(f"{name}: {text}" for name, text in answer.headers.items()))
    return answer.status_code, *(re.sub(r"\d\d+", "N", text) for text in texts)
