"""`edge rest`'s server over a database that knows nothing of the stack."""

from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.rest.environment import Settings
from edge.rest_server import create_rest_server
from edge.tokens import mint

SECRET = "a-secret-of-at-least-thirty-two-characters"
SCHEMA = b"""
create role rest_server_visitor; create role rest_server_login login noinherit;
grant rest_server_visitor to rest_server_login;
create schema api; grant usage on schema api to rest_server_visitor;
create table api.items (id int primary key, shelf int);
insert into api.items values (1, 1), (2, 1), (3, 2);
grant all on api.items to rest_server_visitor;
alter role rest_server_login set pgrst.db_aggregates_enabled = 'true';
"""


@pytest.fixture(scope="session")
def bare_database(cluster: Cluster) -> str:
    with psycopg.connect(cluster.create_database("bare"), autocommit=True) as connection:
        connection.execute(SCHEMA)
    return cluster.dsn("bare", user="rest_server_login")


@pytest.fixture
async def server(bare_database: str) -> AsyncIterator[httpx.AsyncClient]:
    variables = {
        "PGRST_DB_URI": bare_database,
        "PGRST_DB_SCHEMAS": "api",
        "PGRST_DB_ANON_ROLE": "rest_server_visitor",
        "PGRST_DB_TX_END": "rollback-allow-override",
        "PGRST_JWT_SECRET": SECRET,
        "PGRST_DB_MAX_ROWS": "2",
    }
    app = create_rest_server(Settings.from_environment(variables).with_role_settings())
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://rest") as client,
    ):
        yield client


async def test_the_variables_and_the_login_roles_settings_apply(server: httpx.AsyncClient):
    rows = (await server.get("/items?select=id&order=id")).json()
    grouped = (await server.get("/items?select=shelf,id.sum()&order=shelf")).json()

    assert rows == [{"id": 1}, {"id": 2}]
    assert grouped == [{"shelf": 1, "sum": 3}, {"shelf": 2, "sum": 3}]


async def test_writes_are_rolled_back_unless_the_client_commits(server: httpx.AsyncClient):
    answer = await server.delete("/items", headers={"prefer": "return=representation"})

    assert len(answer.json()) == 3
    assert len((await server.get("/items")).json()) == 2


async def test_tokens_are_verified_with_the_secret(server: httpx.AsyncClient):
    def bearer(secret: str) -> dict[str, str]:
        return {"authorization": f"Bearer {mint(secret, 'rest_server_visitor')}"}

    assert (await server.get("/items", headers=bearer(SECRET))).status_code == 200
    assert (await server.get("/items", headers=bearer("x" * 40))).status_code == 401
