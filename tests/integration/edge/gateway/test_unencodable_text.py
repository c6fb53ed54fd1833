"""Text that UTF-8, Postgres or HTTP cannot hold, at every door: never a 500."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.conftest import RunningStack
from tests.support.fuzz.check import Lane
from tests.support.fuzz.requests import Request

TEXTS = {
    "a high half": b"\\ud83d",
    "a low half": b"\\udc00",
    "halves the wrong way": b"\\ude00\\ud83d",
    "a high half in bytes": b"\xed\xa0\xbd",
    "NUL": b"\\u0000",
    "NUL in bytes": b"\x00",
    "no character": b"\\uffff",
    "no UTF-8": b"\xff",
    "overlong": b"\xc0\xaf",
    "a cut character": b"\xf0\x9f\x98",
}
ENCODED = ("%ED%A0%BD", "%00", "%FF", "%C0%AF", "%F0%9F%98", "%EF%BF%BF", "%", "%zz")
_JSON = ("content-type", b"application/json")
BODIES = {
    "/rest/v1/organizations": b'{"name": "<>"}',
    "/rest/v1/organizations?columns=name": b'[{"name": "<>"}]',
    "/rest/v1/rpc/get_my_role": b'{"<>": 1}',
    "/auth/v1/signup": b'{"email": "ID@example.com", "password": "<>word", "data": {"a": "<>"}}',
    "/auth/v1/token?grant_type=password": b'{"email": "<>@example.com", "password": "<>"}',
    "/auth/v1/token?grant_type=refresh_token": b'{"refresh_token": "<>"}',
    "/auth/v1/token?grant_type=pkce": b'{"auth_code": "<>", "code_verifier": "<>"}',
    "/auth/v1/otp": b'{"email": "<>@example.com", "data": {"a": "<>"}}',
    "/auth/v1/recover": b'{"email": "<>@example.com"}',
    "/auth/v1/verify": b'{"type": "signup", "token": "<>", "email": "a@example.com"}',
    "/auth/v1/verify?": b'{"type": "signup", "token_hash": "<>"}',
    "/auth/v1/admin/users": b'{"email": "ID@example.com", "user_metadata": {"<>": "<>"}}',
    "/functions/v1/voice-prompt": b'{"video_id": "<>"}',
    "/functions/v1/process-transcript": b'{"video_id": "<>", "transcript": "<>", "<>": 1}',
    "/functions/v1/retell-webhook": b'{"event": "<>", "call": {"call_id": "<>"}}',
    "/providers/openai/v1/responses": b'{"model": "<>", "input": "<>"}',
    "/providers/openai/v1/chat/completions": b'{"model": "m", "messages": '
    b'[{"role": "user", "content": "<>"}]}',
    "/providers/openai/v1/embeddings": b'{"model": "m", "input": ["<>"]}',
    "/providers/anthropic/v1/messages": b'{"model": "<>", "max_tokens": 9, "messages": '
    b'[{"role": "user", "content": "<>"}]}',
    "/providers/retell/v2/create-phone-call": b'{"from_number": "<>", "to_number": "<>", '
    b'"metadata": {"<>": "<>"}}',
    "/providers/_faults": b'{"provider": "openai", "kind": "status", "code": "<>", "status": 418}',
    "/providers/retell/_control": b'{"agent_webhook_urls": {"<>": "<>"}, "webhook_key": null}',
}
TARGETS = (
    "/rest/v1/<>",
    "/rest/v1/rpc/<>?<>=<>",
    "/rest/v1/organizations?select=<>",
    "/rest/v1/organizations?name=eq.<>",
    "/rest/v1/organizations?name=in.(<>)&order=<>",
    "/auth/v1/<>",
    "/auth/v1/admin/users/<>",
    "/auth/v1/admin/users?page=<>",
    "/auth/v1/verify?token=<>&type=<>&redirect_to=<>",
    "/auth/v1/authorize?provider=<>&redirect_to=<>&scopes=<>",
    "/functions/v1/<>",
    "/functions/v1/voice-prompt/<>?<>=<>",
    "/providers/openai/v1/models/<>",
    "/providers/retell/v2/get-call/<>",
    "/console/<>",
    "/<>",
)
HEADERS = ("prefer", "accept", "accept-profile", "range", "user-agent", "x-client-info", "origin")
VALUES = (b"\xff\xfe", b"\xed\xa0\xbd", "für 😀".encode(), b"a=\x80; b")


@pytest.fixture(scope="module", autouse=True)
def warm(_stack: RunningStack) -> None:
    """Boot the functions, which takes longer than an answer may."""
    for slug in ("voice-prompt", "process-transcript", "retell-webhook"):
        _stack.call(slug, {})


@pytest.fixture
def lane(stack: RunningStack) -> Iterator[Lane]:
    lane = Lane(stack.url)
    yield lane
    lane.close()


@pytest.fixture
def keys(stack: RunningStack) -> tuple[tuple[str, bytes], ...]:
    secret = stack.secret_key.encode()
    return (("apikey", secret), ("authorization", b"Bearer " + stack.service_role_key.encode()))


@pytest.mark.parametrize("target", BODIES)
def test_in_bodies(lane: Lane, keys: tuple[tuple[str, bytes], ...], target: str) -> None:
    headers = (*keys, _JSON, ("anthropic-version", b"2023-06-01"))
    for name, text in TEXTS.items():
        body = BODIES[target].replace(b"<>", text).replace(b"ID", uuid4().hex.encode())
        answer = lane.send(Request("POST", target, headers, body))

        assert answer.status < 500, (name, answer)


@pytest.mark.parametrize("target", TARGETS)
def test_in_targets(lane: Lane, keys: tuple[tuple[str, bytes], ...], target: str) -> None:
    for text in ENCODED:
        for method in ("GET", "POST"):
            request = Request(method, target.replace("<>", text), (*keys, _JSON), b"")
            answer = lane.send(request)

            assert answer.status < 500, (request, answer)


@pytest.mark.parametrize("target", ["/rest/v1/organizations", "/auth/v1/settings", "/metrics"])
def test_in_headers(lane: Lane, keys: tuple[tuple[str, bytes], ...], target: str) -> None:
    for name in HEADERS:
        for value in VALUES:
            answer = lane.send(Request("GET", target, (*keys, (name, value))))

            assert answer.status < 500, (name, value, answer)


def test_what_was_asked_for_is_still_counted_and_listed(stack: RunningStack, lane: Lane) -> None:
    """After names that are no text the numbers and the provider's log are read as ever."""
    lane.send(Request("GET", "/functions/v1/%ED%A0%BD"))
    for path in ("/metrics", "/providers/retell/_requests", "/providers/_faults"):
        answer = lane.send(Request("GET", path, (("apikey", stack.secret_key.encode()),)))

        assert answer.status == 200
