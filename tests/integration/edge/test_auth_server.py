"""`edge auth`: the auth service as a process of its own, with a Postgres of its own."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from edge.emulator.postgres.cluster import Cluster
from edge.tokens import mint
from tests.support.cli_process import DEADLINE, edge, shell
from tests.support.edge_process import EdgeProcess

SECRET = "a-secret-of-at-least-thirty-two-characters"
SETTINGS = {"GOTRUE_JWT_SECRET": SECRET, "GOTRUE_SITE_URL": "http://app.example"}


@contextmanager
def _serving(folder: Path, **more: str) -> Iterator[str]:
    """Serve until the block ends; the address that was announced."""
    with EdgeProcess(
        ["auth", "--port", "0"],
        cwd=folder,
        env=shell(**SETTINGS, **more),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            label, url = process.stdout.readline().split()
            assert label == "Auth"
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(DEADLINE)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with _serving(tmp_path_factory.mktemp("auth")) as served:
        yield served


@pytest.mark.parametrize("prefix", ["", "/auth/v1"])
def test_it_answers_at_the_root_and_below_the_gateway_s_path(url: str, prefix: str) -> None:
    answer = httpx.get(f"{url}{prefix}/health").json()

    assert answer["name"] == "GoTrue"


def test_who_signs_up_confirms_with_the_mail_that_has_arrived(url: str) -> None:
    body = {"email": "ann@example.com", "password": "correct horse"}

    user = httpx.post(f"{url}/signup", json=body).json()
    refused = httpx.post(f"{url}/token?grant_type=password", json=body)
    listed = httpx.get(f"{url}/mail/api/v1/messages").json()["messages"]
    mail = httpx.get(f"{url}/mail/api/v1/message/{listed[0]['ID']}").json()

    assert user["confirmation_sent_at"]
    assert (refused.status_code, refused.json()["error_code"]) == (400, "email_not_confirmed")
    assert [to["Address"] for to in listed[0]["To"]] == ["ann@example.com"]
    assert "http://app.example" in mail["HTML"]


def test_the_secret_of_its_variables_signs_the_admin_s_token(url: str) -> None:
    token = mint(SECRET, "service_role")

    allowed = httpx.get(f"{url}/admin/users", headers={"authorization": f"Bearer {token}"})
    refused = httpx.get(f"{url}/admin/users")

    assert (allowed.status_code, refused.status_code) == (200, 401)


def test_a_port_that_is_none_is_refused_with_its_cure(tmp_path: Path) -> None:
    answer = edge(tmp_path, "auth", environ=shell(**SETTINGS, PORT="many"))

    assert answer.returncode == 2
    assert "PORT is 'many', which is no port." in answer.stderr


def test_a_database_out_of_reach_is_said(tmp_path: Path) -> None:
    nowhere = "postgres://postgres@127.0.0.1:1/postgres"
    environ = shell(**SETTINGS, DATABASE_URL=nowhere)

    answer = edge(tmp_path, "auth", "--port", "0", environ=environ)

    assert answer.returncode == 2
    assert "The database cannot be reached" in answer.stderr


def test_a_database_that_is_not_ours_is_given_schema_auth_alone(
    tmp_path: Path, cluster: Cluster
) -> None:
    """Not the platform's other schemas, extensions and rights."""
    parts = conninfo_to_dict(cluster.create_database(f"other_{uuid4().hex}"))
    user, password, name = parts["user"], parts.get("password", ""), parts["dbname"]
    where = urlencode({"host": parts["host"], "port": parts["port"], "sslmode": "disable"})
    dsn = f"postgres://{user}:{password}@/{name}?{where}"
    with _serving(tmp_path, DATABASE_URL=dsn) as url:
        body = {"email": "ann@example.com", "password": "correct horse"}
        user = httpx.post(f"{url}/signup", json=body).json()

    with psycopg.connect(dsn) as connection:
        found = connection.execute("select id::text from auth.users").fetchall()
        others = "select nspname from pg_namespace where nspname in ('storage', 'edge_internal')"
        assert connection.execute(others).fetchall() == []
    assert found == [(user["id"],)]
