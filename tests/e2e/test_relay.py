"""Relays under Deno before `edge serve --production`: callers see what they see without."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from edge.tokens import mint
from tests.e2e.conftest import JS
from tests.support.production_process import SECRET, production, variables
from tests.support.relays import FUNCTIONS, find_deno, relay_host, write_relays
from tests.support.serving import HttpServer, LoopThread
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(600)]

TOKEN = mint(SECRET, "authenticated", sub="u")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(FUNCTIONS, root / "functions")
    (root / "supabase").mkdir()
    (root / "supabase/config.toml").write_text('project_id = "shop"\n')
    return root


@pytest.fixture(scope="module")
def urls(root: Path) -> Iterator[tuple[str, str]]:
    """The address of the functions themselves, and of their relays."""
    with production(root, root / "log", variables(), "--processes", "1") as instance:
        direct = instance.wait_until_ready()
        folder = write_relays(root, f"{direct}/functions/v1/{{name}}")
        with relay_host(folder, direct) as relayed:
            yield direct, relayed


def play(node: str, url: str) -> dict[str, Any]:
    ran = subprocess.run(
        [node, "functions_scenarios.mjs"],
        cwd=JS,
        env={
            "PATH": os.environ["PATH"],
            "API_URL": url,
            "PUBLIC_KEY": "anon",
            "USER_TOKEN": TOKEN,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_callers_see_the_same_through_a_relay(node: str, urls: tuple[str, str]) -> None:
    direct, relayed = (play(node, url) for url in urls)

    assert {name: relayed.get(name) for name in direct if relayed.get(name) != direct[name]} == {}


class PrivateService:
    """A token endpoint, and a service that says what it was sent."""

    def __init__(self) -> None:
        self.assertions: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.url.path == "/token":
            form = parse_qs((await request.body()).decode())
            self.assertions += form["assertion"]
            await JSONResponse({"id_token": "an-identity"})(scope, receive, send)
        else:
            headers = {name: request.headers.getlist(name) for name in request.headers}
            await JSONResponse(headers)(scope, receive, send)


@pytest.fixture(scope="module")
def private_service() -> Iterator[tuple[PrivateService, str]]:
    service, loop = PrivateService(), LoopThread()
    server = HttpServer(service)
    loop.run(server.start())
    yield service, server.url
    loop.run(server.close())
    loop.close()


def test_a_relay_authenticates_itself_where_asked_and_says_what_is_away(
    root: Path, tmp_path: Path, private_service: tuple[PrivateService, str]
) -> None:
    service, url = private_service
    project = shutil.copytree(root, tmp_path / "project", ignore=lambda *_: ["_shared", "log"])
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"client_email": "r@x.example", "private_key": pem, "token_uri": f"{url}/token"}
    write_relays(project, f"{url}/{{name}}", "guarded", options=("--identity",))
    folder = write_relays(project, "http://127.0.0.1:9/{name}", "talks")
    given = {"authorization": "Bearer t", "apikey": "k", "connection": "x-hop", "x-hop": "1"}
    secret = {"EDGE_RELAY_SERVICE_ACCOUNT": json.dumps(account)}
    with relay_host(folder, url, **secret) as host, httpx.Client(base_url=host) as client:
        first, second = (
            client.get("/functions/v1/guarded", headers=given, timeout=PATIENCE).json()
            for _ in range(2)
        )
        away = client.get("/functions/v1/talks", timeout=PATIENCE)

    claims = jwt.decode(
        service.assertions[0], key.public_key(), algorithms=["RS256"], audience=f"{url}/token"
    )
    assert first == second
    assert first["x-serverless-authorization"] == ["Bearer an-identity"]
    assert (first["authorization"], first["apikey"]) == (["Bearer t"], ["k"])
    assert {"x-hop", "upgrade", "x-forwarded-for"} & set(first) == set()
    assert (claims["iss"], claims["target_audience"]) == ("r@x.example", url)
    assert len(service.assertions) == 1
    assert (away.status_code, away.json()["code"]) == (502, "BAD_GATEWAY")
    assert away.headers["access-control-allow-origin"] == "*"


def test_a_relay_passes_deno_check(urls: tuple[str, str], root: Path) -> None:
    checked = subprocess.run(
        [find_deno(), "check", "--no-remote", "supabase/functions/probe/index.ts"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert checked.returncode == 0, checked.stderr
