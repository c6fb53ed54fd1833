"""`edge rest`'s server over a database that knows nothing of the stack."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import httpx
import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.rest.database import Database
from edge.emulator.rest.environment import Settings
from edge.errors import EdgeError
from edge.rest_app import create_rest_app
from edge.rest_server import connect, read_role_settings, serve
from edge.tokens import mint
from tests.support.cli_process import shell
from tests.support.waiting import PATIENCE, wait_for

SECRET = "a-secret-of-at-least-thirty-two-characters"
SCHEMA = b"""
create role rest_server_visitor; create role rest_server_login login noinherit;
grant rest_server_visitor to rest_server_login;
create schema api; grant usage on schema api to rest_server_visitor;
create table api.items (id int primary key, shelf int);
insert into api.items values (1, 1), (2, 1), (3, 2);
grant all on api.items to rest_server_visitor;
create function api.root() returns json language sql as $$ select '{"hello": true}'::json $$;
alter role rest_server_login set pgrst.db_aggregates_enabled = 'true';
"""


@pytest.fixture(scope="session")
def bare_database(cluster: Cluster) -> str:
    with psycopg.connect(cluster.create_database("bare"), autocommit=True) as connection:
        connection.execute(SCHEMA)
    return cluster.dsn("bare", user="rest_server_login")


@pytest.fixture
async def server(bare_database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with _serve(bare_database) as client:
        yield client


@asynccontextmanager
async def _serve(bare_database: str, **more: str) -> AsyncIterator[httpx.AsyncClient]:
    variables = {
        "PGRST_DB_URI": bare_database,
        "PGRST_DB_SCHEMAS": "api",
        "PGRST_DB_ANON_ROLE": "rest_server_visitor",
        "PGRST_DB_TX_END": "rollback-allow-override",
        "PGRST_JWT_SECRET": SECRET,
        "PGRST_DB_MAX_ROWS": "2",
        **{f"PGRST_{name}": value for name, value in more.items()},
    }
    connection = await connect(bare_database)
    given = Settings.from_environment(variables)
    settings = await read_role_settings(given, connection)
    database = Database(bare_database, settings.config(), given.config())
    await database.open(connection)
    transport = httpx.ASGITransport(create_rest_app(settings, database))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://rest") as client:
            yield client
    finally:
        await database.close()


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


async def test_a_function_answers_the_root_and_errors_are_brief_if_set(bare_database: str):
    brief = {"DB_ROOT_SPEC": "api.root", "CLIENT_ERROR_VERBOSITY": "minimal"}
    async with _serve(bare_database, **brief) as server:
        root = await server.get("/")
        missing = (await server.get("/nothing")).json()
    async with _serve(bare_database, OPENAPI_MODE="disabled") as server:
        disabled = await server.get("/")

    assert root.json() == {"hello": True}
    assert missing.keys() == {"code", "message"}
    assert (disabled.status_code, disabled.json()["code"]) == (404, "PGRST126")


async def test_answers_carry_the_trace_header_of_their_request(bare_database: str):
    async with _serve(bare_database, SERVER_TRACE_HEADER="X-Request-Id") as server:
        found = await server.get("/items", headers={"x-request-id": "one"})
        missing = await server.get("/nothing", headers={"x-request-id": "two"})
        untraced = await server.get("/items")

    answers = (found, missing, untraced)
    assert [each.headers["x-request-id"] for each in answers] == ["one", "two", ""]


async def test_preflights_allow_what_is_asked_for(bare_database: str):
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "Foo, Bar"}
    async with _serve(bare_database) as server:
        anybody = await server.options("/", headers={**asked, "origin": "http://example.com"})
    async with _serve(bare_database, SERVER_CORS_ALLOWED_ORIGINS="http://a, http://b") as server:
        listed = await server.options("/", headers={**asked, "origin": "http://b"})
        other = await server.options("/", headers={**asked, "origin": "http://c"})

    assert (anybody.status_code, anybody.content) == (200, b"")
    assert anybody.headers["access-control-allow-origin"] == "*"
    assert anybody.headers["access-control-allow-headers"] == (
        "Authorization, Foo, Bar, Accept, Accept-Language, Content-Language"
    )
    assert listed.headers["access-control-allow-origin"] == "http://b"
    assert listed.headers["access-control-allow-credentials"] == "true"
    assert other.status_code == 200
    assert "access-control-allow-origin" not in other.headers


async def test_answers_to_options_name_the_allowed_origin_once(bare_database: str):
    async with _serve(bare_database) as server:
        anybody = await server.options("/items", headers={"origin": "http://example.com"})
        without = await server.options("/items")
    async with _serve(bare_database, SERVER_CORS_ALLOWED_ORIGINS="http://a") as server:
        listed = await server.options("/items", headers={"origin": "http://a"})
        other = await server.options("/items", headers={"origin": "http://c"})

    named = [
        answer.headers.get_list("access-control-allow-origin")
        for answer in (anybody, without, listed, other)
    ]
    assert named == [["*"], ["*"], ["http://a"], []]


def _configure(cluster: Cluster, change: bytes) -> None:
    with psycopg.connect(cluster.dsn("bare"), autocommit=True) as connection:
        connection.execute(b"alter role rest_server_login in database bare " + change)
        connection.execute("notify pgrst, 'reload config'")


async def _wait_for(server: httpx.AsyncClient, rows: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len((await server.get("/items")).json()) != rows:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_settings_that_the_login_role_has_at_the_start_can_be_reset(
    cluster: Cluster, bare_database: str
):
    _configure(cluster, b"set pgrst.db_max_rows = '1'")
    try:
        async with _serve(bare_database) as server:
            at_start = (await server.get("/items")).json()
            _configure(cluster, b"reset all")
            await _wait_for(server, 2)
    finally:
        _configure(cluster, b"reset all")

    assert len(at_start) == 1


async def test_settings_of_the_login_role_apply_when_they_are_reloaded(
    cluster: Cluster, bare_database: str
):
    async with _serve(bare_database) as server:
        try:
            _configure(cluster, b"set pgrst.db_max_rows = '1'")
            await _wait_for(server, 1)
            _configure(cluster, b"set pgrst.db_max_rows = 'many'")
            _configure(cluster, b"set pgrst.openapi_mode = 'disabled'")
            assert len((await server.get("/items")).json()) == 1
        finally:
            _configure(cluster, b"reset all")
        await _wait_for(server, 2)
        assert (await server.get("/")).status_code == 200


def test_without_the_login_roles_settings_it_serves_before_the_database_does():
    environment = shell(
        PGRST_DB_URI="postgresql://login@127.0.0.1:1/none",
        PGRST_DB_ANON_ROLE="visitor",
        PGRST_DB_CONFIG="false",
    )
    command = [sys.executable, "-m", "edge", "rest", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            answer = httpx.get(process.stdout.readline().split()[-1], timeout=PATIENCE)
        finally:
            process.terminate()

    assert (answer.status_code, answer.json()["code"]) == (503, "PGRST000")


def test_what_serves_is_imported_while_postgres_starts_a_session(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "edge.rest_app")
    interval = sys.getswitchinterval()
    with socket.create_server(("127.0.0.1", 0)) as postgres, ThreadPoolExecutor(1) as threads:
        dsn = f"postgresql://login@127.0.0.1:{postgres.getsockname()[1]}/none"
        serving = threads.submit(serve, port=0, environ={"PGRST_DB_URI": dsn})
        session, _ = postgres.accept()
        with session:  # says nothing
            wait_for(lambda: "edge.rest_app" in sys.modules or serving.done())
            is_imported = "edge.rest_app" in sys.modules
        with pytest.raises(EdgeError, match="cannot be reached"):
            serving.result()
    sys.setswitchinterval(interval)

    assert is_imported
