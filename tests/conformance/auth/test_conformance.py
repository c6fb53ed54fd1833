"""GoTrue's behaviour as data: each case is a request and what the answer must be.

A case may hold `settings`, GoTrue's own variables, and asks with the key of nobody (`none`), the
project (`anon`, `service`) or Ann (`user`). In bodies `<uuid>`, `<timestamp>`, `<jwt>`, `<number>`
and `<string>` stand for values that cannot be the same twice.
"""

import json
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
from edge.emulator.postgres.pool import Pool
from edge.tokens import mint

HERE = Path(__file__).parent
SECRET = "a-secret-of-at-least-thirty-two-characters"
ANN = {
    "sub": "11111111-1111-4111-8111-111111111111",
    "session_id": "44444444-4444-4444-8444-444444444444",
    "aud": "authenticated",
}
KEYS = {
    "anon": mint(SECRET, "anon"),
    "service": mint(SECRET, "service_role"),
    "user": mint(SECRET, "authenticated", **ANN),
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
    for path in sorted((HERE / "cases").glob("*.json")):
        for case in json.loads(path.read_text()):
            yield pytest.param(case, id=f"{path.stem}: {case['description']}")


@pytest.fixture(scope="session")
def database(cluster: Cluster) -> str:
    """The name of a database of the suite's own."""
    bootstrap(cluster.create_database("auth_conformance"))
    return "auth_conformance"


@pytest.fixture
async def pool(cluster: Cluster, database: str) -> AsyncIterator[Pool]:
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        connection.execute((HERE / "seed.sql").read_bytes())
    pool = create_pool(cluster.dsn(database, user="supabase_auth_admin"))
    yield pool
    await pool.close()


@pytest.mark.parametrize("case", tuple(_cases()))
async def test_the_answer_is_gotrue_s(pool: Pool, case: dict[str, Any]) -> None:
    request, expected = case["request"], case["expected"]
    app = create_auth_app(pool, read_environment(SETTINGS | case.get("settings", {})))
    headers = dict(request.get("headers", {}))
    if token := KEYS.get(request["key"]):
        headers["authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://auth"
    ) as client:
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


def _shaped(value: Any, expected: Any) -> Any:
    """Replace what has the shape that is expected by that shape's name."""
    if isinstance(expected, Mapping) and isinstance(value, Mapping):
        return {key: _shaped(entry, expected.get(key)) for key, entry in value.items()}
    if isinstance(expected, list) and isinstance(value, list):
        pairs = [*expected, *[None] * len(value)]
        return [_shaped(entry, wanted) for entry, wanted in zip(value, pairs, strict=False)]
    shape = SHAPES.get(expected) if isinstance(expected, str) else None
    return expected if shape and shape.fullmatch(str(value)) else value
