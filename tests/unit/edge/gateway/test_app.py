"""Key translation and routing, without a socket."""

from typing import Any

import pytest

from edge.gateway.app import (
    Gateway,
    as_authorization,
    beside_authorization,
    without_bare_key,
)

TOKENS = {"sb_secret_s": "service.jwt"}


def test_a_new_key_becomes_the_token_of_other_services() -> None:
    headers = [(b"apikey", b"sb_secret_s"), (b"authorization", b"Bearer sb_secret_s")]

    assert dict(as_authorization(headers, TOKENS))[b"authorization"] == b"Bearer service.jwt"


def test_a_callers_own_token_stays() -> None:
    headers = [(b"apikey", b"sb_secret_s"), (b"authorization", b"Bearer user.jwt")]

    assert as_authorization(headers, TOKENS) == headers


def test_a_legacy_key_serves_as_token() -> None:
    headers = as_authorization([(b"apikey", b"anon.jwt")], TOKENS)

    assert dict(headers)[b"authorization"] == b"Bearer anon.jwt"


def test_auth_takes_a_jwt_in_apikey_alone_for_no_session() -> None:
    key, user = (b"apikey", b"anon.jwt"), (b"authorization", b"Bearer user.jwt")

    assert without_bare_key([key]) == []
    assert without_bare_key([key, user]) == [key, user]
    assert without_bare_key([(b"apikey", b"sb_secret_x")]) == [(b"apikey", b"sb_secret_x")]


def test_an_unknown_new_key_is_no_token() -> None:
    headers = as_authorization([(b"authorization", b"Bearer sb_secret_wrong")], TOKENS)

    assert headers == []


def test_for_functions_the_token_travels_beside_what_was_sent() -> None:
    sent = [(b"apikey", b"sb_secret_s"), (b"authorization", b"Bearer sb_secret_s")]

    headers = dict(beside_authorization(sent, TOKENS))

    assert headers[b"authorization"] == b"Bearer sb_secret_s"
    assert headers[b"sb-api-key"] == b"Bearer service.jwt"


def test_a_forged_internal_header_is_dropped() -> None:
    assert beside_authorization([(b"sb-api-key", b"Bearer x")], TOKENS) == []


async def show_home(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 207, "headers": []})


async def ask(
    path: bytes, method: str = "GET", **named: str
) -> tuple[int, dict[str, Any], list[dict[str, Any]]]:
    seen: list[dict[str, Any]] = []
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        seen.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]
    scope = {"type": "http", "method": method, "raw_path": path, "path": "", "headers": headers}
    routes: dict[str, Any] = {"/functions/v1": app, "/rest/v1": app, "/providers": app}
    gateway = Gateway(routes, TOKENS, show_home)
    await gateway(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), seen


@pytest.mark.parametrize("path", [b"/", b"/rest/v10/x", b"/rest%2Fv1/x", b"/REST/v1", b"/rest"])
async def test_what_no_route_serves_is_404(path: bytes) -> None:
    status, _, seen = await ask(path)

    assert (status, seen) == (404, [])


async def test_the_prefix_is_stripped_and_the_rest_decoded_once() -> None:
    _, _, seen = await ask(b"/rest/v1/a%2520b")

    assert (seen[0]["raw_path"], seen[0]["path"]) == (b"/a%2520b", "/a%20b")


async def test_preflights_are_answered_here_but_for_functions() -> None:
    asks = {"access_control_request_method": "POST"}
    status, headers, seen = await ask(b"/rest/v1/videos", "OPTIONS", **asks)
    _, _, of_functions = await ask(b"/functions/v1/echo", "OPTIONS", **asks)
    _, _, without_browser = await ask(b"/rest/v1/videos", "OPTIONS")

    assert (status, seen, len(of_functions), len(without_browser)) == (200, [], 1, 1)
    assert headers[b"access-control-allow-origin"] == b"*"


async def test_browsers_may_read_the_answers_of_services() -> None:
    _, headers, _ = await ask(b"/rest/v1/videos")

    assert headers[b"access-control-allow-origin"] == b"*"


@pytest.mark.parametrize(
    "named",
    [
        {"apikey": "sb_secret_wrong"},
        {"apikey": "sb_publishable_"},
        {"authorization": "Bearer sb_secret_wrong"},
        {"apikey": "sb_secret_wrong", "authorization": "Bearer user.jwt"},
        {"apikey": "sb_secret_s", "authorization": "Bearer sb_secret_wrong"},
    ],
)
async def test_a_wrong_key_is_401_as_hosted_says_it(named: dict[str, str]) -> None:
    status, headers, seen = await ask(b"/rest/v1/videos", **named)

    assert (status, seen) == (401, [])
    assert headers[b"access-control-allow-origin"] == b"*"


@pytest.mark.parametrize(
    "named",
    [{}, {"apikey": "sb_secret_s"}, {"authorization": "Bearer sb_secret_s"}, {"apikey": "a.b.c"}],
)
async def test_good_keys_tokens_and_none_pass(named: dict[str, str]) -> None:
    assert (await ask(b"/rest/v1/videos", **named))[0] == 200


async def test_providers_have_keys_of_their_own() -> None:
    assert (await ask(b"/providers/x", authorization="Bearer sb_secret_wrong"))[0] == 200


@pytest.mark.parametrize(
    ("encoding", "status"),
    [("gzip", 415), ("deflate", 415), ("br", 415), ("gzip, br", 415), ("identity", 200), ("", 200)],
)
async def test_a_compressed_body_is_415_for_services(encoding: str, status: int) -> None:
    assert (await ask(b"/rest/v1/videos", "POST", content_encoding=encoding))[0] == status
    assert (await ask(b"/functions/v1/x", "POST", content_encoding=encoding))[0] == 200


@pytest.mark.parametrize(
    ("method", "accept", "status"),
    [
        ("GET", "text/html,application/xhtml+xml,*/*;q=0.8", 207),
        ("HEAD", "text/html", 207),
        ("GET", "*/*", 404),
        ("GET", "application/json", 404),
        ("POST", "text/html", 404),
    ],
)
async def test_only_a_browser_sees_the_home_page(method: str, accept: str, status: int) -> None:
    assert (await ask(b"/", method, accept=accept))[0] == status
