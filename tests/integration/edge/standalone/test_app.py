"""What stands before a function that is deployed alone, asked over HTTP."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from functions_framework import aio
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse

from edge.standalone.app import StandaloneApp
from edge.standalone.auth import TokenCheck
from edge.standalone.environment import StandaloneEnvironment, read_environment
from edge.standalone.rate_limit import RateCheck
from edge.tokens import mint
from tests.support.serving import HttpServer, LoopThread

SECRET = "a-secret-of-at-least-thirty-two-characters"


@dataclass
class Published:
    """The project's key set, as Auth publishes it; counts who asks."""

    keys: list[dict[str, Any]] = field(default_factory=list)
    is_up: bool = True
    asked: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        answer = JSONResponse({"keys": self.keys}, 200 if self.is_up else 503)
        await answer(scope, receive, send)


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def serve(loop: LoopThread) -> Iterator[Callable[[Any], str]]:
    """Serves an app; its address."""
    servers: list[HttpServer] = []

    def start(app: Any) -> str:
        async def begin() -> HttpServer:
            server = HttpServer(app)
            await server.start()
            return server

        servers.append(loop.run(begin()))
        return servers[-1].url

    yield start
    for server in servers:
        loop.run(server.close())


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body() or request.headers["sb-request-id"])


def app_of(
    lines: list[bytes],
    *checks: Any,
    function: Callable[[Request], Awaitable[Any]] = echo,
    body_limit: int = 1000,
    timeout: float = 20,
) -> Any:
    """As functions-framework makes it of a bundle."""
    door = StandaloneApp("hello", function, body_limit, timeout, checks, "project", lines.append)

    async def main(request: Request) -> Any:
        return await door.serve(request)

    return aio._create_asgi_app_with_function(main, "http", False)


def environment(**values: str) -> StandaloneEnvironment:
    return read_environment(values)


def new_key(kid: str) -> tuple[ec.EllipticCurvePrivateKey, dict[str, Any]]:
    private = ec.generate_private_key(ec.SECP256R1())
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key()))
    return private, {**public, "kid": kid, "alg": "ES256"}


def signed(private: ec.EllipticCurvePrivateKey, kid: str) -> dict[str, str]:
    claims = {"sub": "u", "role": "authenticated", "exp": int(time.time()) + 600}
    return {"authorization": f"Bearer {jwt.encode(claims, private, 'ES256', {'kid': kid})}"}


def test_who_may_not_enter_is_told_so_in_the_platform_s_words(serve: Any) -> None:
    check = TokenCheck(environment(SUPABASE_JWT_SECRET=SECRET, SUPABASE_JWKS='{"keys": []}'))
    url = serve(app_of([], check))

    def code(**headers: str) -> str:
        answer = httpx.post(url, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["sb-error-code"] == answer.json()["code"]
        return answer.json()["code"]

    assert code() == "UNAUTHORIZED_NO_AUTH_HEADER"
    assert code(authorization="Basic x") == "UNAUTHORIZED_INVALID_JWT_FORMAT"
    assert code(authorization="Bearer sb_secret_guess") == "UNAUTHORIZED_INVALID_JWT_FORMAT"
    assert code(apikey="sb_secret_guess") == "UNAUTHORIZED_INVALID_JWT_FORMAT"
    forged = mint("another-secret-of-thirty-two-characters!", "service_role")
    assert code(authorization=f"Bearer {forged}") == "UNAUTHORIZED_LEGACY_JWT"
    assert httpx.options(url).status_code == 200


def test_tokens_and_keys_of_the_project_enter(serve: Any) -> None:
    keys = '{"default": "sb_publishable_real"}'
    known = environment(SUPABASE_JWT_SECRET=SECRET, SUPABASE_PUBLISHABLE_KEYS=keys)
    url = serve(app_of([], TokenCheck(known)))
    bearer = {"authorization": f"Bearer {mint(SECRET, 'anon')}"}

    assert httpx.post(url, headers=bearer, content="x").text == "x"
    assert httpx.post(url, headers={"apikey": "sb_publishable_real"}).status_code == 200
    both = {"apikey": "sb_publishable_real", "authorization": "Bearer sb_publishable_real"}
    assert httpx.post(url, headers=both).status_code == 200
    forged = {**both, "authorization": "Bearer a.b.c"}
    assert httpx.post(url, headers=forged).status_code == 401


def test_without_a_secret_nothing_signed_with_one_enters(serve: Any) -> None:
    url = serve(app_of([], TokenCheck(environment())))

    for secret in ("null" * 8, SECRET):
        token = jwt.encode({"role": "service_role"}, secret, "HS256")
        assert httpx.post(url, headers={"authorization": f"Bearer {token}"}).status_code == 401


def test_keys_are_fetched_and_followed_when_they_are_rotated(serve: Any) -> None:
    old, published_old = new_key("old")
    new, published_new = new_key("new")
    published = Published([published_old])
    check = TokenCheck(environment(SUPABASE_URL=serve(published)))
    clock = iter(range(0, 100_000, 20))
    check.jwks.clock = lambda: next(clock)  # every look is twenty seconds later
    url = serve(app_of([], check))

    assert httpx.post(url, headers=signed(old, "old")).status_code == 200
    assert httpx.post(url, headers=signed(new, "new")).status_code == 401
    published.keys = [published_new]
    assert httpx.post(url, headers=signed(new, "new")).status_code == 200
    assert httpx.post(url, headers=signed(old, "old")).status_code == 401


def test_unknown_keys_make_us_ask_now_and_then_only(serve: Any) -> None:
    private, document = new_key("known")
    published = Published([document])
    check = TokenCheck(environment(SUPABASE_URL=serve(published)))
    check.jwks.clock = lambda: 1000.0  # time stands still
    url = serve(app_of([], check))

    for number in range(20):
        headers = signed(private, f"guess-{number}")
        assert httpx.post(url, headers=headers).status_code == 401
    assert published.asked == 1


async def test_who_comes_while_keys_are_fetched_waits_for_them(serve: Any) -> None:
    private, document = new_key("known")
    published = Published([document])
    check = TokenCheck(environment(SUPABASE_URL=serve(published)))
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b""}
    token = signed(private, "known")["authorization"].encode()
    request = Request({**scope, "headers": [(b"authorization", token)]})

    refusals = await asyncio.gather(*(check(request) for _ in range(5)))

    assert refusals == [None] * 5
    assert published.asked == 1


def test_known_keys_stay_good_while_nobody_publishes_them(serve: Any) -> None:
    private, document = new_key("known")
    published = Published([document])
    check = TokenCheck(environment(SUPABASE_URL=serve(published)))
    clock = iter(range(0, 100_000, 1000))
    check.jwks.clock = lambda: next(clock)
    url = serve(app_of([], check))

    assert httpx.post(url, headers=signed(private, "known")).status_code == 200
    published.is_up = False
    assert httpx.post(url, headers=signed(private, "known")).status_code == 200


def test_keys_that_cannot_be_fetched_are_no_fault_of_the_token(serve: Any) -> None:
    private, _ = new_key("any")
    published = Published(is_up=False)
    url = serve(app_of([], TokenCheck(environment(SUPABASE_URL=serve(published)))))

    answer = httpx.post(url, headers=signed(private, "any"))

    assert (answer.status_code, answer.json()["code"]) == (503, "KEYS_UNAVAILABLE")
    assert answer.headers["retry-after"] == "5"


def test_a_body_over_the_limit_is_refused_announced_or_not(serve: Any) -> None:
    url = serve(app_of([]))

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield bytes(400)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(url, content=pieces())

    assert httpx.post(url, content=bytes(1000)).status_code == 200
    for answer in (httpx.post(url, content=bytes(1001)), asyncio.run(ask())):
        assert (answer.status_code, answer.json()["code"]) == (413, "EDGE_BODY_TOO_LARGE")


def test_an_answer_that_does_not_come_is_a_504(serve: Any) -> None:
    async def sleep(_: Request) -> None:
        await asyncio.sleep(60)

    answer = httpx.post(serve(app_of([], function=sleep, timeout=0.1)))

    assert (answer.status_code, answer.json()["code"]) == (504, "IDLE_TIMEOUT")


def test_a_rate_is_kept(serve: Any) -> None:
    url = serve(app_of([], RateCheck("hello", 0.01, environment())))

    assert httpx.post(url).status_code == 200
    answer = httpx.post(url)
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert int(answer.headers["retry-after"]) > 1


def test_each_request_is_told_as_cloud_logging_reads_it(serve: Any) -> None:
    lines: list[bytes] = []
    url = serve(app_of(lines))
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    answer = httpx.post(
        f"{url}/a%3Fb/c?key=hidden", headers={"traceparent": trace, "sb-request-id": "forged"}
    )

    (line,) = map(json.loads, lines)
    assert line["severity"] == "INFO"
    assert line["httpRequest"]["requestUrl"] == "/a?b/c"
    assert line["logging.googleapis.com/trace"].endswith("0af7651916cd43dd8448eb211c80319c")
    labels = line["logging.googleapis.com/labels"]
    assert labels == {"function": "hello", "request_id": answer.headers["sb-request-id"]}
    assert answer.text == answer.headers["sb-request-id"]  # and the function is told the same


def test_probes_need_no_token_and_leave_no_line(serve: Any) -> None:
    lines: list[bytes] = []
    url = serve(app_of(lines, TokenCheck(environment(SUPABASE_JWT_SECRET=SECRET))))

    assert httpx.get(f"{url}/_internal/health").json() == {"message": "ok"}
    assert lines == []


def test_keys_that_are_not_json_are_said_so() -> None:
    with pytest.raises(ValueError, match="SUPABASE_SECRET_KEYS is not a JSON object"):
        environment(SUPABASE_SECRET_KEYS="sb_secret_x")
