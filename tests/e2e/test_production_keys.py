"""A production instance while the project's signing keys are rotated."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.production_process import DEADLINE, Instance, production, variables
from tests.support.serving import HttpServer, LoopThread
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(600)]
PATH = "/auth/v1/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class SigningKey:
    key_id: str
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def published(self) -> dict[str, Any]:
        public = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "kid": self.key_id, "alg": "ES256", "use": "sig"}

    def sign(self) -> str:
        claims = {"sub": "u", "role": "authenticated", "exp": int(time.time()) + 3600}
        return jwt.encode(claims, self.private, "ES256", headers={"kid": self.key_id})


class Auth:
    """JWKS endpoint of the project, with a count of its requests."""

    def __init__(self) -> None:
        self.document: Any = {"keys": []}
        self.requests = 0
        self.app = Starlette(routes=[Route(PATH, self._serve)])

    def publish(self, *keys: SigningKey) -> None:
        self.document = {"keys": [key.published for key in keys]}

    async def _serve(self, _request: Request) -> Response:
        self.requests += 1
        return JSONResponse(self.document)


@pytest.fixture
def auth() -> Auth:
    return Auth()


@pytest.fixture
def project(auth: Auth) -> Iterator[dict[str, str]]:
    """Variables of a project that publishes its keys and has no shared secret."""
    loop = LoopThread()
    server = HttpServer(auth.app)
    loop.run(server.start())
    environment = variables(server.url)
    del environment["SUPABASE_JWKS"], environment["SUPABASE_JWT_SECRET"]
    yield environment
    loop.run(server.close())
    loop.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "functions/hello"
    folder.mkdir(parents=True)
    (folder / "main.py").write_text('def main(request):\n    return "hello"\n')
    return tmp_path


def ask(instance: Instance, key: SigningKey) -> int:
    headers = {"authorization": f"Bearer {key.sign()}"}
    url = f"{instance.url}/functions/v1/hello"
    return httpx.post(url, headers=headers, timeout=DEADLINE).status_code


def test_a_new_key_is_accepted_and_a_withdrawn_one_refused(
    root: Path, auth: Auth, project: dict[str, str]
) -> None:
    old, new = SigningKey("old"), SigningKey("new")
    auth.publish(old)
    options = ("--processes", "1", "--key-seconds", "0.2")
    with production(root, root / "log", project, *options) as instance:
        instance.wait_until_ready()
        assert ask(instance, old) == 200
        assert ask(instance, new) == 401

        auth.publish(old, new)
        wait_for(lambda: ask(instance, new) == 200)
        assert ask(instance, old) == 200

        auth.publish(new)
        wait_for(lambda: ask(instance, old) == 401)
        assert ask(instance, new) == 200

        auth.document = {"keys": [{"kty": "EC", "kid": "broken", "crv": "P-256"}]}
        instance.wait_for(lambda line: "the known ones stay" in line["message"])
        assert ask(instance, new) == 200


def test_an_unknown_key_is_fetched_once_before_its_first_token_is_verified(
    root: Path, auth: Auth, project: dict[str, str]
) -> None:
    old, new = SigningKey("old"), SigningKey("new")
    auth.publish(old)
    with production(root, root / "log", project, "--processes", "1") as instance:
        instance.wait_until_ready()
        auth.publish(old, new)
        before = auth.requests

        assert ask(instance, new) == 200
        assert auth.requests == before + 1


def test_a_forged_token_of_a_known_key_is_refused_without_a_fetch(
    root: Path, auth: Auth, project: dict[str, str]
) -> None:
    auth.publish(SigningKey("old"))
    with production(root, root / "log", project, "--processes", "1") as instance:
        instance.wait_until_ready()
        before = auth.requests

        assert ask(instance, SigningKey("old")) == 401
        assert auth.requests == before
