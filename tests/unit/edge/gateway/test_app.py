"""Key translation and routing, without a socket."""

from typing import Any

import pytest

from edge.gateway.app import Gateway, as_authorization, beside_authorization

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


async def ask(path: bytes, method: str = "GET") -> tuple[int, dict[str, Any], list[dict[str, Any]]]:
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

    scope = {"type": "http", "method": method, "raw_path": path, "path": "", "headers": []}
    gateway = Gateway({"/functions/v1": app, "/rest/v1": app}, TOKENS)
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
    status, headers, seen = await ask(b"/rest/v1/videos", "OPTIONS")
    _, _, of_functions = await ask(b"/functions/v1/echo", "OPTIONS")

    assert (status, seen, len(of_functions)) == (200, [], 1)
    assert headers[b"access-control-allow-origin"] == b"*"


async def test_browsers_may_read_the_answers_of_services() -> None:
    _, headers, _ = await ask(b"/rest/v1/videos")

    assert headers[b"access-control-allow-origin"] == b"*"
