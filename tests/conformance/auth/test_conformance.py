"""GoTrue's behaviour as data: each case is a request and what the answer must be.

A case may hold `settings`, GoTrue's own variables, and asks with the key of nobody (`none`), the
project (`anon`, `service`) or Ann (`user`). In bodies `<uuid>`, `<timestamp>`, `<jwt>`, `<number>`
and `<string>` stand for values that cannot be the same twice.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from edge.emulator.auth.app import create_auth_app, create_pool
from edge.emulator.auth.gotrue_environment import read_environment
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap
from edge.tokens import mint
from tests.conformance.features import find_cases, find_gaps
from tests.support.conformance_target import Target, find_target

SEED = Path(__file__).with_name("seed.sql").read_text()
SECRET = "a-secret-of-at-least-thirty-two-characters"
ANN = {
    "sub": "11111111-1111-4111-8111-111111111111",
    "session_id": "44444444-4444-4444-8444-444444444444",
    "aud": "authenticated",
}
SETTINGS = {
    "GOTRUE_JWT_SECRET": SECRET,
    "API_EXTERNAL_URL": "http://127.0.0.1:54321/auth/v1",
    "GOTRUE_MAILER_AUTOCONFIRM": "true",
}
SHAPES = {
    "<uuid>": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "<timestamp>": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z"),
    "<jwt>": re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"),
    "<number>": re.compile(r"\d+"),
    "<string>": re.compile(r".+", re.DOTALL),
}


def _cases() -> Iterator[Any]:
    gaps = find_gaps("auth")
    for case_id, case in find_cases("auth"):
        reason = gaps.get(case_id)
        mark = pytest.mark.xfail(reason=reason, strict=True)
        yield pytest.param(case, id=case_id, marks=[mark] if reason else [])


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target | None:
    """The project of --target, in which addresses need no confirmation."""
    return find_target(request.config)


@pytest.fixture(scope="session")
def database(cluster: Cluster) -> str:
    """The name of a database of the suite's own."""
    bootstrap(cluster.create_database("auth_conformance"))
    return "auth_conformance"


@pytest.fixture
async def client(
    request: pytest.FixtureRequest, target: Target | None, case: dict[str, Any]
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service, after its two users were stored anew."""
    if target:
        if "settings" in case:
            pytest.skip("the case needs settings of its own")
        target.execute(SEED)
        key = {"apikey": mint(target.jwt_secret, "anon")}
        async with httpx.AsyncClient(base_url=f"{target.url}/auth/v1", headers=key) as client:
            yield client
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    database: str = request.getfixturevalue("database")
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        connection.execute(SEED.encode())
    pool = create_pool(cluster.dsn(database, user="supabase_auth_admin"))
    app = create_auth_app(pool, read_environment(SETTINGS | case.get("settings", {})))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://auth") as client:
        yield client
    await pool.close()


@pytest.mark.parametrize("case", tuple(_cases()))
async def test_the_answer_is_gotrue_s(
    client: httpx.AsyncClient, target: Target | None, case: dict[str, Any]
) -> None:
    request, expected = case["request"], case["expected"]
    headers = dict(request.get("headers", {}))
    if token := _keys(target.jwt_secret if target else SECRET).get(request["key"]):
        headers["authorization"] = f"Bearer {token}"
    answer = await client.request(
        request["method"],
        request["path"],
        headers=headers,
        json=request.get("json"),
        content=request.get("text"),
    )

    assert answer.status_code == expected["status"], answer.text
    if "body" in expected:
        assert _shaped(answer.json(), expected["body"]) == expected["body"]
    found = {name: answer.headers.get(name) for name in expected.get("headers", {})}
    assert found == expected.get("headers", {})


def _keys(secret: str) -> dict[str, str]:
    return {
        "anon": mint(secret, "anon"),
        "service": mint(secret, "service_role"),
        "user": mint(secret, "authenticated", **ANN),
    }


def _shaped(value: Any, expected: Any) -> Any:
    """Replace what has the shape that is expected by that shape's name."""
    if isinstance(expected, Mapping) and isinstance(value, Mapping):
        return {key: _shaped(entry, expected.get(key)) for key, entry in value.items()}
    if isinstance(expected, list) and isinstance(value, list):
        pairs = [*expected, *[None] * len(value)]
        return [_shaped(entry, wanted) for entry, wanted in zip(value, pairs, strict=False)]
    shape = SHAPES.get(expected) if isinstance(expected, str) else None
    return expected if shape and shape.fullmatch(str(value)) else value
