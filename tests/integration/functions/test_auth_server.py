"""Tokens that only Auth can judge: a hosted function is not given the HS256 secret."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared.auth.authenticate import authenticate
from shared.auth.credentials import read_credentials
from shared.database.clients import close_http_pools
from shared.env import SupabaseEnv
from shared.errors import UnauthorizedError, UnavailableError
from tests.support.served_function import user_token

GOOD = user_token()
BUSY = user_token(sub="busy")
STATUS = {f"Bearer {GOOD}": 200, f"Bearer {BUSY}": 500}


class _Auth(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_known = self.path == "/auth/v1/user" and self.headers["apikey"] == "sb_publishable_a"
        self.send_response(STATUS.get(self.headers["authorization"], 403) if is_known else 404)
        body = json.dumps({"id": "x"}).encode()
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def hosted() -> Iterator[SupabaseEnv]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Auth)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield SupabaseEnv(f"http://127.0.0.1:{server.server_port}", ("sb_publishable_a",), (), jwks="")
    server.shutdown()
    thread.join()
    server.server_close()


async def attempt(token: str, env: SupabaseEnv) -> str | None:
    headers = {"authorization": f"Bearer {token}"}
    try:
        return (await authenticate(("user",), read_credentials(headers), env)).user_id
    finally:
        await close_http_pools()


async def test_a_token_that_auth_accepts_is_its_users(hosted: SupabaseEnv) -> None:
    assert await attempt(GOOD, hosted) == "6f1c3f0e-6a57-4f9b-8f1e-3d2c6c9d7a10"


async def test_a_token_that_auth_refuses_is_refused(hosted: SupabaseEnv) -> None:
    with pytest.raises(UnauthorizedError):
        await attempt(user_token(sub="somebody"), hosted)


async def test_when_auth_fails_nobody_is_called_a_forger(hosted: SupabaseEnv) -> None:
    with pytest.raises(UnavailableError):
        await attempt(BUSY, hosted)
